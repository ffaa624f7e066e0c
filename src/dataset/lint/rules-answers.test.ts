import { describe, expect, it } from 'vitest';
import { preparedOf, unlikeTexts } from '../test-support';
import type { ColumnMapping } from '../types';

const WRITE: ColumnMapping = { text: 'text', label: 'label', id: null, task: 'generate' };
const pairs = (n: number): [string, string][] =>
  unlikeTexts(n, 1).map((text, i) => [text, `thing ${i * 7}: heard of, number ${i}`]);
const kinds = async (rows: readonly [string, string][]) =>
  (await preparedOf(rows, { seed: 0 }, WRITE)).issues.map(({ kind, severity }) => `${kind} ${severity}`);

describe('rows with texts to be written', () => {
  it('have no labels and no balance; the parts are drawn by the seed, and the fingerprint differs from that of labels', async () => {
    const [written, again, chosen] = await Promise.all([
      preparedOf(pairs(200), { seed: 0 }, WRITE),
      preparedOf(pairs(200), { seed: 1 }, WRITE),
      preparedOf(pairs(200)),
    ]);
    expect(written.dataset.labels).toEqual([]);
    expect(written.balance).toEqual([]);
    expect(written.issues).toEqual([]);
    const { train, validation, test } = written.dataset.split;
    expect([train.length, validation.length, test.length]).toEqual([100, 30, 70]);
    expect(written.dataset.split).not.toEqual(again.dataset.split);
    expect(written.dataset.fingerprint).not.toBe(chosen.dataset.fingerprint);
  });

  it('of a group stay in one part', async () => {
    const rows = pairs(120).map(([text], i): [string, string] => [text, `answer to customer ${i % 30} number ${i}`]);
    const splitBy = { kind: 'group', column: 'label' } as const;
    const { split } = (await preparedOf(rows, { seed: 0, splitBy }, WRITE)).dataset;
    expect(split.train.length + split.validation.length + split.test.length).toBe(120);
    expect(Math.abs(split.test.length - 60)).toBeLessThan(20);
  });

  it('are reported when something is wrong with them', async () => {
    const good = pairs(120);
    expect(await kinds([...good, ['a text', ''], ['', 'an answer']])).toEqual([
      'empty-text warning',
      'empty-label warning',
    ]);
    expect(await kinds([...good, ['the same words', 'The same  words']])).toEqual(['target-is-text warning']);
    expect(await kinds([...good, ['one text', 'an answer'], ['one text', 'another']])).toEqual([
      'several-targets warning',
    ]);
    expect(await kinds([...good, ['one text', 'an answer'], ['one text', 'an answer']])).toEqual(['duplicate info']);
    expect(await kinds([...good, ['one text', 'an answer\nin two lines']])).toEqual(['target-lines info']);
    expect(await kinds(good.map(([text], i) => [text, i % 2 ? 'yes it is' : 'no it is not']))).toEqual([
      'few-targets warning',
    ]);
    expect(await kinds(good.map(([text]) => [text, 'always this']))).toEqual(['few-targets blocking']);
    expect(await kinds(good.slice(0, 5))).toEqual(['too-few-rows blocking']);
    expect(await kinds(good.map(([text], i) => [text, String(1000 + i)]))).toEqual(['few-targets warning']);
  });
});
