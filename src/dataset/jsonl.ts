import { wellFormed } from '../lib/well-formed';
import type { RejectedRow, Row } from './types';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const cellOf = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'string'
      ? wellFormed(value) // JSON can name half a character
      : JSON.stringify(value);

function parseObject(raw: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(raw);
    return isRecord(value) ? value : 'the line is not a JSON object';
  } catch {
    return 'the line is not valid JSON';
  }
}

/** JSON Lines: one object a line, its keys the columns in order of first appearance; nested values stay JSON text. */
export function parseJsonl(text: string): { columns: string[]; rows: Row[]; rejected: RejectedRow[] } {
  const columns = new Set<string>();
  const found: { line: number; value: Readonly<Record<string, unknown>> }[] = [];
  const rejected: RejectedRow[] = [];
  text.split('\n').forEach((raw, i) => {
    if (raw.trim() === '') return;
    const value = parseObject(raw);
    if (typeof value === 'string') rejected.push({ line: i + 1, reason: value, raw });
    else {
      for (const key of Object.keys(value)) columns.add(key);
      found.push({ line: i + 1, value });
    }
  });
  const names = [...columns];
  const rows = found.map(({ line, value }, i) => ({
    id: String(i + 1),
    line,
    cells: Object.fromEntries(names.map((name) => [name, cellOf(Object.hasOwn(value, name) ? value[name] : null)])),
  }));
  return { columns: names, rows, rejected };
}
