import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { usedRows } from '../dataset/split';
import { splitAgain } from '../dataset/split-by';
import { csvOf, dealt, unlikeTexts } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { SILENT } from '../workflow/host';
import { prepareRows, readTable } from '../workflow/open-data';
import { story } from '../workflow/two-hosts.test-support';
import { openTable, readDataset } from './data';
import { createLog, openHost } from './node-host';

const LABELS = ['a', 'b', 'c', 'd'];

const opened = async (rows: readonly (readonly [string, string])[], withTest: boolean): Promise<Dataset> => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const data = join(folder, 'data.csv');
  await writeFile(data, csvOf(rows));
  const test = withTest ? join(folder, 'test.csv') : null;
  if (test) await writeFile(test, csvOf(dealt(80, LABELS).map(([text, label]) => [`other ${text}`, label])));
  const columns = { text: 'text', label: 'label' };
  return readDataset({ data, test, columns, seed: 3, trainRows: 100, testRows: 40 }, createLog());
};

const textsOf = ({ table, split }: Dataset, part: keyof Dataset['split']) => {
  const ids = new Set(split[part]);
  return table.rows.filter(({ id }) => ids.has(id)).map(({ cells }) => cells.text ?? '');
};

const labelsOf = ({ table, split }: Dataset, part: keyof Dataset['split']) => {
  const ids = new Set(split[part]);
  const labels = table.rows.filter(({ id }) => ids.has(id)).map(({ cells }) => cells.label);
  return LABELS.map((label) => labels.filter((each) => each === label).length);
};

const byLabel = dealt(400, LABELS).sort((a, b) => a[1].localeCompare(b[1]));

it('draws fewer rows of every label, though the file is sorted by label', async () => {
  for (const withTest of [false, true]) {
    const dataset = await opened(byLabel, withTest);
    expect(labelsOf(dataset, 'train')).toEqual([25, 25, 25, 25]);
    expect(labelsOf(dataset, 'test')).toEqual([10, 10, 10, 10]);
    const validation = labelsOf(dataset, 'validation');
    expect(validation.reduce((sum, n) => sum + n, 0)).toBe(50);
    expect(Math.min(...validation)).toBeGreaterThanOrEqual(12);
  }
});

it('draws the same rows beside a test file whether the file is sorted or not', async () => {
  const [sorted, mixed] = [await opened(byLabel, true), await opened(dealt(400, LABELS), true)];
  for (const part of ['train', 'validation', 'test'] as const)
    expect(textsOf(sorted, part).sort()).toEqual(textsOf(mixed, part).sort());
});

it('splits a file as the page does, where no sizes are asked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const data = join(folder, 'data.csv');
  await writeFile(data, csvOf(byLabel));
  const columns = { text: 'text', label: 'label' };
  const here = await readDataset({ data, test: null, columns, seed: 3, trainRows: null, testRows: null }, createLog());
  const bytes = new TextEncoder().encode(csvOf(byLabel));
  const { guess: _, ...table } = await readTable({ fileName: 'data.csv', bytes }, SILENT);
  const { dataset } = await prepareRows(table, { ...columns, id: null, task: 'classify' }, { seed: 3 });
  expect(here).toMatchObject({ split: dataset.split, fingerprint: dataset.fingerprint, splitHash: dataset.splitHash });
});

/** Cells of a column that rows of several parts have. */
function cellsInTwoParts({ table, split }: Dataset, column: string): readonly string[] {
  const byId = new Map(table.rows.map(({ id, cells }) => [id, cells[column] ?? '']));
  const parts = Object.values(split).map((ids) => new Set(ids.map((id) => byId.get(id) ?? '')));
  return [...new Set(byId.values())].filter((cell) => parts.filter((part) => part.has(cell)).length > 1);
}

it.each(['group', 'column'] as const)('splits by a %s as the page does', async (kind) => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const data = join(folder, 'data.csv');
  const names = ['Training', 'test', 'dev', 'trn', 'held-out'];
  const lines = dealt(120, LABELS).map(([text, label], i) => `${text},${label},c${i % 17},${names[i % 5]}`);
  // a text that comes again and again
  const csv = ['text,label,group,column', ...lines, ...lines.slice(0, 30)].join('\n');
  await writeFile(data, csv);
  const columns = { text: 'text', label: 'label' };
  const splitBy = { kind, column: kind } as const;
  const sizes = { trainRows: null, testRows: null };
  const here = await readDataset({ data, test: null, columns, seed: 3, splitBy, ...sizes }, createLog());
  const { guess: _, ...table } = await readTable(
    { fileName: 'data.csv', bytes: new TextEncoder().encode(csv) },
    SILENT,
  );
  const mapping = { ...columns, id: null, task: 'classify' } as const;
  const opened = (await prepareRows(table, mapping, { seed: 3 })).dataset;
  const { dataset } = await prepareRows(opened.table, mapping, splitAgain(opened, { by: splitBy }));
  const { split, splitHash, fingerprint } = dataset;
  expect(here).toMatchObject({ split, splitHash, fingerprint, splitBy });
  expect(here.splitHash).not.toBe(opened.splitHash);
  expect(cellsInTwoParts(here, kind)).toEqual([]);
});

