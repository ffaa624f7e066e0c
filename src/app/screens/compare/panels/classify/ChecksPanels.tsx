import { useStore } from 'zustand';
import {
  type ConsistencyReport,
  consistencySentence,
  EDIT_NAMES,
  FOLDS,
  fineTuningSentence,
} from '../../../../../evaluation/classify/checks';
import type { Insights } from '../../../../../evaluation/classify/compare';
import { namesOf, pointsRange, pointsWithUnit, pValue } from '../../../../../evaluation/words';
import { JobPanel } from '../../../../shell/Screen';
import { useResource } from '../../../../state/resource';
import { useCannotAsk } from '../../../../state/studio';
import { Button, Facts, format, Panel, Table } from '../../../../ui';
import { type CheckKind, type CloserProps, closerStores, type InsightsProps } from '../../closer-store';

export function ChecksPanels({ evaluation, insights }: Omit<InsightsProps, 'pair' | 'dataset'>) {
  const nameOf = namesOf(evaluation.comparison.arms);
  const { consistency } = evaluation;
  return (
    <div className="grid uneven">
      <Panel
        stack
        title="Consistency"
        means="The share of rows whose answer stays the same under edits that do not change the meaning: case, a space, a typo, emoji, the order in which answers are named."
        aside="no labels are used: this does not count as a use of the test rows"
      >
        {consistency ? (
          <>
            <p>{consistencySentence(consistency, nameOf)}</p>
            <ConsistencyTable report={consistency} nameOf={nameOf} />
          </>
        ) : (
          <p className="dim">Does an answer survive a typo? Up to 40 test rows are edited and asked again.</p>
        )}
        <CheckButton kind="consistency" again={Boolean(consistency)}>
          Check consistency
        </CheckButton>
      </Panel>
      <LearnedPanel insights={insights} evaluationId={evaluation.id} />
      <EveryRowPanel evaluation={evaluation} />
      <FineTuningPanel evaluation={evaluation} />
    </div>
  );
}

type Checked = Pick<CloserProps, 'evaluation'>;

function EveryRowPanel({ evaluation: { everyRow, trainedVersion, plan } }: Checked) {
  const canTrain = trainedVersion !== null && plan.arms.some(({ id }) => id === 'yours');
  return (
    <Panel stack span={6} title="Every row, answered by a prompt that never saw it">
      {everyRow ? (
        <p>{`By cross-validation: ${everyRow.comparison.verdict.headline}. The verdict above rests on it.`}</p>
      ) : null}
      <p className="dim">
        {`Trains ${FOLDS} more prompts, each without a fifth of all labelled rows, and lets each answer that fifth. More rows make the interval narrower. It takes about as long as ${FOLDS} training runs and counts as one more use of the test rows.`}
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
      Trains low-rank adapters of the model’s last layer on the training rows, keeps the step that is best on the
      validation rows, and shows the result on Decide. The model is loaded again for it, and it counts as one more use
      of the test rows.
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

function LearnedPanel({ insights, evaluationId }: { readonly insights: Insights; readonly evaluationId: string }) {
  const { adaptation, seedRange } = useResource(closerStores.use().learned, evaluationId).value ?? {};
  return (
    <Panel title="What examples and training add">
      <Facts
        of={[
          ['Few-shot lift', liftWords(insights.fewShotLift), LIFT],
          [
            'Adaptation',
            adaptation
              ? `${format.counted(adaptation.rows, 'row')}, ${format.duration(adaptation.seconds)}`
              : 'unknown for this run',
            ADAPTATION,
          ],
          [
            'Other seeds',
            seedRange
              ? `${format.percent(seedRange.low)} to ${format.percent(seedRange.high)} on validation, ${seedRange.seeds} seeds`
              : 'one seed was trained',
            SEEDS,
          ],
        ]}
      />
    </Panel>
  );
}

const LIFT = 'How much better your prompt gets with eight labelled examples before each text, on the same rows.';
const ADAPTATION =
  'How many rows training had seen, repeats counted, and how many seconds had passed, when validation accuracy reached 95% of its final value and stayed there.';
const SEEDS =
  'Runs that differ only in their seed. The interval of the comparison is over rows and does not cover this.';

const liftWords = (lift: Insights['fewShotLift']): string =>
  lift
    ? `${pointsWithUnit(lift.difference)} (${pointsRange(lift.ci95.low, lift.ci95.high)}), exact ${pValue(lift.p)}`
    : 'not compared';
