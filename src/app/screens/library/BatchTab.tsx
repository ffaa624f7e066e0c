import { useEffect } from 'react';
import { useStore } from 'zustand';
import { MAX_BYTES, MAX_ROWS } from '../../../dataset/types';
import type { RowsFile } from '../../../workflow/rows-file';
import { FileButton } from '../../shell/Screen';
import { ShowRejected } from '../../shell/ShowRejected';
import { ChoicePicker } from '../../shell/VersionPicker';
import { useHeard } from '../../state/location';
import { useResource } from '../../state/resource';
import { useIsBusy, usePicked, usePromptSets, useStudio } from '../../state/studio';
import { Button, EmptyState, Failed, format, Panel, Select, Stoppable } from '../../ui';
import { BatchAnswers, FirstRows } from './BatchAnswers';
import { batch, batchSet } from './batch-store';
import { hasVersions } from './parts';
import { batchRows, columnsOf } from './rows-file';

export function BatchTab({ onSets }: { readonly onSets: () => void }) {
  const isUsable = usePromptSets((s) => s.sets.some(hasVersions));
  if (!isUsable)
    return (
      <EmptyState title="No prompt to run yet" action={<Button onPress={onSets}>Show prompt sets</Button>}>
        Write or train a prompt first; then it can answer a whole file here.
      </EmptyState>
    );
  return (
    <div className="grid">
      <FirstChoice />
      <WarnBeforeLeaving />
      <Choice />
      <BatchRows />
      <Trouble />
      <BatchAnswers />
    </div>
  );
}

/** Until one is chosen it is the open set, or the only one. */
function FirstChoice() {
  const { chooseSet, choice } = batch.use();
  const chosen = useStore(choice, (s) => s.setId);
  const first = usePromptSets(({ set, sets }) => {
    const usable = sets.filter(hasVersions);
    return set?.id ?? (usable.length === 1 ? (usable[0]?.id ?? null) : null);
  });
  useEffect(() => {
    if (chosen === null && first !== null) chooseSet(first);
  }, [chosen, first, chooseSet]);
  return null;
}

/** Leaving stops the batch, and loses its answers if nothing can be stored: the browser asks first. */
function WarnBeforeLeaving() {
  const { durable } = useStudio().services.store;
  const isUnsaved = useStore(
    batch.use().running,
    ({ running, run }) => running || (!durable && run !== null && !run.isSaved),
  );
  useHeard('beforeunload', (event) => {
    if (isUnsaved) event.preventDefault();
  });
  return null;
}

function Choice() {
  const { choice, chooseSet, chooseWhich } = batch.use();
  const sets = usePromptSets((s) => s.sets);
  const { setId, which } = usePicked(choice, 'setId', 'which');
  const isBusy = useIsBusy();
  const { value: set } = useResource(batchSet.use(), setId);
  return (
    <Panel title="Prompt">
      <div className="two-fields">
        <Select
          label="Prompt set"
          options={sets.filter(hasVersions).map(({ id, name, handle }) => ({ id, label: name, detail: handle }))}
          value={setId}
          onChange={(id) => chooseSet(id)}
          isDisabled={isBusy}
        />
        <ChoicePicker
          label="Stage or version"
          set={set}
          value={which}
          onChange={(chosen) => chosen && chooseWhich(chosen)}
          isDisabled={isBusy}
        />
      </div>
    </Panel>
  );
}

function Trouble() {
  const { choice, running, start } = batch.use();
  const refused = useStore(choice, (s) => s.refused);
  const { key, error: unreadable } = usePicked(batchRows.use().source, 'key', 'error');
  const { run, error: stopped } = usePicked(running, 'run', 'error');
  const done = run?.progress.done ?? 0;
  const error = refused ?? unreadable ?? stopped;
  if (!error) return null;
  const isStopped = error === stopped;
  const title = isStopped
    ? `The batch ${done > 0 ? 'stopped' : 'did not start'}`
    : error === refused
      ? 'Nothing was changed'
      : `${key?.file.name ?? 'The file'} was not opened`;
  return (
    <div className="c12">
      <Failed title={title} error={error} {...(isStopped ? { onRetry: () => void start() } : {})}>
        {done > 0 ? `You can download the answers to ${done} rows.` : null}
      </Failed>
    </div>
  );
}

function BatchRows() {
  const { source, reading, close } = batchRows.use();
  const file = useStore(source, (s) => s.value);
  const now = useStore(reading);
  if (file) return <OpenRows file={file} />;
  return (
    <Panel stack title="Rows">
      <p className="dim">
        A CSV, Excel, JSON or Parquet file with one text per row, up to {format.bytes(MAX_BYTES)} and{' '}
        {format.counted(MAX_ROWS, 'row')}; no labels needed. Drop it here or choose it. The file is not stored. Rows
        that the same version answered before are not asked again.
      </p>
      {now ? (
        <Stoppable {...now} label={`Reading ${now.name}`} stop="Stop reading" onStop={close} />
      ) : (
        <div className="row">
          <ChooseFile label="Choose a file" />
        </div>
      )}
    </Panel>
  );
}

function ChooseFile({ label }: { readonly label: string }) {
  const { openFile } = batch.use();
  const isBusy = useIsBusy();
  return (
    <FileButton isDisabled={isBusy} onFile={openFile}>
      {label}
    </FileButton>
  );
}

function OpenRows({ file }: { readonly file: RowsFile }) {
  const { chooseText, closeFile } = batch.use();
  const text = useStore(batchRows.use().columns, (chosen) => columnsOf(file, chosen).text);
  const isBusy = useIsBusy();
  const { format: source, columns, rows, rejected, notes } = file;
  return (
    <Panel
      stack
      title={`${format.counted(rows, 'row')} of ${source.fileName}`}
      aside={`${source.kind}, ${source.encoding}`}
    >
      <div className="two-fields">
        <Select
          label="Text column"
          options={columns.map((name) => ({ id: name, label: name }))}
          value={text}
          onChange={chooseText}
          isDisabled={isBusy}
        />
        <div className="row">
          <ChooseFile label="Another file" />
          <Button variant="quiet" isDisabled={isBusy} onPress={closeFile}>
            Close the file
          </Button>
        </div>
      </div>
      {notes.map((note) => (
        <p key={note} className="dim small">
          {note}
        </p>
      ))}
      {rejected.length > 0 ? (
        <p>
          {format.counted(rejected.length, 'row')} could not be read. <ShowRejected rejected={rejected} />
        </p>
      ) : null}
      <FirstRows file={file} text={text} />
    </Panel>
  );
}
