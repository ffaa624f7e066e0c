import { useEffect } from 'react';
import { useStore } from 'zustand';
import { useQuery } from '../../shell/location';
import { useResource } from '../../state/resource';
import { useProject } from '../../state/studio';
import { stageOptions, versionOptions } from '../../state/version-words';
import { EmptyState, Note, Panel, Select } from '../../ui';
import { BatchAnswers } from './BatchAnswers';
import { BatchRows } from './BatchRows';
import { batch, batchSet } from './batch-store';
import { batchRows } from './rows-file';

/** One version answers a file of rows that have no labels. */
export function BatchTab() {
  const hasVersions = useProject((s) => s.sets.some(({ hard, tuned }) => hard + tuned > 0));
  if (!hasVersions)
    return (
      <EmptyState title="No prompt to run yet">
        Write or train a prompt first; here it answers a whole file of rows.
      </EmptyState>
    );
  return (
    <div className="grid">
      <Linked />
      <WarnBeforeLeaving />
      <Choice />
      <BatchRows />
      <Trouble />
      <BatchAnswers />
    </div>
  );
}

/** A link from a version or a stage names its set and it; without one it is the open set, or the only one. */
function Linked() {
  const { chooseSet, choice } = batch.use();
  const [wanted, setWanted] = useQuery<string>('run', '');
  const chosen = useStore(choice, (s) => s.setId);
  const first = useProject(({ set, sets }) => {
    const usable = sets.filter(({ hard, tuned }) => hard + tuned > 0);
    return set?.id ?? (usable.length === 1 ? (usable[0]?.id ?? null) : null);
  });
  useEffect(() => {
    if (wanted !== '') {
      const [setId = '', ...which] = wanted.split(' ');
      chooseSet(setId, which.join(' ') || null);
      setWanted('');
    } else if (chosen === null && first !== null) chooseSet(first);
  }, [wanted, setWanted, chosen, first, chooseSet]);
  return null;
}

/** Answers are in this tab only: the browser asks before they are lost. */
function WarnBeforeLeaving() {
  const isUnsaved = useStore(batch.use().running, ({ running, run }) => running || (run !== null && !run.isSaved));
  useEffect(() => {
    if (!isUnsaved) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [isUnsaved]);
  return null;
}

function Choice() {
  const { choice, running, chooseSet, chooseWhich } = batch.use();
  const sets = useProject((s) => s.sets);
  const setId = useStore(choice, (s) => s.setId);
  const which = useStore(choice, (s) => s.which);
  const isHeld = useStore(running, (s) => s.running || s.run !== null);
  const { value: set } = useResource(batchSet.use(), setId);
  const options = set ? [...stageOptions(set), ...versionOptions(set)] : [];
  return (
    <Panel span={12} title="Prompt">
      <div className="batch-choice">
        <Select
          label="Prompt set"
          options={sets
            .filter(({ hard, tuned }) => hard + tuned > 0)
            .map(({ id, name, handle }) => ({ id, label: name, detail: handle }))}
          value={setId}
          onChange={(id) => chooseSet(id)}
          isDisabled={isHeld}
        />
        <Select
          label="Stage or version"
          options={options}
          value={options.some(({ id }) => id === which) ? which : null}
          onChange={chooseWhich}
          isDisabled={!set || isHeld}
        />
      </div>
    </Panel>
  );
}

function Trouble() {
  const { choice, running } = batch.use();
  const refused = useStore(choice, (s) => s.refused);
  const unreadable = useStore(batchRows.use().source, (s) => s.error);
  const stopped = useStore(running, (s) => s.error);
  const done = useStore(running, (s) => s.run?.progress.done ?? 0);
  const error = refused ?? unreadable ?? stopped;
  if (!error) return null;
  return (
    <div className="c12">
      <Note tone="bad" live title={error === stopped && done > 0 ? 'The batch stopped' : 'This did not work'}>
        {error.message}
        {done > 0 ? ` You can download the answers to ${done} rows.` : ''}
      </Note>
    </div>
  );
}
