import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useDeferredValue, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Listing } from '../../../project/listing';
import { navigate, useQuery } from '../../shell/location';
import { useProject } from '../../state/studio';
import { Button, EmptyState, Select, TextField } from '../../ui';
import { counted } from '../../ui/format';
import { useSearch } from './library-store';
import { SetCard } from './SetCard';
import { searched, tagsOf } from './words';

/** With so few there is nothing to search. */
const FEW = 3;

/** The list of prompt sets, with its search. */
export function SetsTab() {
  const sets = useProject((s) => s.sets);
  const search = useSearch((s) => s.search);
  const tag = useSearch((s) => s.tag);
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
  const search = useSearch((s) => s.search);
  const tag = useSearch((s) => s.tag);
  const find = useSearch((s) => s.find);
  const filter = useSearch((s) => s.filter);
  const tags = useMemo(() => tagsOf(sets), [sets]);
  return (
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
  );
}

function NothingFound() {
  const search = useSearch((s) => s.search);
  const tag = useSearch((s) => s.tag);
  const showAll = useSearch((s) => s.showAll);
  return (
    <EmptyState title="Nothing found" action={<Button onPress={showAll}>Show all</Button>}>
      No name, label, tag, note or prompt contains “{search.trim()}”{tag === null ? '' : ` with the tag “${tag}”`}.
    </EmptyState>
  );
}

const CARD_PX = 236;
const GAP_PX = 16;

/** Cards of any height; only those in view are drawn. Assistive technology gets a list with its full length. */
const SetList = memo(function SetList({
  sets,
  onLook,
}: {
  readonly sets: readonly Listing[];
  readonly onLook: (setId: string) => void;
}) {
  const currentId = useProject((s) => s.set?.id ?? null);
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
