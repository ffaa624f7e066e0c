import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { accountSentence } from '../../../dataset/account';
import { generates, TASK_FACTS } from '../../../dataset/task-facts';
import type { Row } from '../../../dataset/types';
import { firstOf } from '../../../prompt-set/planned';
import { timeWords } from '../../../training/estimate';
import type { RowOutcome } from '../../../workflow/batch';
import type { RowsFile } from '../../../workflow/rows-file';
import { useResource } from '../../state/resource';
import { usePicked, useSession } from '../../state/studio';
import { Button, type FieldOf, Fields, format, Panel, Stoppable, Table, type TableColumn } from '../../ui';
import { BatchLabels } from './BatchLabels';
import { type BatchRun, NOT_STARTED } from './batch-run';
import { type BatchOptions, batch } from './batch-store';
import { paceWords } from './parts';
import { batchRows, columnsOf } from './rows-file';

interface RunProps {
  readonly run: BatchRun;
}

/** Rows of the file that got no answer; lines that are no rows are not among them. */
const leftOutOf = ({ progress: { account, done } }: BatchRun) => done - account.used;
/** The version's threshold; null = all its answers are taken. */
const thresholdOf = ({ request: { plan } }: BatchRun): number | null => firstOf(plan).prompt.threshold?.value ?? null;
/** Rows that a person should review; none without a threshold. */
const toReview = (run: BatchRun) => (thresholdOf(run) === null ? 0 : run.progress.unsure + leftOutOf(run));
const kindOf = ({ request: { plan } }: BatchRun) => firstOf(plan).prompt.task.kind;
const isDone = ({ progress: { done, total } }: BatchRun) => total > 0 && done === total;

function titleOf(run: BatchRun | null, isRunning: boolean): string {
  if (!run) return 'Answers';
  const { who, progress } = run;
  const { done, total } = progress;
  const leftOut = leftOutOf(run);
  if (isRunning) return `${format.count(done)} of ${format.counted(total, 'row')} answered by ${who}`;
  const missing = leftOut > 0 ? `, ${format.count(leftOut)} left out` : '';
  return isDone(run)
    ? `${format.counted(total - leftOut, 'row')} answered by ${who}${missing}`
    : `Stopped after ${format.count(done)} of ${format.counted(total, 'row')}`;
}

export function BatchAnswers() {
  const { running, choice } = batch.use();
  const file = useStore(batchRows.use().source, (s) => s.value);
  const setId = useStore(choice, (s) => s.setId);
  const { run, running: isRunning } = usePicked(running, 'run', 'running');
  if (!file || setId === null) return null;
  const isAnswered = run !== null && run.progress.done > 0;
  return (
    <Panel stack title={titleOf(run, isRunning)}>
      <StartOrStop rows={file.rows} />
      {isAnswered ? <Results run={run} /> : null}
      {isAnswered && !isRunning ? <Output run={run} /> : null}
      {isAnswered && !isRunning ? <BatchLabels run={run} /> : null}
    </Panel>
  );
}

function useMissing(): string | null {
  const which = useStore(batch.use().choice, (s) => s.which);
  const file = useStore(batchRows.use().source, (s) => s.value);
  const text = useStore(batchRows.use().columns, (chosen) => columnsOf(file, chosen).text);
  const job = useSession((s) => s.job?.title ?? null);
  const trainingOff = useSession((s) => s.capabilities.trainingOff);
  if (trainingOff !== null) return trainingOff;
  if (which === null) return 'Choose a stage or a version first.';
  if (text === null) return 'Choose the text column first.';
  return job === null ? null : `Available when this ends: ${job}`;
}

function useSeconds(): number | null {
  const { choice, seconds } = batch.use();
  const { setId, which } = usePicked(choice, 'setId', 'which');
  const file = useStore(batchRows.use().source, (s) => s.value);
  const text = useStore(batchRows.use().columns, (chosen) => columnsOf(file, chosen).text);
  const isReady = useSession((s) => s.model.kind === 'ready');
  const key =
    file && isReady && setId !== null && which !== null && text !== null ? { file, setId, which, text } : null;
  return useResource(seconds, key).value;
}

function StartOrStop({ rows }: { readonly rows: number }) {
  const { running, start } = batch.use();
  const { run, running: isRunning } = usePicked(running, 'run', 'running');
  const missing = useMissing();
  const time = timeWords(useSeconds());
  const { done, total, secondsLeft, rowsPerSecond } = run?.progress ?? NOT_STARTED;
  if (isRunning)
    return (
      <Stoppable
        label="Answering"
        fraction={total > 0 ? done / total : null}
        secondsLeft={secondsLeft}
        pace={paceWords(rowsPerSecond)}
        onStop={running.stop}
      />
    );
  if (run && isDone(run)) return null;
  return (
    <div className="row">
      <Button variant="primary" isDisabled={missing !== null} onPress={() => void start()}>
        {run ? `Answer the other ${format.counted(total - done, 'row')}` : `Answer ${format.counted(rows, 'row')}`}
      </Button>
      {missing || !run ? <span className="dim small">{missing ?? time}</span> : null}
    </div>
  );
}

