import { expect, it } from 'vitest';
import { tokensDifference, tokensSentence } from './cost';

const plan = { seed: 1 };
const nameOf = (id: string) => ({ few: 'Yours + 8 examples', tuned: 'Tuned' })[id] ?? id;
const tuned = { tokensSent: Array.from({ length: 100 }, (_, i) => 30 + (i % 10)) };
const sentence = (few: readonly number[]) => {
  const tokens = tokensDifference({ tokensSent: few }, tuned, plan, 2000);
  return tokensSentence({ a: 'few', b: 'tuned', ...(tokens ? { tokens } : {}) }, nameOf);
};

it('rows are paired: what every row has more of is no doubt at all', () => {
  const few = tuned.tokensSent.map((tokens) => tokens + 300);
  expect(tokensDifference({ tokensSent: few }, tuned, plan, 2000)).toEqual({
    difference: -300,
    ci95: { low: -300, high: -300 },
  });
  expect(sentence(few)).toBe('Tuned sends 300 tokens a row fewer than Yours + 8 examples (on every row alike).');
});

it('where it differs from row to row the interval says so', () => {
  // 0 or 20 more, by turns: mean 10, standard error 1
  const few = tuned.tokensSent.map((tokens, i) => tokens - (i % 2) * 20);
  const { difference, ci95 } = tokensDifference({ tokensSent: few }, tuned, plan, 2000) ?? {
    ci95: { low: 0, high: 0 },
  };
  expect(difference).toBe(10);
  expect(ci95.low).toBeGreaterThan(7);
  expect(ci95.low).toBeLessThan(9);
  expect(ci95.high).toBeGreaterThan(11);
  expect(ci95.high).toBeLessThan(13);
  expect(sentence(few)).toMatch(/^Tuned sends 10 tokens a row more than .* \(95% interval 8 to 12\)\.$/);
});

it('nothing is said where nothing was kept, and equal is said as equal', () => {
  expect(tokensDifference({}, tuned, plan, 100)).toBeNull();
  expect(tokensSentence({ a: 'few', b: 'tuned' }, nameOf)).toBeNull();
  expect(sentence(tuned.tokensSent)).toBe('Tuned sends as many tokens a row as Yours + 8 examples.');
});
