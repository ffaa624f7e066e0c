import { expect, test } from 'vitest';
import { STANDARD } from '../../training/settings';
import { wholeTime } from './whole-run';

const WORK = { trainRows: 238, validationRows: 64, testRows: 166, meanTokens: 30, cachedRows: 0 };
const SETTINGS = { ...STANDARD, virtualTokens: 5 };

test('a guess is a range that falls with the threads; a measured machine has one time', () => {
  expect(wholeTime(SETTINGS, WORK, null, 2)).toBe('2 to 7 min');
  expect(wholeTime(SETTINGS, WORK, null, 1)).toBe('3 to 13 min');
  expect(wholeTime(SETTINGS, WORK, { tokenMs: 0.05, step: { suffix: { ms: 40, tokens: 80 } } }, 2)).toBe('about 10 s');
});
