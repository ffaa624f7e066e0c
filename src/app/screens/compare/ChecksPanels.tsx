import { type ReactNode, useEffect } from 'react';
import { type ConsistencyReport, consistencySentence, EDIT_NAMES } from '../../../evaluation/classify/consistency';
import { everyRowSentence, FOLDS } from '../../../evaluation/classify/folds';
import type { Insights } from '../../../evaluation/classify/insights';
import { pointsRange, pointsWithUnit, pValue } from '../../../evaluation/words';
import { Button, format, Note, Panel, ProgressBar, Table, Term } from '../../ui';
import type { ChecksState } from './checks-store';
import type { CloserProps } from './LookCloser';
import { useChecks } from './use-closer';

/** What else can be known of the two prompts: how steady they are, how fast one was learned, how the arms stand. */
export function ChecksPanels({ comparison, evaluation, insights }: CloserProps & { readonly insights: Insights }) {
  const checks = useChecks((s) => s);
  const { recall } = checks;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another evaluation is of another run
  useEffect(() => void recall(), [recall, evaluation.id]);
  const nameOf = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  const { consistency, everyRow } = evaluation;
  const canTrain = evaluation.softVersion !== null && evaluation.plan.arms.some(({ id }) => id === 'yours');
  return (
    <div className="grid">
      <Panel
        title={
          <Term means="The share of rows whose answer stays the same when the text is changed in ways that mean nothing: case, a space, a typo, emoji, the order in which answers are named.">
            Consistency
          </Term>
        }
        span={12}
        aside="no labels are looked at: this is no look at the held-back rows"
      >
        <div className="stack">
          {consistency ? (
            <>
              <p>{consistencySentence(consistency, nameOf)}</p>
              <ConsistencyTable report={consistency} nameOf={nameOf} />
            </>
          ) : (
            <p className="dim">Does an answer survive a typo? Up to 40 held-back rows are asked again, edited.</p>
          )}
          <CheckButton kind="consistency" checks={checks} onPress={checks.consistency} again={Boolean(consistency)}>
            Check consistency
          </CheckButton>
        </div>
      </Panel>
      <Learned insights={insights} checks={checks} />
      <Ranking insights={insights} nameOf={nameOf} />
      <Panel title="Every row, answered by a prompt that never saw it" span={12}>
        <div className="stack">
          {everyRow ? <p>{everyRowSentence(everyRow, 'your prompt')}</p> : null}
          <p className="dim">
            {`Trains ${FOLDS} further prompts, each without a fifth of all labelled rows, and lets each answer that fifth. More rows make the interval narrower. It takes about as long as ${FOLDS} trainings and counts as one more look.`}
          </p>
          <CheckButton
            kind="every-row"
            checks={checks}
            onPress={checks.everyRow}
            again={Boolean(everyRow)}
            isDisabled={!canTrain}
          >
            Check every row
          </CheckButton>
          {canTrain ? null : <p className="dim small">It needs a hand-written and a tuned prompt.</p>}
        </div>
      </Panel>
    </div>
  );
}

interface CheckButtonProps {
  readonly kind: NonNullable<ChecksState['running']>;
  readonly checks: ChecksState;
  readonly onPress: () => Promise<void>;
  readonly again: boolean;
  readonly isDisabled?: boolean;
  readonly children: string;
}

/** Starts a check; while it runs, how far it is and how to stop it; afterwards, what went wrong. */
function CheckButton({ kind, checks, onPress, again, isDisabled, children }: CheckButtonProps): ReactNode {
  if (checks.running === kind)
    return (
      <div className="row">
        <ProgressBar label={checks.note} value={checks.fraction} />
        <Button onPress={checks.stop}>Stop</Button>
      </div>
    );
  return (
    <>
      {checks.error && checks.running === null ? (
        <Note tone="bad" live title="The check did not finish">
          {checks.error.message}
        </Note>
      ) : null}
      <div className="row">
        <Button isDisabled={checks.running !== null || (isDisabled ?? false)} onPress={() => void onPress()}>
          {again ? `${children} again` : children}
        </Button>
      </div>
    </>
  );
}

