import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useDeferredValue, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { counted } from '../../../lib/format';
import { type Listing, searched, tagsOf } from '../../../prompt-set/listing';
import { navigate, screenPath, useQuery } from '../../state/location';
import { usePicked, usePromptSets } from '../../state/studio';
import { Button, EmptyState, Panel, Select, TextField } from '../../ui';
import { exporting } from './export-store';
import { listSearch, NO_SEARCH, setActions } from './library-store';
import { dayWords, Labels, rowsWords, TextForm, versionsWords } from './parts';

/** A longer list has a search field. */
const FEW = 3;

/** The list of prompt sets, with its search. */
export function SetsTab() {
  const sets = usePromptSets((s) => s.sets);
  const { search, tag } = usePicked(listSearch.use(), 'search', 'tag');
  const [, look] = useQuery<string>('set', '');
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
      {found.length === 0 ? <NothingFound /> : <SetList sets={found} onLook={look} />}
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

const CARD_PX = 236;
const GAP_PX = 16;

interface SetListProps {
  readonly sets: readonly Listing[];
  readonly onLook: (setId: string) => void;
}

/** Cards of any height, drawn only while in view. Assistive technology gets the full length of the list. */
const SetList = memo(function SetList({ sets, onLook }: SetListProps) {
  const currentId = usePromptSets((s) => s.set?.id ?? null);
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: sets.length,
    estimateSize: () => CARD_PX,
    gap: GAP_PX,
    overscan: 4,
    scrollMargin: top,
    getItemKey: (index) => sets[index]?.id ?? index,
  });
  return (
    <ul ref={list} className="set-list" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, start, key }) => {
        const listing = sets[index];
        return listing ? (
          <li
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            aria-setsize={sets.length}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${start - top}px)` }}
          >
            <SetCard listing={listing} current={listing.id === currentId} onLook={() => onLook(listing.id)} />
          </li>
        ) : null;
      })}
    </ul>
  );
});

function SetCard({
  listing,
  current,
  onLook,
}: {
  readonly listing: Listing;
  readonly current: boolean;
  readonly onLook: () => void;
}) {
  const [isRenaming, setRenaming] = useState(false);
  const { name, handle, stages, headline, updatedAt } = listing;
  return (
    <Panel
      stack
      span={12}
      title={
        <>
          {name} <code className="handle">{handle}</code>
          {current ? <span className="dim small"> open now</span> : null}
        </>
      }
      aside={`changed ${dayWords(updatedAt)}`}
    >
      {isRenaming ? <Rename listing={listing} onDone={() => setRenaming(false)} /> : null}
      <p>{headline ?? 'not compared yet'}</p>
      <p className="dim small">
        {versionsWords(listing)} · {rowsWords(listing)}
        {stages.length > 0 ? ` · ${stages.join(', ')}` : ''}
      </p>
      <LabelsAndTags listing={listing} />
      <Actions listing={listing} onLook={onLook} onRename={() => setRenaming(true)} />
    </Panel>
  );
}

function Rename({ listing, onDone }: { readonly listing: Listing; readonly onDone: () => void }) {
  const { rename } = setActions.use();
  return (
    <TextForm
      label="Name"
      value={listing.name}
      maxLength={80}
      submit="Save the name"
      onSubmit={(name) => {
        if (name.trim() !== listing.name) void rename(listing.id, name);
        onDone();
      }}
      onCancel={onDone}
    />
  );
}

function LabelsAndTags({ listing: { labels, tags } }: { readonly listing: Listing }) {
  if (labels.length + tags.length === 0) return null;
  return (
    <div className="row">
      <Labels labels={labels} />
      {tags.map((tag) => (
        <span key={tag} className="dim small">
          #{tag}
        </span>
      ))}
    </div>
  );
}

interface ActionsProps {
  readonly listing: Listing;
  readonly onLook: () => void;
  readonly onRename: () => void;
}

function Actions({ listing, onLook, onRename }: ActionsProps) {
  const { remove } = setActions.use();
  const { open: openExport } = exporting.use();
  const { id, tuned } = listing;
  return (
    <div className="row">
      <Button onPress={() => navigate(screenPath(id, tuned > 0 ? 'playground' : 'data'))}>Open</Button>
      <Button onPress={onLook}>Versions and stages</Button>
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
