import { wellFormed } from './normalise';
import type { RejectedRow, Row } from './types';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const cellOf = (value: unknown): string =>
  value === null
    ? ''
    : typeof value === 'string'
      ? wellFormed(value) // JSON can name half a character
      : JSON.stringify(value);

/** The cells of a line by column, or why there are none. */
function parseLine(raw: string): ReadonlyMap<string, string> | string {
  try {
    const value: unknown = JSON.parse(raw);
    if (!isRecord(value)) return 'the line is not a JSON object';
    return new Map(Object.entries(value).map(([name, cell]) => [name, cellOf(cell)]));
  } catch (cause) {
    return cause instanceof RangeError ? 'the line is nested too deeply to be read' : 'the line is not valid JSON';
  }
}

/** JSON Lines: one object a line, its keys the columns in order of first appearance; nested values stay JSON text. */
export function parseJsonl(text: string): { columns: string[]; rows: Row[]; rejected: RejectedRow[] } {
  const columns = new Set<string>();
  const found: { line: number; cells: ReadonlyMap<string, string> }[] = [];
  const rejected: RejectedRow[] = [];
  text.split('\n').forEach((raw, i) => {
    if (raw.trim() === '') return;
    const cells = parseLine(raw);
    if (typeof cells === 'string') rejected.push({ line: i + 1, reason: cells, raw });
    else {
      for (const name of cells.keys()) columns.add(name);
      found.push({ line: i + 1, cells });
    }
  });
  const names = [...columns];
  const rows = found.map(({ line, cells }, i) => ({
    id: String(i + 1),
    line,
    cells: Object.fromEntries(names.map((name) => [name, cells.get(name) ?? ''])),
  }));
  return { columns: names, rows, rejected };
}
