/** The card that a comparison opens with: one thing to do, three figures, and every prompt against the recommended one. */
import { useMemo } from 'react';
import type { Action } from '../../../evaluation/advice';
import { baseWord, type VerdictCard as Card, type CardArm, type Chip } from '../../../evaluation/card';
import { PROBE } from '../../../evaluation/classify/made-arms';
import { wordClassifierScript } from '../../../metrics/logistic';
import { askedAs, versionOfArm } from '../../../prompt-set/calibration';
import { productionOf } from '../../../prompt-set/stages';
import type { Evaluation, PromptSet } from '../../../prompt-set/types';
import { runOf, versionById, versionWords } from '../../../prompt-set/versions';
import { longerSteps } from '../../../training/fields';
import { ChartPanel, drawAccuracy } from '../../charts';
import { exportPath, navigate, screenPath } from '../../state/location';
import { useResource } from '../../state/resource';
import { Button, Failed, Panel, ProgressBar } from '../../ui';
import { saveFile } from '../../ui/download';
import { compareStores } from './compare-store';
import { CheckButton } from './panels/classify/ChecksPanels';

interface CardProps {
  readonly set: PromptSet;
  readonly evaluation: Evaluation;
  /** Other versions or rows are chosen by now: comparing again comes first. */
  readonly outdated: boolean;
}

export function VerdictCard(props: CardProps) {
  const { card } = compareStores.use();
  const { value, status, error } = useResource(card, props.evaluation.id);
  if (error)
    return (
      <Failed title="The recommendation could not be computed" error={error} onRetry={() => void card.reload()}>
        The figures below are those of the comparison.
      </Failed>
    );
  if (status === 'loading') return <ProgressBar label="Weighing the prompts" />;
  return value ? <Shown {...props} card={value} /> : null;
}

interface ShownProps extends CardProps {
  readonly card: Card;
}

function Shown({ card, ...of }: ShownProps) {
  return (
    <div className="grid">
      <Panel stack span={5} title={card.title}>
        <p>{card.why}</p>
        <NextStep card={card} {...of} />
        <ul className="verdict-chips" aria-label="What it is based on">
          {card.chips.map((chip) => (
            <VerdictChip key={chip.id} {...chip} />
          ))}
        </ul>
      </Panel>
      <Picture card={card} />
    </div>
  );
}

const VerdictChip = ({ label, value, detail, tone }: Chip) => (
  <li>
    <span className="dim small">{label}</span>
    <strong className={`verdict-${tone}`}>{value}</strong>
    <span className="dim small">{detail}</span>
  </li>
);

const chartRow = ({ ci95, ...arm }: CardArm) => ({ ...arm, interval: ci95 });

function Picture({ card: { action, arms, finding, unit } }: { readonly card: Card }) {
  const draw = useMemo(() => drawAccuracy(arms.map(chartRow), baseWord(action)), [arms, action]);
  return (
    <ChartPanel
      span={7}
      title={finding}
      unit={unit}
      draw={draw}
      twin={{
        columns: ['prompt', 'value', 'low_95', 'high_95', 'gap_points', 'gap_low_95', 'gap_high_95', 'corrected_p'],
        rows: arms.map(({ name, value, ci95, gap }) => [
          name,
          value,
          ci95.low,
          ci95.high,
          ...[gap?.difference, gap?.ci95?.low, gap?.ci95?.high].map((share) => (share == null ? null : 100 * share)),
          gap?.p ?? null,
        ]),
      }}
    />
  );
}

interface Step {
  readonly label: string;
  readonly hint?: string;
  readonly press: () => void;
}

const take = ({ card, set, evaluation }: ShownProps): Step => ({
  label: `Export ${card.arm}`,
  press: () => navigate(exportPath(set.id, askedAs(evaluation, card.armId)?.id ?? '')),
});

