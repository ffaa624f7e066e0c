import { expect, it } from 'vitest';
import { promptsHeadline, promptsLead, tryWords } from './words';

it('does not say that a model will be ready where it did not load', () => {
  const standing = { set: null, shown: null, rows: 20, trying: false, model: 'none' } as const;
  expect(promptsHeadline(standing)).toBe('A first prompt is ready, but no model is loaded');
  expect(promptsLead(standing)).toContain('the note here says what to do');
  expect(promptsLead({ ...standing, model: 'loading' })).toContain('once the model is ready');
});

it('says how long a try will take, and of a short one only that it is short', () => {
  expect(tryWords(82, null)).toBe('Try on 82 rows');
  expect(tryWords(82, 9.2)).toBe('Try on 82 rows · 9 s');
  expect(tryWords(82, 3.4)).toBe('Try on 82 rows · 3 s');
  // half as long again is still below 5 s
  expect(tryWords(1, 3.3)).toBe('Try on 1 row · under 5 s');
});
