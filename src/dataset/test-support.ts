import { present } from '../lib/assert';
import { createRng } from '../lib/rng';
import { type ParseOverride, parseTable } from './parse';
import { type PrepareOptions, prepareDataset } from './prepare';
import type { ColumnMapping, Table } from './types';

/** Test helpers: texts in, values out, or the failure's message thrown. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export function tableOf(text: string, fileName = 'rows.csv', override?: ParseOverride): Table {
  const result = parseTable(fileName, bytesOf(text), override);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

export const csvOf = (rows: readonly (readonly [text: string, label: string])[]): string =>
  ['text,label', ...rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))].join('\n');

export async function preparedOf(
  rows: readonly (readonly [text: string, label: string])[],
  options: PrepareOptions = { seed: 0 },
  mapping: ColumnMapping = { text: 'text', label: 'label', id: null, task: 'classify' },
  table: Table = tableOf(csvOf(rows)),
) {
  const result = await prepareDataset(table, mapping, options);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** `n` rows of different texts, labels dealt in turn. */
export const dealt = (n: number, labels: readonly string[]): [string, string][] =>
  Array.from({ length: n }, (_, i) => [
    `message number ${i} about thing ${i * 7}`,
    present(labels[i % labels.length], 'label'),
  ]);

/** Texts of fifteen seeded random words, none of which resembles another. */
export function unlikeTexts(n: number, seed: number): string[] {
  const rng = createRng(seed);
  const letter = () => String.fromCharCode(97 + rng.int(26));
  const words = Array.from({ length: 3000 }, () => Array.from({ length: 3 + rng.int(6) }, letter).join(''));
  return Array.from({ length: n }, () => Array.from({ length: 15 }, () => words[rng.int(words.length)]).join(' '));
}
