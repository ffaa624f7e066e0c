import { describe, expect, it } from 'vitest';
import { editDataset } from './edit';
import { wellFormed } from './labels';
import { cutText, MEND_IDS, MENDS, starGroups, withLabelColumn, withoutHtml, withShortLinks } from './mends';
import { csvOf, dealt, preparedOf, tableOf, unlikeTexts } from './test-support';
import type { Change, ColumnMapping, Dataset, MendId } from './types';
import { freshVersion } from './versions';

const NOW = '2026-01-01T00:00:00.000Z';
const MAPPING: ColumnMapping = { text: 'text', label: 'label', id: null, task: 'classify' };

const opened = async (rows: readonly (readonly [string, string])[]): Promise<Dataset> =>
  freshVersion((await preparedOf(rows)).dataset, 'Opened', NOW);

async function edited(dataset: Dataset, change: Change) {
  const result = await editDataset(dataset, change, NOW);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
const mended = (dataset: Dataset, mend: MendId) => edited(dataset, { kind: 'mend', mend });
const labelled = (labels: readonly string[], n = 120) =>
  unlikeTexts(n, 3).map((text, i) => [text, labels[i % labels.length] ?? ''] as const);
/** The buttons of the issues, with what they change. */
const buttons = (issues: Awaited<ReturnType<typeof preparedOf>>['issues']) =>
  Object.fromEntries(issues.flatMap(({ kind, fix }) => (fix ? [[kind, fix.label]] : [])));

describe('the issue that offers a mend', () => {
  it.each([
    ['stars', 'stars', 'Group them', labelled(['1', '2', '3', '4', '5'])],
    ['a first line that is a row', 'first-row', 'Use it as a row', null],
    ['HTML', 'html', 'Remove HTML', labelled(['a', 'b']).map(([text, label]) => [`<b>${text}</b>`, label] as const)],
    [
      'links',
      'links',
      'Shorten the links',
      labelled(['a', 'b']).map(([text, label]) => [`${text} https://example.com/${'a'.repeat(40)}`, label] as const),
    ],
    ['rare labels', 'rare-class', 'Merge them into “other”', [...labelled(['a', 'b']), ...labelled(['c', 'd'], 4)]],
  ] as const)('is there for %s, and gone after it', async (_, kind, label, rows) => {
    const table =
      rows === null
        ? tableOf(csvOf(labelled(['good', 'bad'])).replace('text,label', 'a first text,good'))
        : tableOf(csvOf(rows));
    const mapping = {
      text: table.columns[0] ?? '',
      label: table.columns[1] ?? '',
      id: null,
      task: 'classify' as const,
    };
    const { dataset, issues } = await preparedOf(rows ?? [], { seed: 0 }, mapping, table);
    expect(buttons(issues)[kind]).toBe(label);
    const change = issues.find((issue) => issue.kind === kind)?.fix?.change as Change;
    const after = await edited(dataset, change);
    expect(buttons(after.issues)[kind]).toBeUndefined();
    expect(await editDataset(after.dataset, change, NOW)).toMatchObject({
      ok: false,
      error: { kind: 'nothing-changed' },
    });
  });

  it('is not there for labels and texts that are fine', async () => {
    const { issues } = await preparedOf(
      labelled(['R&B', 'Sales, UK', 'a < b']).map(([text, label]) => [`${text}, 3 < 4 & 5`, label] as const),
    );
    expect(buttons(issues)).toEqual({});
  });

  it('lets the rows of a wrong label column be labelled here', async () => {
    const ids = labelled(['x']).map(([text], i) => [text, `T-${i}`] as const);
    for (const rows of [ids, labelled(['x'])]) {
      const { dataset, issues } = await preparedOf(rows);
      expect(issues[0]?.fix?.label).toBe('Label rows here');
      const { dataset: own } = await mended(dataset, 'label-column');
      expect(own.mapping.label).toBe('label (2)');
      expect(own.versions?.at(-1)).toMatchObject({ what: 'Column for labels added', cells: null });
    }
  });
});

describe('a mend of labels', () => {
  it('keeps the split, names itself in a version, and can be taken back', async () => {
    const before = await opened(labelled(['1 star', '2 stars', '3 stars', '4 stars', '5 stars']));
    const { dataset } = await mended(before, 'stars');
    expect(dataset.labels).toEqual(['negative', 'neutral', 'positive']);
    expect(dataset.split).toEqual(before.split);
    expect(dataset.versions?.at(-1)?.what).toBe('Numbers 1 to 5 grouped in 120 rows');
    const back = await edited(dataset, { kind: 'go-back', version: 1 });
    expect(back.dataset.fingerprint).toBe(before.fingerprint);
  });

  it('groups scales that are no ratings as low, medium and high', () => {
    expect([...(starGroups(['1', '2', '4', '5'], 'urgency') ?? [])]).toEqual([
      ['1', 'low'],
      ['2', 'low'],
      ['4', 'high'],
      ['5', 'high'],
    ]);
    expect(starGroups(['★☆☆☆☆', '⭐⭐', '★★★', '⭐️⭐️⭐️⭐️'], 'x')?.get('⭐️⭐️⭐️⭐️')).toBe('positive');
    for (const labels of [
      ['0', '1', '2', '3', '4'],
      ['1', '2', '3'],
      ['1', '2', '3', 'NaN'],
      [],
      ['10', '20', '30', '40'],
    ])
      expect(starGroups(labels, 'stars')).toBeNull();
  });

  it('merges every spelling into the most frequent, through others if need be', async () => {
    const rows = [
      ...labelled(['complaint', 'praise'], 200),
      ...labelled(['complaint.'], 8),
      ...labelled(['Complaimt'], 3),
    ];
    const { dataset } = await mended(await opened(rows), 'spellings');
    expect(dataset.labels).toEqual(['complaint', 'praise']);
  });
});

it('uses the first line as a row, after the others, and keeps their parts', async () => {
  const table = tableOf(csvOf(labelled(['good', 'bad'])).replace('text,label', 'a first text,good'));
  const { dataset } = await preparedOf(
    [],
    { seed: 0 },
    { text: 'a first text', label: 'good', id: null, task: 'classify' },
    table,
  );
  const { dataset: after } = await mended(dataset, 'first-row');
  expect(after.table.columns).toEqual(['column 1', 'column 2']);
  expect(after.table.rows.at(-1)).toEqual({
    id: '121',
    line: 1,
    cells: { 'column 1': 'a first text', 'column 2': 'good' },
  });
  expect(after.split).toEqual({ ...dataset.split, train: [...dataset.split.train, '121'] });
});

describe('texts', () => {
  it.each([
    ['<p>Tom &amp; Ana<br/>say&nbsp;hi</p>', 'Tom & Ana say hi'],
    ['Gr&ouml;&szlig;e &#8364;5 &#x1F600; &euro;', 'Größe €5 😀 €'],
    ['<script>alert(1)</script>text <!-- no -->', 'text no'],
    [
      'a < b, x <y@z.de>, &unknown; &#0; &#xD800; &constructor; R&D',
      'a < b, x <y@z.de>, &unknown; &#0; &#xD800; &constructor; R&D',
    ],
    ['&amp;lt;', '&lt;'],
    ['', ''],
  ])('without HTML: %s', (text, bare) => expect(withoutHtml(text)).toBe(bare));

  it('have their long links shortened, and short ones kept', () => {
    expect(withShortLinks('see https://www.example.com/a/b?c=12345678901234567890, or http://a.de/x')).toBe(
      'see example.com or http://a.de/x',
    );
  });

  it('are cut in the middle, and no sign is cut in two', () => {
    const text = `${'😀'.repeat(3000)}the end`;
    for (const most of [40, 101, 4000]) {
      const cut = cutText(text, most);
      expect(cut.length).toBeLessThanOrEqual(most);
      expect(wellFormed(cut)).toBe(cut);
      expect(cut.endsWith('the end')).toBe(true);
      expect(cutText(cut, most)).toBe(cut);
    }
    expect(cutText('short', 4000)).toBe('short');
    for (const odd of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY])
      expect(cutText(text, odd).length).toBeLessThanOrEqual(4000);
  });
});

