/** What leaves of a comparison: its report, and every prompt as a version, an export, or the one in production. */
import { PROBE } from '../../../evaluation/classify/made-arms';
import type { ArmResult } from '../../../evaluation/types';
import { askedAs, versionOfArm } from '../../../prompt-set/calibration';
import { productionOf } from '../../../prompt-set/stages';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { sideOf } from '../../charts';
import { exportPath, navigate } from '../../state/location';
import { ArmMark, Button, Panel, Table } from '../../ui';
import { compareStores } from './compare-store';
import type { CardProps } from './VerdictCard';

type TakeProps = Omit<CardProps, 'outdated'>;

type Arm = Pick<ArmResult, 'id' | 'name' | 'kind'>;

export function TakePanel({ set, evaluation }: TakeProps) {
  const arms: readonly Arm[] = evaluation.comparison.arms;
  const of = { set, evaluation };
  return (
    <Panel
      title="Prompts and report"
      aside={
        <Button onPress={() => navigate(exportPath(set.id, askedAs(evaluation, 'tuned')?.id, 'manager'))}>
          Save report
        </Button>
      }
    >
      <Table<Arm>
        caption="Prompts to take away"
        rows={arms.filter(({ id }) => askedAs(evaluation, id) !== null || evaluation.plan.noVersion?.[id])}
        rowKey={({ id }) => id}
        columns={[
          { name: 'Prompt', primary: true, cell: (arm) => <Named {...of} arm={arm} /> },
          { name: 'Production', card: true, cell: (arm) => <Production {...of} arm={arm} /> },
          { name: 'Export', isNameHidden: true, cell: (arm) => <Export {...of} arm={arm} /> },
        ]}
      />
    </Panel>
  );
}

interface ArmProps extends TakeProps {
  readonly arm: Arm;
}

function Named({ set, evaluation, arm }: ArmProps) {
  const version = versionById(set, versionOfArm(set, evaluation, arm.id));
  return (
    <>
      <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>{' '}
      <span className="dim small">{version ? versionWords(version) : evaluation.plan.noVersion?.[arm.id]}</span>
    </>
  );
}

/** Reference lines are no prompts that answer, except for the probe, which is one once it is a version. */
function Production({ set, evaluation, arm: { id, name, kind } }: ArmProps) {
  const { setProduction } = compareStores.use();
  const versionId = versionOfArm(set, evaluation, id);
  if (versionId !== null && productionOf(set)?.id === versionId) return 'in use';
  if (!askedAs(evaluation, id) || (kind === 'reference' && id !== PROBE)) return <span className="dim">–</span>;
  return (
    <Button size="s" aria-label={`Use ${name} in production`} onPress={() => void setProduction(evaluation, id)}>
      Use
    </Button>
  );
}

function Export({ set, evaluation, arm: { id, name } }: ArmProps) {
  const { keep } = compareStores.use();
  const asked = askedAs(evaluation, id);
  if (!asked) return null;
  return (
    <span className="row">
      <Button size="s" aria-label={`Export ${name}`} onPress={() => navigate(exportPath(set.id, asked.id))}>
        Export
      </Button>
      {id === PROBE && versionOfArm(set, evaluation, id) === null ? (
        <Button size="s" aria-label={`Save ${name} as a version`} onPress={() => void keep(evaluation, id)}>
          Save
        </Button>
      ) : null}
    </span>
  );
}
