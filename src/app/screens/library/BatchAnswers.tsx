import { useSession } from '../../state/studio';
import { Button, Choices, format, Panel, ProgressBar, Table } from '../../ui';
import type { BatchRun } from './batch-state';
import { useBatch } from './use-library';
import { paceWords } from './words';

const leftOutOf = ({ leftOut }: BatchRun) => leftOut.reduce((sum, [, rows]) => sum + rows, 0);

const titleOf = (run: BatchRun | null): string => {
  if (!run) return 'Answers';
  const { status, done, total, who } = run;
  const leftOut = leftOutOf(run);
  if (status === 'running') return `${format.count(done)} of ${format.counted(total, 'row')} answered by ${who}`;
  const missing = leftOut > 0 ? `, ${format.count(leftOut)} left out` : '';
  return status === 'done'
    ? `${format.counted(total - leftOut, 'row')} answered by ${who}${missing}`
    : `Stopped after ${format.count(done)} of ${format.counted(total, 'row')}; what is done is kept`;
};

/** How far it is, what came out, and the file to take away. */
export function BatchAnswers() {
  const { file, set, which, text, run, start, stop, download, discard, options } = useBatch((s) => s);
  const job = useSession((s) => s.job);
  if (!file || !set) return null;
  const isRunning = run?.status === 'running';
  const missing =
    which === null
      ? 'Choose a stage or a version first.'
      : text === null
        ? 'Choose the column with the texts first.'
        : job && !isRunning
          ? `${job.title} runs now; the batch can start when it has ended.`
          : null;
  return (
    <Panel span={12} title={titleOf(run)}>
      <div className="stack">
        {isRunning ? (
          <ProgressBar
            label="Answering"
            value={run.total > 0 ? run.done / run.total : null}
            detail={[
              paceWords(run.rowsPerSecond),
              ...(run.secondsLeft === null ? [] : [`${format.duration(run.secondsLeft)} left`]),
            ]
              .filter(Boolean)
              .join(' · ')}
          />
        ) : null}
        <div className="row">
          {isRunning ? (
            <Button onPress={stop}>Stop</Button>
          ) : run?.status === 'done' ? null : (
            <Button variant="primary" isDisabled={missing !== null} onPress={() => void start()}>
              {run?.status === 'stopped'
                ? `Go on with the other ${format.counted(run.total - run.done, 'row')}`
                : `Answer ${format.counted(file.rows, 'row')}`}
            </Button>
          )}
          {missing ? <span className="dim small">{missing}</span> : null}
        </div>
        {run && run.done > 0 ? (
          <>
            {run.labels.length === 0 ? null : (
              <Table
                caption="Answers by label"
                rows={run.labels.map((label, i) => ({ label, rows: run.counts[i] ?? 0 }))}
                rowKey={({ label }) => label}
                columns={[
                  { id: 'label', header: 'Answer', primary: true, cell: ({ label }) => label },
                  {
                    id: 'rows',
                    header: 'Rows',
                    numeric: true,
                    cardLabel: 'rows',
                    cell: ({ rows }) => format.count(rows),
                  },
                  {
                    id: 'share',
                    header: 'Share',
                    numeric: true,
                    cardLabel: 'share',
                    cell: ({ rows }) => format.percent(rows / Math.max(1, run.done - leftOutOf(run))),
                  },
                ]}
              />
            )}
            {run.leftOut.length > 0 ? <LeftOut run={run} /> : null}
            {run.calibrated ? (
              <p className="dim small">
                Calibrated as in this version’s newest comparison: what it says whatever the text is, is subtracted.
              </p>
            ) : null}
            {isRunning ? null : (
              <>
                <OutputOptions />
                <div className="row">
                  <Button variant={run.status === 'done' ? 'primary' : 'plain'} onPress={() => void download()}>
                    {`Download ${format.counted(run.done, 'row')} as ${options.format === 'csv' ? 'CSV' : 'JSONL'}`}
                  </Button>
                  <Button variant="quiet" onPress={discard}>
                    Discard the answers
                  </Button>
                  <span className="dim small">
                    Answers are kept in this tab only. Discard them to choose another prompt or file.
                  </span>
                </div>
              </>
            )}
          </>
        ) : null}
      </div>
    </Panel>
  );
}

function LeftOut({ run }: { readonly run: BatchRun }) {
  const { downloadLeftOut } = useBatch((s) => s);
  return (
    <p>
      {format.counted(leftOutOf(run), 'row')} left out:{' '}
      {run.leftOut.map(([reason, n]) => `${reason} (${format.count(n)})`).join('; ')}.{' '}
      <Button variant="link" onPress={() => void downloadLeftOut()}>
        Download the list
      </Button>
    </p>
  );
}

const YES_NO = [
  { id: 'yes', label: 'Yes' },
  { id: 'no', label: 'No' },
] as const;

function OutputOptions() {
  const { options, change, run } = useBatch((s) => s);
  const choice = (label: string, name: 'neutralise' | 'bom') => (
    <Choices
      label={label}
      options={YES_NO}
      value={options[name] ? 'yes' : 'no'}
      onChange={(value) => change({ [name]: value === 'yes' })}
    />
  );
  return (
    <div className="row batch-options">
      <Choices
        label="Format"
        options={[
          { id: 'csv', label: 'CSV' },
          { id: 'jsonl', label: 'JSONL' },
        ]}
        value={options.format}
        onChange={(chosen) => change({ format: chosen })}
      />
      {run?.labels.length ? (
        <Choices
          label="For each label"
          options={[
            { id: 'nothing', label: 'Nothing' },
            { id: 'probability', label: 'Probability' },
            { id: 'log-probability', label: 'Log-probability' },
          ]}
          value={options.each}
          onChange={(each) => change({ each })}
        />
      ) : null}
      {options.format === 'csv' ? (
        <>
          {choice('Make formulas harmless', 'neutralise')}
          {choice('Mark as UTF-8 for Excel', 'bom')}
        </>
      ) : null}
    </div>
  );
}