describe('rows that are labelled here', () => {
  const texts = unlikeTexts(60, 4);

  it('are split like others, and later ones go to all parts', async () => {
    const table = tableOf(['text', ...texts].join('\n'), 'texts.csv', { oneColumn: true });
    const own = withLabelColumn({
      table,
      mapping: { text: 'text', label: 'text', id: null, task: 'classify' },
    });
    const { dataset, issues } = await preparedOf([], { seed: 0 }, own.mapping, own.table);
    expect(issues[0]?.title).toBe('No row has both a text and a label');
    const give = (from: number, to: number): Change => ({
      kind: 'label-rows',
      labels: Array.from({ length: to - from }, (_, i) => [String(from + i + 1), i % 2 ? 'good' : 'bad']),
    });
    const first = (await edited(dataset, give(0, 20))).dataset;
    const sizes = ({ split }: Dataset) => [split.train.length, split.validation.length, split.test.length];
    expect(sizes(first)).toEqual([10, 3, 7]);
    expect(first.versions?.at(-1)?.what).toBe('20 rows labelled by hand');
    const second = (await edited(first, give(20, 40))).dataset;
    expect(sizes(second)).toEqual([20, 6, 14]);
    for (const part of ['train', 'validation', 'test'] as const)
      expect(second.split[part].slice(0, first.split[part].length)).toEqual(first.split[part]);
  });

  it('keep labels that they have, and hostile ones are labels like others', async () => {
    const before = await opened([...dealt(40, ['a', 'b']), ['new text here', '']]);
    const { dataset } = await edited(before, {
      kind: 'label-rows',
      labels: [
        ['1', 'b'],
        ['41', '__proto__'],
        ['no row', 'a'],
      ],
    });
    expect(dataset.table.rows.at(0)?.cells.label).toBe('a');
    expect(dataset.labels).toContain('__proto__');
  });
});

it('does every mend to anything, twice the same as once', async () => {
  const odd = [
    ['', ''],
    ['😀', '__proto__'],
    ['NaN', 'NaN'],
    ['<b>', '1'],
    ['&amp;', ';'],
  ] as const;
  const tables = [
    tableOf('text,label\n,\n"",""\nx,y'),
    tableOf(csvOf(odd)),
    { ...tableOf(csvOf(odd)), rows: [] },
    tableOf(csvOf(dealt(20, ['one']))),
  ];
  for (const id of MEND_IDS)
    for (const table of tables) {
      const once = MENDS[id].apply({ table, mapping: MAPPING });
      expect(MENDS[id].apply(once)).toEqual(once);
    }
});

it('mends 100,000 rows', () => {
  const rows = dealt(100_000, ['1', '2', '3', '4', '5']).map(
    ([text, label]) => [`<p>${text} &amp; https://example.com/${'x'.repeat(30)}</p>`, label] as const,
  );
  const table = tableOf(csvOf(rows));
  for (const id of MEND_IDS)
    expect(MENDS[id].apply({ table, mapping: MAPPING }).table.rows.length, id).toBeGreaterThan(0);
}, 60_000);
