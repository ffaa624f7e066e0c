import { describe, expect, it } from 'vitest';
import { isTight } from './storage';

describe('room is short', () => {
  it.each([
    ['a new browser', 0, 10e9, false],
    ['a small quota with room for a few runs', 100e6, 300e6, false],
    ['less left than a run or two take', 245e6, 300e6, true],
    ['nine tenths used of much', 9.1e9, 10e9, true],
    ['more used than granted, after the disk filled up', 400e6, 300e6, true],
  ])('%s', (_, used, quota, tight) => expect(isTight({ used, quota })).toBe(tight));

  it('where the browser does not say, nothing is said', () => expect(isTight(null)).toBe(false));
});
