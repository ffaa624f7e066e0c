import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { splitRows } from './split';

const FILE = 'test/fixtures/split.json';

/** train_peft.py in the exports splits by the same rule: tools/export/test_programs.py checks it against this file. */
test('the split that leaves the studio with a prompt', () => {
  const { rows, seed, split } = JSON.parse(readFileSync(FILE, 'utf8')) as {
    rows: [string, string][];
    seed: number;
    split: unknown;
  };
  const table = rows.map(([text, label], i) => ({ id: String(i + 1), line: i + 2, cells: { text, label } }));
  expect(splitRows(table, { text: 'text', label: 'label', id: null }, seed)).toEqual(split);
});
