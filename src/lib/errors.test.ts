import { describe, expect, it } from 'vitest';
import { asStudioError, toWire } from './errors';

describe('code of the page that was not fetched', () => {
  it.each([
    ['Chromium', 'Failed to fetch dynamically imported module: http://localhost/assets/predict-BgVsOLVM.js'],
    ['Firefox', 'error loading dynamically imported module: http://localhost/assets/predict-BgVsOLVM.js'],
    ['Safari', 'Importing a module script failed.'],
  ])('is said without the words of %s, in a worker and in the page', (_, message) => {
    for (const said of [toWire(new TypeError(message)), asStudioError(new TypeError(message))])
      expect(said.message).toMatch(/^Part of the page could not be fetched\. Check the connection and try again;/);
  });

  it('leaves other errors their words', () => {
    expect(toWire(new Error('The row is gone')).message).toBe('The row is gone');
    expect(asStudioError(new Error('The row is gone')).message).toBe('Something went wrong: The row is gone');
  });
});
