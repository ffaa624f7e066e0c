import { useState } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { accountSentence } from '../../../dataset/account';
import { MAX_BYTES, MAX_ROWS } from '../../../dataset/types';
import type { Measurement } from '../../../prompt-set/performance';
import { driftWords, firstOf, knownWords, type Result, resultsOf } from '../../../prompt-set/performance';
import { kindOf } from '../../../prompt-set/prompt-set';
import { versionInUse } from '../../../prompt-set/stages';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import type { RowsFile } from '../../../workflow/rows-file';
import { FileButton, JobPanel, ViewingOnly } from '../../shell/Screen';
import { useCannotAsk, useIsBusy, usePicked, usePromptSets } from '../../state/studio';
import { versionOptions } from '../../state/version-words';
import { Button, Failed, format, Panel, Select } from '../../ui';
import { type Detail, detailActions } from './library-store';
import { type MeasuredOn, measuring } from './measure-store';
import { minuteWords, ReadingRows } from './parts';
import { columnsOf, measureRows } from './rows-file';

const SHOWN = 8;

/** The column that a file needs besides its texts, and the stored result, by kind of task. */
const EXPECTED = {
  classify: {
    plural: 'labels',
    column: 'Label column',
    kept: 'Only the answers are saved, not the texts of the file.',
  },
  generate: {
    plural: 'expected texts',
    column: 'Expected text column',
    kept: 'Only the scores are saved: neither the texts of the file nor the generated ones.',
  },
} as const;

/** Measures a version again, on test rows or on a file, and compares the result with earlier ones. */
export function MeasurePanel({ detail }: { readonly detail: Detail }) {
  const { set } = detail;
  const [chosen, setChosen] = useState<string | null>(null);
  const measured = versionById(set, chosen ?? '') ?? versionInUse(set);
  if (!measured) return null;
  const versionId = measured.version.id;
  return (
    <Panel
      stack
      span={12}
      title="Is it still as good?"
      means="Whether a prompt answers new rows as well as it did when it was released. Texts change over time, and an old prompt may no longer fit them."
    >
      <ViewingOnly />
      <Choice set={set} versionId={versionId} onChoose={setChosen} />
      <FileToMeasure set={set} versionId={versionId} />
      <Running />
      <Measurements detail={detail} />
    </Panel>
  );
}

interface MeasureProps {
  readonly set: PromptSet;
  readonly versionId: string;
}

function useMeasure({ set, versionId }: MeasureProps): (on: MeasuredOn) => void {
  const job = measuring.use();
  return (on) => void job.start(set.id, versionId, on);
}

function Choice({ onChoose, ...asked }: MeasureProps & { readonly onChoose: (versionId: string) => void }) {
  const { set, versionId } = asked;
  const rows = usePromptSets((s) => s.sets.find(({ id }) => id === set.id)?.rows ?? null);
  const { open, reading } = measureRows.use();
  const isReading = useStore(reading, (file) => file !== null);
  const cannot = useCannotAsk();
  const measure = useMeasure(asked);
  return (
    <div className="batch-choice">
      <Select label="Version to measure" options={versionOptions(set)} value={versionId} onChange={onChoose} />
      <div className="row batch-file">
        {rows === null ? null : (
          <Button isDisabled={cannot} onPress={() => measure('test')}>
            Measure on test rows
          </Button>
        )}
        <FileButton isDisabled={cannot || isReading} onFile={(file) => void open(file)}>
          Measure on a file
        </FileButton>
      </div>
    </div>
  );
}

function FileToMeasure(asked: MeasureProps) {
  const { value: file, error } = usePicked(measureRows.use().source, 'value', 'error');
  return (
    <>
      <ReadingRows of={measureRows.use()} />
      {file ? <FileColumns file={file} {...asked} /> : null}
      <Failed title="The file was not opened" error={error} />
    </>
  );
}

function FileColumns({ file, ...asked }: MeasureProps & { readonly file: RowsFile }) {
  const { columns: chosen, choose, close } = measureRows.use();
  const { text, label } = useStore(
    chosen,
    useShallow((of) => columnsOf(file, of)),
  );
  const isBusy = useIsBusy();
  const cannot = useCannotAsk();
  const measure = useMeasure(asked);
  const expected = EXPECTED[kindOf(asked.set)];
  const columns = file.columns.map((name) => ({ id: name, label: name }));
  return (
    <div className="stack">
      <div className="batch-choice">
        <Select label="Text column" options={columns} value={text} onChange={(name) => choose({ text: name })} />
        <Select label={expected.column} options={columns} value={label} onChange={(name) => choose({ label: name })} />
      </div>
      <div className="row">
        <Button
          variant="primary"
          isDisabled={cannot || !text || !label || text === label}
          onPress={() => measure('file')}
        >
          {`Measure on ${format.counted(file.rows, 'row')} of ${file.format.fileName}`}
        </Button>
        <Button variant="quiet" isDisabled={isBusy} onPress={close}>
          Close the file
        </Button>
      </div>
      <p className="dim small">{expected.kept}</p>
    </div>
  );
}

function Running() {
  const job = measuring.use();
  const { running, error, done, total } = usePicked(job, 'running', 'error', 'done', 'total');
  return (
    <>
      {running ? (
        <JobPanel of={job} label={`${format.count(done)} of ${format.counted(total, 'row')} answered`} />
      ) : null}
      <Failed title="Nothing was measured" error={error} />
    </>
  );
}

function Measurements({ detail }: { readonly detail: Detail }) {
  const results = resultsOf(detail);
  const newest = results
    .flatMap((result) => (result.measurement ? [{ result, measurement: result.measurement }] : []))
    .toReversed();
  if (newest.length === 0)
    return (
      <p className="dim">
        Not measured again yet. A file of up to {format.bytes(MAX_BYTES)} and {format.counted(MAX_ROWS, 'row')} needs a
        column with the correct {EXPECTED[kindOf(detail.set)].plural}.
      </p>
    );
  return (
    <>
      <ul className="measured">
        {newest.slice(0, SHOWN).map(({ result, measurement }) => (
          <Measured key={result.id} result={result} results={results} measurement={measurement} />
        ))}
      </ul>
      {newest.length > SHOWN ? (
        <p className="dim small">
          The newest {SHOWN} of {newest.length} measurements; the chart shows all of them.
        </p>
      ) : null}
    </>
  );
}

interface MeasuredProps {
  readonly result: Result;
  readonly results: readonly Result[];
  readonly measurement: Measurement;
}

function Measured({ result, results, measurement }: MeasuredProps) {
  const last = useStore(measuring.use(), (s) => s.last);
  const { removeMeasurement } = detailActions.use();
  const { of, at } = result;
  const { account } = measurement;
  const known = knownWords(measurement);
  return (
    <li>
      <p role={result.id === last ? 'status' : undefined}>
        <strong>{versionWords(of)}</strong>: {driftWords(firstOf(results, result), result)}
      </p>
      {known ? <p className="small">{known}</p> : null}
      <div className="row small dim">
        {minuteWords(at)}
        {account ? ` · ${accountSentence(account)} ` : ''}
        <Button
          size="s"
          variant="link"
          aria-label={`Remove the measurement of ${versionWords(of)} of ${minuteWords(at)}`}
          onPress={() => void removeMeasurement(measurement)}
        >
          Remove
        </Button>
      </div>
    </li>
  );
}
