import { useDeferredValue, useMemo, useState } from 'react';
import { counted } from '../../../lib/format';
import { type Listing, searched, tagsOf } from '../../../prompt-set/listing';
import Rename from '../../shell/Rename';
import { navigate, screenPath, useQuery } from '../../state/location';
import { usePicked, usePromptSets } from '../../state/studio';
import { Button, EmptyState, Panel, Select, TextField, usePages } from '../../ui';
import { useExport } from './export-store';
import { listSearch, NO_SEARCH, setActions } from './library-store';
import { dayWords, Labels, rowsWords, versionsWords } from './parts';

const FEW = 3;

export function SetsTab() {
  const sets = usePromptSets((s) => s.sets);
  const { search, tag } = usePicked(listSearch.use(), 'search', 'tag');
  const wanted = useDeferredValue(search);
  const found = useMemo(() => searched(sets, wanted, tag), [sets, wanted, tag]);
  const isFiltered = search.trim() !== '' || tag !== null;
  if (sets.length === 0)
    return (
      <EmptyState
        title="Your prompt sets will appear here"
        action={
          <Button variant="primary" onPress={() => navigate('/')}>
            Home
          </Button>
        }
      >
        Open a CSV, train the sample, or import an exported zip.
      </EmptyState>
    );
  return (
    <div className="stack library">
      {sets.length > FEW || isFiltered ? <Search sets={sets} /> : null}
      {isFiltered ? (
        <p className="dim small" role="status">
          {counted(found.length, 'prompt set')} of {sets.length}
        </p>
      ) : null}
      {found.length === 0 ? <NothingFound /> : <SetList sets={found} />}
    </div>
  );
}

function Search({ sets }: { readonly sets: readonly Listing[] }) {
  const store = listSearch.use();
  const { search, tag } = usePicked(store, 'search', 'tag');
  const tags = useMemo(() => tagsOf(sets), [sets]);
  return (
    <div className="set-search">
      <TextField
        label="Search names, labels, tags, notes and prompts"
        value={search}
        onChange={(typed) => store.setState({ search: typed })}
      />
      {tags.length > 0 ? (
        <Select
          label="Tag"
          value={tag ?? ''}
          onChange={(id) => store.setState({ tag: id || null })}
          options={[
            { id: '', label: 'All' },
            ...tags.map((each) => ({ id: each.tag, label: each.tag, detail: String(each.sets) })),
          ]}
        />
      ) : null}
    </div>
  );
}

function NothingFound() {
  const store = listSearch.use();
  const { search, tag } = usePicked(store, 'search', 'tag');
  return (
    <EmptyState title="Nothing found" action={<Button onPress={() => store.setState(NO_SEARCH)}>Show all</Button>}>
      No name, label, tag, note or prompt contains “{search.trim()}”{tag === null ? '' : ` with the tag “${tag}”`}.
    </EmptyState>
  );
}

const PAGE = 20;

function SetList({ sets }: { readonly sets: readonly Listing[] }) {
  const currentId = usePromptSets((s) => s.set?.id ?? null);
  const [shown, more] = usePages(sets, PAGE);
  return (
    <>
      <ul className="stack">
        {shown.map((listing) => (
          <li key={listing.id}>
            <SetCard listing={listing} current={listing.id === currentId} />
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

function SetCard({ listing, current }: { readonly listing: Listing; readonly current: boolean }) {
  const [isRenaming, setRenaming] = useState(false);
  const { name, handle, stages, headline, updatedAt, labels, tags } = listing;
  return (
    <Panel
      stack
      title={
        <>
          {name} <code className="handle">{handle}</code>
          {current ? <span className="dim small"> open now</span> : null}
        </>
      }
      aside={`changed ${dayWords(updatedAt)}`}
    >
      {isRenaming ? <Rename of={listing} onDone={() => setRenaming(false)} /> : null}
      <p>{headline ?? 'not compared yet'}</p>
      <p className="dim small">
        {versionsWords(listing)} · {rowsWords(listing)}
        {stages.length > 0 ? ` · ${stages.join(', ')}` : ''}
      </p>
      {labels.length + tags.length > 0 ? (
        <div className="row">
          <Labels labels={labels} />
          {tags.map((tag) => (
            <span key={tag} className="dim small">
              #{tag}
            </span>
          ))}
        </div>
      ) : null}
      <Actions listing={listing} onRename={() => setRenaming(true)} />
    </Panel>
  );
}

function Actions({ listing, onRename }: { readonly listing: Listing; readonly onRename: () => void }) {
  const [, look] = useQuery<string>('set', '');
  const { remove } = setActions.use();
  const { open: openExport } = useExport.use();
  const { id, tuned } = listing;
  return (
    <div className="row">
      <Button onPress={() => navigate(screenPath(id, tuned > 0 ? 'playground' : 'data'))}>Open</Button>
      <Button onPress={() => look(id)}>Versions and stages</Button>
      <Button onPress={() => void openExport(id)}>Export</Button>
      <Button variant="quiet" onPress={onRename}>
        Rename
      </Button>
      <Button variant="quiet" onPress={() => void remove(listing)}>
        Delete
      </Button>
    </div>
  );
}