function Results({ run }: RunProps) {
  const { progress, calibrated } = run;
  const threshold = thresholdOf(run);
  const { kind } = run.request.plan.policy;
  return (
    <>
      {generates(kindOf(run)) ? null : <LabelCounts run={run} />}
      <LeftOut run={run} />
      {threshold === null ? null : (
        <p>
          {`${format.counted(progress.unsure, 'answer')} below ${threshold.toFixed(2)}, where a person is asked: the column needs_review says which.`}
        </p>
      )}
      {kind === 'fallback' || kind === 'shadow' ? <p>{`By the policy of this set: ${progress.routed}.`}</p> : null}
      {calibrated ? <p className="dim small">{TASK_FACTS[kindOf(run)].calibrated}</p> : null}
    </>
  );
}

function LabelCounts({ run }: RunProps) {
  const { labels, progress } = run;
  const answered = Math.max(1, progress.done - leftOutOf(run));
  return (
    <Table
      caption="Answers by label"
      rows={labels.map((label, i) => ({ label, rows: progress.counts[i] ?? 0 }))}
      rowKey={({ label }) => label}
      columns={[
        { name: 'Answer', primary: true, cell: ({ label }) => label },
        { name: 'Rows', card: true, numeric: true, cell: ({ rows }) => format.count(rows) },
        { name: 'Share', card: true, numeric: true, cell: ({ rows }) => format.percent(rows / answered) },
      ]}
    />
  );
}

function LeftOut({ run }: RunProps) {
  const { downloadLeftOut } = batch.use();
  return (
    <p>
      {accountSentence(run.progress.account)}{' '}
      {leftOutOf(run) > 0 ? (
        <Button variant="link" onPress={() => void downloadLeftOut()}>
          Download the list
        </Button>
      ) : null}
    </p>
  );
}

const FORMATS = { csv: 'CSV', jsonl: 'JSONL' } as const;

function Output({ run }: RunProps) {
  const { choice, download, downloadReview } = batch.use();
  const as = useStore(choice, (s) => s.options.format);
  return (
    <>
      <OutputOptions run={run} />
      <div className="row">
        <Button variant={isDone(run) ? 'primary' : 'plain'} onPress={() => void download()}>
          {`Download ${format.counted(run.progress.done, 'row')} as ${FORMATS[as]}`}
        </Button>
        {toReview(run) > 0 ? (
          <Button
            onPress={() => void downloadReview()}
          >{`Only the ${format.counted(toReview(run), 'row')} to review`}</Button>
        ) : null}
      </div>
    </>
  );
}

type OutputField = FieldOf<BatchOptions>;

const FORMAT: OutputField = { key: 'format', label: 'Format', options: FORMATS };
const EACH: OutputField = {
  key: 'each',
  label: 'For each label',
  options: { nothing: 'Nothing', probability: 'Probability', 'log-probability': 'Log-probability' },
};
const OF_CSV: readonly OutputField[] = [
  { key: 'neutralise', label: 'Escape formulas' },
  { key: 'bom', label: 'Mark as UTF-8 for Excel' },
];

function OutputOptions({ run }: RunProps) {
  const { choice, change } = batch.use();
  const options = useStore(choice, (s) => s.options);
  const fields = [FORMAT, ...(run.labels.length > 0 ? [EACH] : []), ...(options.format === 'csv' ? OF_CSV : [])];
  return (
    <div className="row batch-options">
      <Fields of={fields} values={options} onChange={change} />
    </div>
  );
}

const COLUMNS_SHOWN = 4;
const CELL_SHOWN = 160;

const shortened = (cell: string) => (cell.length > CELL_SHOWN ? `${cell.slice(0, CELL_SHOWN)}…` : cell);

const OUTCOMES: { readonly [K in RowOutcome['kind']]: (outcome: Extract<RowOutcome, { kind: K }>) => ReactNode } = {
  label: ({ label, confidence, needsReview }) =>
    `${label} · ${format.percentWhole(confidence)}${needsReview ? ', ask a person' : ''}`,
  text: ({ text }) => <span className="version-text">{shortened(text)}</span>,
  'left-out': ({ reason }) => <span className="dim">{reason}</span>,
};

const outcomeCell = (outcome: RowOutcome | null | undefined): ReactNode =>
  outcome ? (OUTCOMES[outcome.kind] as (of: RowOutcome) => ReactNode)(outcome) : <span className="dim">–</span>;

export function FirstRows({ file, text }: { readonly file: RowsFile; readonly text: string | null }) {
  const first = useStore(batch.use().running, (s) => s.run?.progress.first ?? null);
  const names = [...(text === null ? [] : [text]), ...file.columns.filter((name) => name !== text)];
  const columns: readonly TableColumn<Row>[] = [
    ...names.slice(0, COLUMNS_SHOWN).map((name, i) => ({
      name: `column ${name}`,
      head: name,
      card: i === 0 ? undefined : name,
      primary: i === 0,
      cell: ({ cells }: Row) => <span className="version-text">{shortened(cells[name] ?? '')}</span>,
    })),
    { name: 'Answer', card: true, cell: (row) => outcomeCell(first?.[file.first.indexOf(row)]) },
  ];
  const hidden = names.length - COLUMNS_SHOWN;
  return (
    <>
      <Table caption="The first rows" rows={file.first} rowKey={({ line }) => String(line)} columns={columns} />
      {hidden > 0 ? (
        <p className="dim small">{format.counted(hidden, 'more column')} will be in the result unchanged.</p>
      ) : null}
    </>
  );
}
