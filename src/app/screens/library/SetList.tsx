import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useLayoutEffect, useRef, useState } from 'react';
import type { Listing } from '../../../project/listing';
import { SetCard } from './SetCard';

const CARD_PX = 236;
const GAP_PX = 16;

/** Cards of any height, drawn only where they are seen, and not at a key of the search; a list to a screen reader, with its true length. */
export const SetList = memo(function SetList({
  sets,
  currentId,
  onLook,
}: {
  readonly sets: readonly Listing[];
  readonly currentId: string | null;
  readonly onLook: (setId: string) => void;
}) {
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