it('keeps the rows of a group in one part where fewer rows train and test', async () => {
  const data = join(await mkdtemp(join(tmpdir(), 'softprompt-data-')), 'data.csv');
  const lines = dealt(200, LABELS).map(([text, label], i) => `${text},${label},c${i % 40}`);
  await writeFile(data, ['text,label,who', ...lines].join('\n'));
  const splitBy = { kind: 'group', column: 'who' } as const;
  const given = { data, test: null, columns: { text: 'text', label: 'label' }, seed: 3, splitBy };
  const dataset = await readDataset({ ...given, trainRows: 60, testRows: 30 }, createLog());
  expect(dataset.split).toMatchObject({ train: { length: 60 }, test: { length: 30 } });
  expect(dataset.split.validation.length).toBeGreaterThan(10);
  expect(cellsInTwoParts(dataset, 'who')).toEqual([]);
});

it('refuses a group with rows in both files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const [data, test] = [join(folder, 'data.csv'), join(folder, 'test.csv')];
  const lines = dealt(80, LABELS).map(([text, label], i) => `${text},${label},c${i % 20}`);
  const given = { data, test, columns: { text: 'text', label: 'label' }, seed: 3, trainRows: null, testRows: null };
  const splitBy = { kind: 'group', column: 'who' } as const;
  await writeFile(data, ['text,label,who', ...lines].join('\n'));
  await writeFile(test, 'text,label,who\nother a,a,C3\nother b,b,new\nother c,c,\n');
  await expect(readDataset({ ...given, splitBy }, createLog())).rejects.toThrow(
    '1 group of “who” has rows in both files, such as “C3”',
  );
  await writeFile(test, 'text,label,who\nother a,a,new\nother b,b,new\n');
  expect(cellsInTwoParts(await readDataset({ ...given, splitBy }, createLog()), 'who')).toEqual([]);
});

it.each(['classify', 'tag', 'generate'] as const)(
  'gives the same vectors and results.json for a sorted file: %s',
  async (kind) => {
    const model = { model: 'public/models/softprompt-studio/tiny-support', backend: 'node-wasm', threads: 1 } as const;
    await using host = await openHost(model, createLog());
    const [mixed, sorted] = [await story(host, kind, 'mixed'), await story(host, kind, 'sorted')];
    expect(sorted.losses).toEqual(mixed.losses);
    expect(sorted.vectors).toEqual(mixed.vectors);
    expect(sorted.ofAnyOrder).toEqual(mixed.ofAnyOrder);
  },
  180_000,
);

it('says which training rows repeat a row of the test file, or almost, and leaves them out where that is asked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const texts = unlikeTexts(90, 4);
  const labelled = (list: readonly string[]) => csvOf(list.map((text, i) => [text, LABELS[i % 2] ?? ''] as const));
  const [data, test] = [join(folder, 'data.csv'), join(folder, 'test.csv')];
  await writeFile(data, labelled(texts.slice(0, 60)));
  await writeFile(test, labelled([...texts.slice(0, 4), `${texts[4]} again`, ...texts.slice(60)]));
  const lines: string[] = [];
  const log = { ...createLog(), line: (text: string) => void lines.push(text) };
  const given = { data, test, columns: { text: 'text', label: 'label' }, seed: 3, trainRows: null, testRows: null };
  const all = await readDataset(given, log);
  expect(lines[0]).toContain(
    '4 training or validation rows with the text of a test row, and 1 training or validation row that almost repeats one',
  );
  expect(all.split.train.length + all.split.validation.length).toBe(60);
  const fewer = await readDataset({ ...given, dropTwins: true }, log);
  expect(fewer.split.train.length + fewer.split.validation.length).toBe(55);
  expect(fewer.split.test).toEqual(all.split.test);
  expect(lines.filter((line) => line.includes('--drop-twins'))).toHaveLength(1);
});

