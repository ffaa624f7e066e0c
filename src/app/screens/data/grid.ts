import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useState } from 'react';

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

/** Above this rows have one height, so that their places need not be kept: of 200,000 that takes a tenth of a second a time. */
const MANY_ROWS = 10_000;
const HEIGHT = 41;
const CARD_HEIGHT = 70;
const BESIDE = 12;

interface RowWindow {
  readonly items: readonly { readonly index: number; readonly start: number }[];
  readonly height: number;
  readonly isFixed: boolean;
  readonly measure: ((element: HTMLElement | null) => void) | undefined;
  readonly show: (index: number) => void;
}

export function useRowWindow(count: number, scroller: RefObject<HTMLElement | null>): RowWindow {
  const isFixed = count > MANY_ROWS;
  const virtual = useVirtualizer({
    count: isFixed ? 0 : count,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    overscan: BESIDE,
  });
  const fixed = useFixedRows(isFixed ? count : 0, scroller);
  if (isFixed) return fixed;
  return {
    items: virtual.getVirtualItems(),
    height: virtual.getTotalSize(),
    isFixed,
    measure: virtual.measureElement,
    show: (index) => virtual.scrollToIndex(index),
  };
}

function useFixedRows(count: number, scroller: RefObject<HTMLElement | null>): RowWindow {
  const [view, setView] = useState({ top: 0, height: 600, row: HEIGHT });
  const isOn = count > 0;
  useEffect(() => {
    const element = scroller.current;
    if (!element || !isOn) return;
    const look = () =>
      setView({
        top: element.scrollTop,
        height: element.clientHeight,
        row: matchMedia('(max-width: 760px)').matches ? CARD_HEIGHT : HEIGHT,
      });
    look();
    element.addEventListener('scroll', look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      resized.disconnect();
    };
  }, [isOn, scroller]);
  const { top, height, row } = view;
  const first = Math.max(0, Math.floor(top / row) - BESIDE);
  const last = Math.min(count, Math.ceil((top + height) / row) + BESIDE);
  return {
    items: Array.from({ length: Math.max(0, last - first) }, (_, i) => ({
      index: first + i,
      start: (first + i) * row,
    })),
    height: count * row,
    isFixed: true,
    measure: undefined,
    show: (index) => {
      const element = scroller.current;
      if (!element) return;
      const start = index * row;
      if (start < element.scrollTop) element.scrollTop = start;
      // the head of the table covers the first row
      else if (start + 2 * row > element.scrollTop + element.clientHeight)
        element.scrollTop = start + 2 * row - element.clientHeight;
    },
  };
}
