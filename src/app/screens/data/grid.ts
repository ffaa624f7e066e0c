import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useLayoutEffect } from 'react';

export interface Place {
  readonly row: number;
  readonly column: number;
}

const PAGE = 10;
const [FIRST, LAST] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

type Steps = Readonly<Record<string, readonly [rows: number, columns: number]>>;

/** Source: WAI-ARIA practices, data grids. */
const STEPS: Steps = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-PAGE, 0],
  PageDown: [PAGE, 0],
  Home: [0, FIRST],
  End: [0, LAST],
};
const WITH_CONTROL: Steps = { Home: [FIRST, FIRST], End: [LAST, LAST] };

/** The place after a key, within the grid; null for keys that do not move. */
export function placeAfter(
  { key, ctrlKey, metaKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>,
  { row, column }: Place,
  size: { readonly rows: number; readonly columns: number },
): Place | null {
  const step = (ctrlKey || metaKey ? WITH_CONTROL[key] : undefined) ?? STEPS[key];
  if (!step) return null;
  const within = (place: number, count: number) => Math.max(0, Math.min(count - 1, place));
  return { row: within(row + step[0], size.rows), column: within(column + step[1], size.columns) };
}

/** Above this rows have one line each and are not measured: of 200,000 that takes a tenth of a second a time. */
const MANY_ROWS = 10_000;
const HEIGHT = 41;
const CARD_HEIGHT = 70;
const BESIDE = 12;

export function useRowWindow(count: number, scroller: RefObject<HTMLElement | null>) {
  const isFixed = count > MANY_ROWS;
  const height = isFixed && matchMedia('(max-width: 760px)').matches ? CARD_HEIGHT : HEIGHT;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: BESIDE,
    // the head of the table covers as much
    scrollPaddingEnd: HEIGHT,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the places that are kept rest on it
  useLayoutEffect(() => virtual.measure(), [height, virtual]);
  return {
    items: virtual.getVirtualItems(),
    height: virtual.getTotalSize(),
    isFixed,
    measure: isFixed ? undefined : virtual.measureElement,
    show: (index: number) => virtual.scrollToIndex(index),
  };
}