it('adds rows of another file to training, and leaves validation and test rows as they are without them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-data-'));
  const texts = unlikeTexts(90, 6);
  const labelled = (list: readonly string[]) => csvOf(list.map((text, i) => [text, LABELS[i % 2] ?? ''] as const));
  const [data, test, more] = ['data.csv', 'test.csv', 'more.csv'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(data, labelled(texts.slice(0, 50)));
  await writeFile(test, labelled(texts.slice(50, 70)));
  await writeFile(more, labelled([...texts.slice(80), texts[50] ?? '', `${texts[51]} again`]));
  const lines: string[] = [];
  const log = { ...createLog(), line: (text: string) => void lines.push(text) };
  const given = { data, columns: { text: 'text', label: 'label' }, seed: 3, trainRows: 20, testRows: null };
  for (const beside of [test, null]) {
    const without = await readDataset({ ...given, test: beside }, log);
    const added = await readDataset({ ...given, test: beside, addRows: more }, log);
    expect({ ...added.split, train: [] }).toEqual({ ...without.split, train: [] });
    expect(added.heldBackHash).toBe(without.heldBackHash);
    expect(textsOf(added, 'train').slice(0, 20)).toEqual(textsOf(without, 'train'));
    expect(textsOf(added, 'train').slice(20).toSorted()).toEqual(
      [...texts.slice(80), ...(beside ? [] : [texts[50], `${texts[51]} again`])].toSorted(),
    );
    const { drawn = 0, repeat = 0 } = added.account?.leftOut ?? {};
    expect(added.account).toMatchObject({ read: beside ? 82 : 62, used: usedRows(added) });
    expect([usedRows(added) + drawn + repeat, repeat]).toEqual([beside ? 82 : 62, beside ? 2 : 0]);
  }
  expect(lines[0]).toMatch(/^10 rows from more\.csv added to training \(left out: 1 with the text .*, 1 that almost/);
});

it('says what mixed groups are worth, with the option that keeps them together', async () => {
  const data = join(await mkdtemp(join(tmpdir(), 'softprompt-data-')), 'data.csv');
  const rows = unlikeTexts(600, 2).map(
    (text, i) => `${text} signed${i % 40},${(i * 7) % 40 < 20 ? 'a' : 'b'},c${i % 40}`,
  );
  await writeFile(data, `text,label,the customer\n${rows.join('\n')}\n`);
  const said: string[] = [];
  const log = { ...createLog(), line: (text: string) => void said.push(text) };
  const given = {
    data,
    test: null,
    columns: { text: 'text', label: 'label' },
    seed: 0,
    trainRows: null,
    testRows: null,
  };
  await readDataset(given, log);
  expect(said.join()).toMatch(
    /^By word counts \d+% when “the customer” is mixed over the parts, \d+% when it is kept together: --group "the customer"\.$/,
  );
  await readDataset({ ...given, splitBy: { kind: 'group', column: 'the customer' } }, log);
  expect(said).toHaveLength(1);
});

it('reads files by the quote that is named, where one looks otherwise', async () => {
  const data = join(await mkdtemp(join(tmpdir(), 'softprompt-data-')), 'data.csv');
  await writeFile(data, "text,label\n'a',x\n'b',y\n");
  const log = createLog();
  const texts = async (quote: '"' | null) =>
    (await openTable(data, { text: 'text' }, log, { quote })).rows.map(({ cells }) => cells.text);
  expect(await texts(null)).toEqual(['a', 'b']);
  expect(await texts('"')).toEqual(["'a'", "'b'"]);
});

it('mends the rows of every file before they are split, and says what it did', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'softprompt-mend-'));
  const [data, test] = [join(folder, 'data.csv'), join(folder, 'test.csv')];
  const stars = (n: number, seed: number): [string, string][] =>
    unlikeTexts(n, seed).map((text, i) => [`<b>${text}</b>`, `${(i % 5) + 1} stars`]);
  await writeFile(data, csvOf(stars(120, 1)));
  await writeFile(test, csvOf(stars(60, 2)));
  const said: string[] = [];
  const log = { ...createLog(), line: (text: string) => void said.push(text) };
  const sizes = { trainRows: null, testRows: null };
  const columns = { text: 'text', label: 'label' };
  const mend = ['stars', 'html', 'links'] as const;
  const dataset = await readDataset({ data, test, columns, seed: 0, mend, ...sizes }, log);
  expect(dataset.labels).toEqual(['negative', 'neutral', 'positive']);
  expect(textsOf(dataset, 'test').join('')).not.toContain('<b>');
  expect(said.slice(0, 6)).toEqual([
    'data.csv: Numbers 1 to 5 grouped in 120 rows',
    'data.csv: HTML removed in 120 rows',
    'data.csv has nothing to mend by “links”',
    'test.csv: Numbers 1 to 5 grouped in 60 rows',
    'test.csv: HTML removed in 60 rows',
    'test.csv has nothing to mend by “links”',
  ]);
});
