import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';

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

/** Of a row of one line, before it is measured. */
const HEIGHT = 41;
/** Drawn above and below what is seen, in pixels. */
const BESIDE = 12 * HEIGHT;

interface RowWindow {
  readonly items: readonly { readonly index: number; readonly start: number }[];
  readonly height: number;
  readonly show: (index: number) => void;
}

/** Which rows are drawn, and where; each is measured once it is, by its `data-index`. */
export function useRowWindow(count: number, scroller: RefObject<HTMLElement | null>): RowWindow {
  const heights = useMemo(() => new Float64Array(count).fill(HEIGHT), [count]);
  const [{ top, seen }, setView] = useState({ top: 0, seen: 600 });
  const [, setMeasured] = useState(0);
  const wanted = useRef<number | null>(null);
  const items: { index: number; start: number }[] = [];
  let height = 0;
  heights.forEach((own, index) => {
    if (height + own > top - BESIDE && height < top + seen + BESIDE) items.push({ index, start: height });
    height += own;
  });
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, seen: element.clientHeight });
    const resized = new ResizeObserver(look);
    element.addEventListener('scroll', look, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      resized.disconnect();
    };
  }, [scroller]);
  const show = (index: number) => {
    const element = scroller.current;
    if (!element) return;
    wanted.current = index;
    const start = heights.subarray(0, index).reduce((sum, own) => sum + own, 0);
    const head = element.firstElementChild?.clientHeight ?? 0;
    const end = start + (heights[index] ?? 0) + head - element.clientHeight;
    element.scrollTop = Math.min(start, Math.max(end, element.scrollTop));
  };
  useLayoutEffect(() => {
    const element = scroller.current;
    let [above, changed] = [0, 0];
    for (const row of element?.querySelectorAll<HTMLElement>('[data-index]') ?? []) {
      const index = Number(row.dataset.index);
      const more = row.offsetHeight - (heights[index] ?? 0);
      const start = items.find((item) => item.index === index)?.start ?? 0;
      if (more !== 0) changed += 1;
      // what is seen stays where it is
      if (start < top) above += more;
      heights[index] = row.offsetHeight;
    }
    if (changed > 0) setMeasured((times) => times + 1);
    if (element && above !== 0) element.scrollTop += above;
    const sought = wanted.current;
    if (sought === null) return;
    show(sought);
    if (sought >= count || (changed === 0 && items.some(({ index }) => index === sought))) wanted.current = null;
  });
  return { items, height, show };
}
