import { expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import { openSet } from './run-task';

const LABELS = ['card payment fee charged', 'declined card payment', 'pending card payment', 'reverted card payment'];
/** Only a letter is a single token. */
const encode = (text: string) =>
  Int32Array.from(/^ ?[A-Z]$/.test(text) ? [text.charCodeAt(text.length - 1)] : [1, ...text].map((_, i) => i));

it('names letters in the proposed instruction where letters answer', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`text ${i}`, LABELS[i % 4] ?? ''] as const);
  const { dataset } = await preparedOf(rows);
  const host = { tokens: { encode }, now: () => '2026-01-01', newId: () => 'id' };
  const { words, hard } = openSet(host as never, { dataset, prompt: null, words: null });
  expect(words.map(({ word }) => word.trim())).toEqual(['A', 'B', 'C', 'D']);
  for (const [i, label] of LABELS.entries())
    expect(hard[0]?.prompt.template).toMatch(new RegExp(`${'ABCD'[i]}\\W+.*${label}`));
});
