import { useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { MAX_BYTES, MAX_ROWS } from '../../../dataset/limits';
import { driftWords, firstOf } from '../../../project/drift';
import { type Result, resultsOf } from '../../../project/performance';
import { isWriting } from '../../../project/prompt-set';
import { stagesOf } from '../../../project/stages';
import { versionById, versionsOf, versionWords } from '../../../project/versions';
import { useProject, useSession } from '../../state/studio';
import { Button, format, Note, Panel, ProgressBar, Select, Term } from '../../ui';
import { ReadingRows } from './ReadingRows';
import type { Detail } from './repository-store';
import { useMeasure } from './use-library';
import { versionOptions } from './version-options';
import { minuteWords } from './words';

const SHOWN = 8;

/** Asks a version again, on the rows held back or on another file, and says whether it still does what it did. */
export function MeasurePanel({ detail }: { readonly detail: Detail }) {
  const { set } = detail;
  const { running, reading, error, file, onHeldBack, onFile, stop, stopReading, remove } = useMeasure((s) => s);
  const job = useSession((s) => s.job);
  const rows = useProject((s) => s.sets.find(({ id }) => id === set.id)?.rows ?? null);
  const [chosen, setChosen] = useState<string | null>(null);
  const options = versionOptions(set);
  if (options.length === 0) return null;
  // what people rely on is what they want to know about: the version of the first stage
  const staged = stagesOf(set).find(({ versionId }) => versionById(set, versionId))?.versionId;
  const versionId = versionById(set, chosen ?? '')?.version.id ?? staged ?? versionsOf(set).at(-1)?.version.id ?? '';
  const results = resultsOf(detail);
  const newest = results.filter(({ measurement }) => measurement !== null).toReversed();
  const isBusy = running !== null || job !== null;
  return (
    <Panel
      span={12}
      title={
        <Term means="Whether a prompt answers new rows as well as it did when it was released: texts change, and with them what a prompt is worth.">
          Does it still hold?
        </Term>
      }
    >
      <div className="stack">
        <div className="batch-choice">
          <Select label="Version to measure" options={options} value={versionId} onChange={setChosen} />
          <div className="row batch-file">
            {rows === null ? null : (
              <Button isDisabled={isBusy} onPress={() => void onHeldBack(set.id, versionId)}>
                Measure on held-back rows
              </Button>
            )}
            <FileButton isDisabled={isBusy} />
          </div>
        </div>
        {reading ? <ReadingRows reading={reading} onStop={stopReading} /> : null}
        {file ? (
          <FileColumns writes={isWriting(set)} isBusy={isBusy} onMeasure={() => void onFile(set.id, versionId)} />
        ) : null}
        {running ? (
          <>
            <ProgressBar
              label={`${format.count(running.done)} of ${format.counted(running.total, 'row')} answered`}
              value={running.total > 0 ? running.done / running.total : null}
              detail={running.secondsLeft === null ? null : `${format.duration(running.secondsLeft)} left`}
            />
            <div className="row">
              <Button onPress={stop}>Stop</Button>
            </div>
          </>
        ) : null}
        {error ? (
          <Note tone="bad" live title="Nothing was measured">
            {error.message}
          </Note>
        ) : null}
        {newest.length === 0 ? (
          <p className="dim">
            Not measured again yet. A file, up to {format.bytes(MAX_BYTES)} and {format.counted(MAX_ROWS, 'row')}, needs
            a column with the {isWriting(set) ? 'texts' : 'labels'} that you know to be right.
          </p>
        ) : (
          <ul className="measured">
            {newest.slice(0, SHOWN).map((result) => (
              <Measured key={result.id} result={result} results={results} onRemove={remove} />
            ))}
          </ul>
        )}
        {newest.length > SHOWN ? (
          <p className="dim small">
            The newest {SHOWN} of {newest.length} measurements; the picture has them all.
          </p>
        ) : null}
      </div>
    </Panel>
  );
}

function Measured({
  result,
  results,
  onRemove,
}: {
  readonly result: Result;
  readonly results: readonly Result[];
  readonly onRemove: (measurement: NonNullable<Result['measurement']>) => Promise<void>;
}) {
  const last = useMeasure((s) => s.last);
  const { of, at, measurement } = result;
  const leftOut = measurement?.leftOut ?? 0;
  return (
    <li>
      <p role={result.id === last ? 'status' : undefined}>
        <strong>{versionWords(of)}</strong>: {driftWords(firstOf(results, result), result)}
      </p>
      <div className="row small dim">
        {minuteWords(at)}
        {leftOut > 0 ? ` · ${format.counted(leftOut, 'row')} left out` : ''}
        {measurement ? (
          <Button
            size="s"
            variant="link"
            aria-label={`Take away the measurement of ${versionWords(of)} of ${minuteWords(at)}`}
            onPress={() => void onRemove(measurement)}
          >
            Take away
          </Button>
        ) : null}
      </div>
    </li>
  );
}

function FileButton({ isDisabled }: { readonly isDisabled: boolean }) {
  const { reading, openFile } = useMeasure((s) => s);
  return (
    <FileTrigger onSelect={(files) => files?.[0] && void openFile(files[0])}>
      <Button isDisabled={isDisabled || reading !== null}>Measure on a file</Button>
    </FileTrigger>
  );
}

interface FileColumnsProps {
  /** Texts are written, so that the file has wanted texts instead of labels. */
  readonly writes: boolean;
  readonly isBusy: boolean;
  readonly onMeasure: () => void;
}

function FileColumns({ writes, isBusy, onMeasure }: FileColumnsProps) {
  const { file, text, label, choose, closeFile } = useMeasure((s) => s);
  if (!file) return null;
  const columns = file.columns.map((name) => ({ id: name, label: name }));
  return (
    <div className="stack">
      <div className="batch-choice">
        <Select label="The text is in" options={columns} value={text} onChange={(name) => choose({ text: name })} />
        <Select
          label={writes ? 'The wanted text is in' : 'The label is in'}
          options={columns}
          value={label}
          onChange={(name) => choose({ label: name })}
        />
      </div>
      <div className="row">
        <Button variant="primary" isDisabled={isBusy || !text || !label || text === label} onPress={onMeasure}>
          {`Measure on ${format.counted(file.rows, 'row')} of ${file.format.fileName}`}
        </Button>
        <Button variant="quiet" isDisabled={isBusy} onPress={closeFile}>
          Close the file
        </Button>
      </div>
      <p className="dim small">
        {writes
          ? 'Only the scores are kept: neither the texts of the file nor what was written.'
          : 'Of the file only the answers are kept, not its texts.'}
      </p>
    </div>
  );
}
