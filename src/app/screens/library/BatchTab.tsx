import { useEffect } from 'react';
import { useQuery } from '../../shell/location';
import { useProject } from '../../state/studio';
import { EmptyState, Note, Panel, Select } from '../../ui';
import { BatchAnswers } from './BatchAnswers';
import { BatchRows } from './BatchRows';
import { useBatch } from './use-library';
import { versionOptions } from './version-options';
import { stageOptions } from './words';

/** One version over a file of rows that have no labels. */
export function BatchTab() {
  const sets = useProject((s) => s.sets);
  const open = useProject((s) => s.set?.id ?? null);
  const { set, which, run, error, chooseSet, chooseWhich } = useBatch((s) => s);
  const [wanted, setWanted] = useQuery<string>('run', '');
  const chosen = set?.id ?? null;
  const usable = sets.filter(({ hard, tuned }) => hard + tuned > 0);
  const first = open ?? (usable.length === 1 ? (usable[0]?.id ?? null) : null);
  // A link from a version or a stage names the set and what of it; without one it is the open project, or the only one.
  useEffect(() => {
    if (wanted !== '') {
      const [setId = '', ...which] = wanted.split(' ');
      void chooseSet(setId, which.join(' ') || undefined);
      setWanted('');
    } else if (chosen === null && first !== null) void chooseSet(first);
  }, [wanted, setWanted, chosen, first, chooseSet]);
  useEffect(() => {
    if (run?.status !== 'running') return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [run?.status]);
  if (usable.length === 0)
    return (
      <EmptyState title="No prompt to run yet">
        Once a prompt is written or trained, it answers a whole file of rows here.
      </EmptyState>
    );
  const options = set ? [...stageOptions(set), ...versionOptions(set)] : [];
  return (
    <div className="grid">
      <Panel span={12} title="Which prompt answers">
        <div className="batch-choice">
          <Select
            label="Prompt set"
            options={usable.map(({ id, name, handle }) => ({ id, label: name, detail: handle }))}
            value={chosen}
            onChange={(id) => void chooseSet(id)}
            isDisabled={run !== null}
          />
          <Select
            label="Stage or version"
            options={options}
            value={options.some(({ id }) => id === which) ? which : null}
            onChange={chooseWhich}
            isDisabled={set === null || run !== null}
          />
        </div>
      </Panel>
      <BatchRows />
      {error ? (
        <div className="c12">
          <Note tone="bad" live title={run?.status === 'stopped' ? 'The batch stopped' : 'This did not work'}>
            {error.message}
            {run && run.done > 0 ? ` The answers to ${run.done} rows can be downloaded.` : ''}
          </Note>
        </div>
      ) : null}
      <BatchAnswers />
    </div>
  );
}