const STEPS: Readonly<Record<Exclude<Action, 'every-row'>, (of: ShownProps) => Step>> = {
  ship: take,
  keep: take,
  'count-words': ({ evaluation }) => ({
    label: 'Download the word counts as Python',
    press: () => saveFile('count_words.py', wordClassifierScript(evaluation.kind === 'tag'), 'text/x-python'),
  }),
  probe: ({ set }) => ({
    label: 'Find other answer words',
    press: () => navigate(screenPath(set.id, 'prompts')),
  }),
  'check-labels': ({ set }) => ({
    label: 'Check the rows',
    hint: 'Data shows contradictory and rare labels, and merges or corrects them.',
    press: () => navigate(screenPath(set.id, 'data')),
  }),
  'label-more': ({ set }) => ({
    label: 'Get more test rows',
    hint: 'On Data, replace the file with one that has more labelled rows, or choose more test rows under “How rows are split”. Rows that you add to a file become training rows.',
    press: () => navigate(screenPath(set.id, 'data')),
  }),
  'train-longer': ({ set, evaluation }) => {
    const run = runOf(set, versionById(set, evaluation.trainedVersion));
    const path = screenPath(set.id, 'train');
    if (!run) return { label: 'Train a prompt', press: () => navigate(path) };
    const steps = longerSteps(run.settings);
    return {
      label: `Train ${steps} steps`,
      press: () => navigate(`${path}?again=${run.id}&steps=${steps}`),
    };
  },
};

function NextStep(of: ShownProps) {
  if (of.card.action === 'every-row')
    return (
      <CheckButton kind="everyRow" again={false} variant={of.outdated ? 'plain' : 'primary'}>
        Check every row
      </CheckButton>
    );
  const { label, hint, press } = STEPS[of.card.action](of);
  const { set, evaluation } = of;
  const { action, armId: arm } = of.card;
  const canStage = (action === 'ship' || action === 'keep') && askedAs(evaluation, arm) !== null;
  const arms = evaluation.kind === 'classify' ? evaluation.plan.arms : [];
  const isSeveral = (id: string) => (askedAs(evaluation, id)?.prompt.voices.length ?? 0) > 1;
  const isBetter = (id: string) => of.card.arms.some((each) => each.id === id && (each.gap?.difference ?? 0) > 0);
  const together = arms.filter(({ id }) => isSeveral(id) && id !== arm && isBetter(id));
  return (
    <div className="row">
      {isAhead(of.card) ? <ProbeSteps {...of} /> : null}
      <Button variant={of.outdated || action === 'probe' ? 'plain' : 'primary'} onPress={press}>
        {label}
      </Button>
      {hint ? <span className="dim small">{hint}</span> : null}
      {canStage ? <ToProduction set={set} evaluation={evaluation} arm={arm} name="it" /> : null}
      {together.map(({ id, name }) => (
        <ToProduction key={id} set={set} evaluation={evaluation} arm={id} name={name} />
      ))}
    </div>
  );
}

const isAhead = ({ action, arms }: Card): boolean =>
  action === 'probe' || arms.some(({ id, gap }) => id === PROBE && gap?.isClear && gap.difference > 0);

/** The probe becomes a version, which is exported and used as any other. */
function ProbeSteps({ card, set, evaluation, outdated }: ShownProps) {
  const { keep } = compareStores.use();
  const of = versionById(set, versionOfArm(set, evaluation, PROBE));
  const why = evaluation.plan.noVersion?.[PROBE];
  const variant = card.action === 'probe' && !outdated ? 'primary' : 'plain';
  return (
    <>
      {of ? (
        <Button variant={variant} onPress={() => navigate(exportPath(set.id, of.id))}>
          Export {versionWords(of)}
        </Button>
      ) : why ? (
        <span className="dim small">{why}</span>
      ) : (
        <Button variant={variant} onPress={() => void keep(evaluation, PROBE)}>
          Save the probe as a version
        </Button>
      )}
      {of ? <ToProduction set={set} evaluation={evaluation} arm={PROBE} name="the probe" /> : null}
    </>
  );
}

interface ToProductionProps extends Pick<CardProps, 'set' | 'evaluation'> {
  readonly arm: string;
  readonly name: string;
}

function ToProduction({ set, evaluation, arm, name }: ToProductionProps) {
  const { setProduction } = compareStores.use();
  const versionId = versionOfArm(set, evaluation, arm);
  return versionId !== null && productionOf(set)?.id === versionId ? (
    <span className="dim small">Production points to {name}</span>
  ) : (
    <Button variant="quiet" onPress={() => void setProduction(evaluation, arm)}>
      Use {name} in production
    </Button>
  );
}
