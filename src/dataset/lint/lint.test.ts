import { describe, expect, it } from 'vitest';
import { dealt, preparedOf, unlikeTexts } from '../test-support';
import type { IssueKind } from '../types';

const issues = async (rows: readonly (readonly [string, string])[], options?: Parameters<typeof preparedOf>[1]) =>
  (await preparedOf(rows, options)).issues;
const one = async (kind: IssueKind, rows: readonly (readonly [string, string])[]) => {
  const found = (await issues(rows)).filter((f) => f.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as (typeof found)[number];
};

describe('lint', () => {
  it('finds nothing in a sound data set', async () => {
    expect(await issues(unlikeTexts(200, 1).map((text, i) => [text, 'abc'[i % 3] as string]))).toEqual([]);
  });

  it('blocks a data set with a single label', async () => {
    const found = await one('one-class', dealt(200, ['neutral']));
    expect(found.severity).toBe('blocking');
    expect(found.title).toBe('Every row has the same label, “neutral”');
  });

  it('blocks a data set of two rows', async () => {
    const found = await one('too-few-rows', dealt(2, ['a', 'b']));
    expect(found.severity).toBe('blocking');
    expect(found.title).toBe('Only 2 labelled rows');
  });

  it('warns about a small data set, which still trains', async () => {
    expect((await one('few-rows', dealt(50, ['a', 'b']))).severity).toBe('warning');
  });

  it('warns when one label has most of the rows', async () => {
    const found = await one('imbalanced', [
      ...dealt(280, ['neutral']),
      ...dealt(20, ['positive']).map(([t, l]) => [`x ${t}`, l] as const),
    ]);
    expect(found.title).toBe('280 of 300 rows are “neutral”');
    expect(found.advice).toContain('93%');
    expect(found.severity).toBe('warning');
  });

  it('blocks an ID column taken for the label', async () => {
    const found = await one(
      'too-many-classes',
      dealt(300, ['x']).map(([t], i) => [t, `T-${i}`] as const),
    );
    expect(found.severity).toBe('blocking');
    expect(found.title).toBe('300 different labels in 300 rows');
    expect(found.advice).toContain('looks like an ID');
  });

  it('warns about numeric labels and allows them', async () => {
    const found = await one('numeric-labels', dealt(200, ['1', '2', '3', '4', '6']));
    expect(found.severity).toBe('warning');
    expect(found.title).toBe('The labels are numbers, 1 to 6');
  });

  it('blocks text and label columns that look swapped', async () => {
    const found = await issues(dealt(100, ['good', 'bad']).map(([t, l]) => [l, t] as const));
    expect(found[0]?.kind).toBe('swapped-columns');
    expect(found[0]?.severity).toBe('blocking');
    expect(found.some((f) => f.kind === 'too-many-classes')).toBe(false);
  });

  it('lists rows with an empty text or label', async () => {
    const rows = [...dealt(120, ['a', 'b']), ['  ', 'a'] as const, ['', 'b'] as const, ['said', ''] as const];
    expect((await one('empty-text', rows)).rowIds).toEqual(['121', '122']);
    expect((await one('empty-label', rows)).rowIds).toEqual(['123']);
  });

  it('finds repeated texts, with the same label and with different ones', async () => {
    const rows = [
      ...dealt(120, ['a', 'b']),
      ['ok thanks', 'a'],
      ['OK  thanks', 'b'],
      ['bye', 'a'],
      ['bye', 'a'],
    ] as const;
    const contradiction = await one('contradiction', rows as readonly (readonly [string, string])[]);
    expect(contradiction.title).toBe('2 rows have the same text but different labels');
    expect(contradiction.advice).toContain('“ok thanks” is both a and b');
    expect((await one('duplicate', rows as readonly (readonly [string, string])[])).rowIds).toEqual(['123', '124']);
  });

  it('finds test rows whose text is in training under a given split', async () => {
    const rows = [...dealt(120, ['a', 'b']), ['same text', 'a'], ['Same  text', 'a']] as [string, string][];
    const all = rows.map((_, i) => String(i + 1));
    const fixedSplit = {
      train: all.slice(0, 70).concat('121'),
      validation: all.slice(70, 80),
      test: all.slice(80, 120).concat('122'),
    };
    const found = await issues(rows, { seed: 0, fixedSplit });
    expect(found.find((f) => f.kind === 'leak')?.rowIds).toEqual(['122']);
    expect((await issues(rows)).some((f) => f.kind === 'leak')).toBe(false);
  });

  it('finds spellings of one label, and likely typos', async () => {
    const rows = [
      ...dealt(120, ['positive', 'negative']),
      ['x y', 'Positive'],
      ['z q', 'positive '],
      ['w u', 'postive'],
    ] as [string, string][];
    const found = (await issues(rows)).filter((f) => f.kind === 'label-spelling');
    expect(found.map((f) => f.severity)).toEqual(['warning', 'info']);
    expect(found[0]?.title).toBe('“postive” may be a typo of “positive”');
    expect(found[0]?.rowIds).toEqual(['123']);
    expect(found[1]?.advice).toContain('“positive ”');
  });

  it('warns about rare labels and long texts', async () => {
    const rows = [...dealt(120, ['a', 'b']), ['x y', 'odd'], ['w '.repeat(3000), 'a']] as [string, string][];
    expect((await one('rare-class', rows)).title).toBe('1 label has fewer than 5 rows: “odd” (1)');
    expect((await one('long-text', rows)).rowIds).toEqual(['122']);
  });
});

describe('one-click fixes of issues', () => {
  const fixes = async (rows: [string, string][]) => (await preparedOf(rows)).issues.flatMap(({ fix }) => fix ?? []);

  it.each([
    ['so-so', 'so so'],
    ['positive', 'positive.'],
    ['positive', '“positive”'],
    ['not_sure', 'not sure'],
    ['complaint', 'complant'],
  ])('offer to merge %s and %s', async (common, rare) => {
    const rows = dealt(60, ['good', common]);
    rows.push(['one more thing', rare], ['and another', rare]);
    expect(await fixes(rows)).toEqual([
      { label: expect.stringContaining(common), change: { kind: 'merge-labels', from: [rare], into: common } },
    ]);
  });

  it.each([
    ['+1', '-1'],
    ['C', 'C++'],
    ['<5', '>5'],
    ['class a', 'class b'],
    ['good', 'gold'],
  ])('keep %s and %s apart', async (one, other) => {
    expect(await fixes(dealt(60, [one, other]))).toEqual([]);
  });

  it('leave out contradicting rows, but no test row', async () => {
    const rows = dealt(60, ['good', 'bad']);
    for (let i = 0; i < 12; i++) rows.push([`the same ${i >> 1}`, i % 2 === 0 ? 'good' : 'bad']);
    const { dataset, issues } = await preparedOf(rows);
    const found = issues.find(({ kind }) => kind === 'contradiction');
    expect(found?.rowIds).toHaveLength(12);
    const { change } = found?.fix ?? {};
    const left = change?.kind === 'unlabel' ? change.rowIds : [];
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter((id) => dataset.split.test.includes(id))).toEqual([]);
  });

  it('count personal data by kind and mask it where it appears', async () => {
    const rows = dealt(60, ['good', 'bad']);
    rows[3] = ['a@b.de, c@d.org', 'bad'];
    const found = (await preparedOf(rows)).issues.find(({ kind }) => kind === 'personal-data');
    expect(found).toMatchObject({
      title: '2 e-mail addresses in 1 row',
      rowIds: ['4'],
      fix: { change: { kind: 'mask', columns: ['text'] } },
    });
  });
});
