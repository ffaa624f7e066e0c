import { useStore } from 'zustand';
import {
  type ConsistencyReport,
  consistencySentence,
  EDIT_NAMES,
  FOLDS,
  fineTuningSentence,
} from '../../../../../evaluation/classify/checks';
import { namesOf } from '../../../../../evaluation/words';
import { JobPanel } from '../../../../shell/Screen';
import { useCannotAsk } from '../../../../state/studio';
import { Button, Panel, Table } from '../../../../ui';
import { type CheckKind, type CloserProps, closerStores } from '../../closer-store';

type Checked = Pick<CloserProps, 'evaluation'>;

export function ChecksPanels({ evaluation }: Checked) {
  const nameOf = namesOf(evaluation.comparison.arms);
  const { consistency } = evaluation;
  return (
    <div className="grid uneven">
      <Panel
        stack
        title="Consistency"
        means="The share of rows whose answer survives edits that keep the meaning: case, a space, a typo, emoji, another order of answers."
        aside="no use of the test rows: labels are not read"
      >
        {consistency ? (
          <>
            <p>{consistencySentence(consistency, nameOf)}</p>
            <ConsistencyTable report={consistency} nameOf={nameOf} />
          </>
        ) : (
          <p className="dim">Does an answer survive a typo? Up to 40 rows are asked again.</p>
        )}
        <CheckButton kind="consistency" again={Boolean(consistency)}>
          Check consistency
        </CheckButton>
      </Panel>
      <EveryRowPanel evaluation={evaluation} />
      <FineTuningPanel evaluation={evaluation} />
    </div>
  );
}

function EveryRowPanel({ evaluation: { everyRow, trainedVersion, plan } }: Checked) {
  const canTrain = trainedVersion !== null && plan.arms.some(({ id }) => id === 'yours');
  return (
    <Panel stack span={6} title="Every row, answered by a prompt that never saw it">
      {everyRow ? (
        <p>{`By cross-validation: ${everyRow.comparison.verdict.headline}. The verdict above rests on it.`}</p>
      ) : null}
      <p className="dim">
        {`A narrower interval, for the time of ${FOLDS} training runs and one more use of the test rows.`}
      </p>
      <CheckButton kind="everyRow" again={Boolean(everyRow)} isDisabled={!canTrain}>
        Check every row
      </CheckButton>
      {canTrain ? null : <p className="dim small">It needs a hand-written and a tuned prompt.</p>}
    </Panel>
  );
}

const FineTuningPanel = ({ evaluation: { fineTuning } }: Checked) => (
  <Panel stack span={6} title="What fine-tuning would reach">
    {fineTuning ? <p>{fineTuningSentence(fineTuning)}</p> : null}
    <p className="dim">
      Trains low-rank adapters of the last layer. The model is loaded again, and test rows are used once more.
    </p>
    <CheckButton kind="fineTuning" again={Boolean(fineTuning)}>
      Measure fine-tuning
    </CheckButton>
  </Panel>
);

interface CheckButtonProps {
  readonly kind: CheckKind;
  readonly again: boolean;
  readonly isDisabled?: boolean;
  readonly variant?: 'primary' | 'plain';
  readonly children: string;
}

export function CheckButton({ kind, again, isDisabled = false, variant = 'plain', children }: CheckButtonProps) {
  const { check } = closerStores.use();
  const isMine = useStore(check, (s) => s.check === kind);
  const isOff = useCannotAsk() || isDisabled;
  return (
    <JobPanel of={check} isOther={!isMine} failed="The check did not finish">
      <div className="row">
        <Button variant={variant} isDisabled={isOff} onPress={() => void check.start(kind)}>
          {again ? `${children} again` : children}
        </Button>
      </div>
    </JobPanel>
  );
}

interface ConsistencyProps {
  readonly report: ConsistencyReport;
  readonly nameOf: (id: string) => string;
}

const ConsistencyTable = ({ report, nameOf }: ConsistencyProps) => {
  const kinds = [...new Set(report.arms.flatMap(({ edits }) => edits.map(({ kind }) => kind)))];
  return (
    <Table
      caption="Answers that survive each edit"
      rows={kinds}
      rowKey={(kind) => kind}
      columns={[
        { name: 'Edit', primary: true, cell: (kind) => EDIT_NAMES[kind] },
        ...report.arms.map(({ armId, edits }) => ({
          name: armId,
          head: nameOf(armId),
          card: nameOf(armId),
          numeric: true,
          cell: (kind: (typeof kinds)[number]) => {
            const found = edits.find((edit) => edit.kind === kind);
            return found ? `${found.kept} of ${found.changed} kept` : 'does not apply';
          },
        })),
      ]}
    />
  );
};
