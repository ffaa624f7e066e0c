import { useDeferredValue, useMemo } from 'react';
import { navigate, useQuery } from '../../shell/location';
import { useProject } from '../../state/studio';
import { Button, EmptyState, Select, TextField } from '../../ui';
import { counted } from '../../ui/format';
import { SetList } from './SetList';
import { useRepository } from './use-library';
import { searched, tagsOf } from './words';

const FEW = 3;

/** The list of prompt sets, with its search. */
export function SetsTab() {
  const sets = useProject((s) => s.sets);
  const current = useProject((s) => s.set?.id ?? null);
  const { search, tag, find, filter } = useRepository((s) => s);
  const [, look] = useQuery<string>('set', '');
  const wanted = useDeferredValue(search);
  const shown = useMemo(() => searched(sets, wanted, tag), [sets, wanted, tag]);
  const tags = useMemo(() => tagsOf(sets), [sets]);
  const isFiltered = search.trim() !== '' || tag !== null;
  const showAll = () => {
    find('');
    filter(null);
  };
  if (sets.length === 0)
    return (
      <EmptyState
        title="Prompt sets stand here"
        action={
          <Button variant="primary" onPress={() => navigate('/')}>
            To the start
          </Button>
        }
      >
        Open a CSV, train the sample, or import a zip that somebody exported.
      </EmptyState>
    );
  return (
    <div className="stack library">
      {sets.length > FEW || isFiltered ? (
        <div className="set-search">
          <TextField label="Search names, labels, tags, notes and prompts" value={search} onChange={find} />
          {tags.length > 0 ? (
            <Select
              label="Tag"
              value={tag ?? ''}
              onChange={(id) => filter(id === '' ? null : id)}
              options={[
                { id: '', label: 'All' },
                ...tags.map((each) => ({ id: each.tag, label: each.tag, detail: String(each.sets) })),
              ]}
            />
          ) : null}
        </div>
      ) : null}
      {isFiltered ? (
        <p className="dim small" role="status">
          {counted(shown.length, 'prompt set')} of {sets.length}
        </p>
      ) : null}
      {shown.length === 0 ? (
        <EmptyState title="Nothing found" action={<Button onPress={showAll}>Show all</Button>}>
          No name, label, tag, note or prompt contains “{search.trim()}”{tag === null ? '' : ` with the tag “${tag}”`}.
        </EmptyState>
      ) : (
        <SetList sets={shown} currentId={current} onLook={look} />
      )}
    </div>
  );
}
