import { describe, expect, it } from 'vitest';
import { editDataset } from '../edit';
import { preparedOf, unlikeTexts } from '../test-support';

/** 100 rows: 50 for training, 15 for validation, 35 for test. */
const TEXTS = unlikeTexts(100, 1);
const ids = (from: number, to: number) => TEXTS.slice(from, to).map((_, i) => String(from + i + 1));
const SPLIT = { train: ids(0, 50), validation: ids(50, 65), test: ids(65, 100) };
const label = (i: number) => 'ab'[i % 2] as string;

/** The rows where some repeat a training row with a word more, and the label of that row. */
async function withTwins(copies: Readonly<Record<number, number>>, change = (text: string) => `${text} again`) {
  const rows = TEXTS.map((text, i): [string, string] => {
    const of = copies[i];
    return of === undefined ? [text, label(i)] : [change(TEXTS[of] as string), label(of)];
  });
  const prepared = await preparedOf(rows, { seed: 0, fixedSplit: SPLIT });
  return { ...prepared, twins: prepared.issues.find(({ kind }) => kind === 'near-twin') };
}

describe('near-twins across the split', () => {
  it('are counted in test and validation rows, with the training rows to leave out', async () => {
    const { twins } = await withTwins({ 70: 3, 71: 3, 99: 8, 52: 20 });
    expect(twins).toMatchObject({
      severity: 'warning',
      title: '3 of 35 test rows have a near-twin in training',
      rowIds: ['71', '72', '100', '53'],
      fix: { label: 'Leave out 3 training rows', change: { kind: 'unlabel', rowIds: ['4', '9', '21'] } },
    });
    expect(twins?.advice).toContain('a training row with the same label');
    expect(twins?.advice).toContain('1 of 15 validation rows has a near-twin too.');
  });

  it('say what they do once where other test rows are leaks', async () => {
    let made = 0;
    const isCopy = (text: string) => (made++ === 0 ? text : `${text} again`);
    const { issues, twins } = await withTwins({ 70: 3, 71: 8 }, isCopy);
    expect(issues.find(({ kind }) => kind === 'leak')?.advice).toContain('may know them by heart');
    expect(twins?.advice).toContain('which flatters a prompt in the same way. Leave out');
    expect(twins?.advice).not.toContain('from memory');
  });

  it('are reported for validation rows alone too', async () => {
    const { twins } = await withTwins({ 52: 20 });
    expect(twins?.title).toBe('1 of 15 validation rows has a near-twin in training');
  });

  it('are gone after the one-click fix, with every test row kept', async () => {
    const { dataset, twins } = await withTwins({ 70: 3, 71: 3, 99: 8, 52: 20 });
    const fixed = await editDataset(dataset, twins?.fix?.change as never, '2026-01-01T00:00:00Z');
    if (!fixed.ok) throw new Error(fixed.error.message);
    expect(fixed.value.issues.some(({ kind }) => kind === 'near-twin')).toBe(false);
    expect(fixed.value.dataset.split.test).toEqual(dataset.split.test);
    expect(fixed.value.dataset.split.train).toHaveLength(47);
  });

  it('offer no fix that would take more than half of the training rows', async () => {
    const { twins } = await withTwins(Object.fromEntries(Array.from({ length: 35 }, (_, i) => [65 + i, i])));
    expect(twins?.title).toBe('35 of 35 test rows have a near-twin in training');
    expect(twins?.fix).toBeUndefined();
  });

  it('are not reported where the very same text is: that is a leak or a duplicate', async () => {
    const { issues, twins } = await withTwins({ 70: 3, 52: 20 }, (text) => text);
    expect(twins).toBeUndefined();
    expect(issues.map(({ kind }) => kind)).toContain('leak');
  });

  it('are not reported where no text resembles another', async () => {
    expect((await withTwins({})).twins).toBeUndefined();
  });
});