const ConsistencyTable = ({
  report,
  nameOf,
}: {
  readonly report: ConsistencyReport;
  readonly nameOf: (id: string) => string;
}) => {
  const kinds = [...new Set(report.arms.flatMap(({ edits }) => edits.map(({ kind }) => kind)))];
  return (
    <Table
      caption="Answers that survive each edit"
      rows={kinds}
      rowKey={(kind) => kind}
      columns={[
        { id: 'edit', header: 'Edit', primary: true, cell: (kind) => EDIT_NAMES[kind] },
        ...report.arms.map(({ armId, edits }) => ({
          id: armId,
          header: nameOf(armId),
          numeric: true,
          cardLabel: nameOf(armId),
          cell: (kind: (typeof kinds)[number]) => {
            const found = edits.find((edit) => edit.kind === kind);
            return found ? `${found.kept} of ${found.changed} kept` : 'does not apply';
          },
        })),
      ]}
    />
  );
};

/** What the examples bring, and how soon the run had learned. */
function Learned({ insights, checks }: { readonly insights: Insights; readonly checks: ChecksState }) {
  const { fewShotLift } = insights;
  const { adaptation, seedRange } = checks;
  return (
    <Panel title="What the examples and the training bring" span={6}>
      <dl className="facts">
        <dt>
          <Term means="How much better your prompt gets with eight labelled examples before each text, on the same rows.">
            Few-shot lift
          </Term>
        </dt>
        <dd>
          {fewShotLift
            ? `${pointsWithUnit(fewShotLift.difference)} (${pointsRange(fewShotLift.ci95.low, fewShotLift.ci95.high)}), exact ${pValue(fewShotLift.pExact)}`
            : 'no such pair was compared'}
        </dd>
        <dt>
          <Term means="How many rows training had seen, repeats counted, and how many seconds had passed, when validation accuracy was at 95% of what it ended with, and stayed there.">
            Adaptation
          </Term>
        </dt>
        <dd>
          {adaptation
            ? `${format.counted(adaptation.rows, 'row')}, ${format.duration(adaptation.seconds)}`
            : 'not known of this run'}
        </dd>
        <dt>
          <Term means="Runs that differ in nothing but their seed. The interval of the comparison is over rows and does not cover this.">
            Other seeds
          </Term>
        </dt>
        <dd>
          {seedRange
            ? `${format.percent(seedRange.low)} to ${format.percent(seedRange.high)} on validation, ${seedRange.seeds} seeds`
            : 'one seed was trained'}
        </dd>
      </dl>
    </Panel>
  );
}

function Ranking({
  insights: { ranking },
  nameOf,
}: {
  readonly insights: Insights;
  readonly nameOf: (id: string) => string;
}) {
  return (
    <Panel
      title={
        <Term means="Bradley-Terry strengths by maximum likelihood: a row on which one is right and the other wrong is a win. In log-odds, 0 is the average of all.">
          Order of all prompts
        </Term>
      }
      span={6}
      aside="95% bootstrap interval over rows"
    >
      {ranking ? (
        <Table
          caption="Order of all prompts"
          rows={ranking}
          rowKey={({ armId }) => armId}
          columns={[
            { id: 'arm', header: 'Prompt', primary: true, cell: ({ armId }) => nameOf(armId) },
            {
              id: 'strength',
              header: 'Strength',
              numeric: true,
              cardLabel: 'strength',
              cell: ({ strength, ci95 }) => `${signed(strength)} (${signed(ci95.low)} to ${signed(ci95.high)})`,
            },
          ]}
        />
      ) : (
        <p className="dim">
          There is no finite order: it takes three prompts, and none of them may be right wherever the others are wrong,
          or wrong wherever they are right.
        </p>
      )}
    </Panel>
  );
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
