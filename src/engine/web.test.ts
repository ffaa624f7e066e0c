import { expect, it } from 'vitest';
import { weightBytes } from './web';

const engine = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko)';
/** Bytes of its matrices as float32. */
const BUILT_IN = 537_919_488;

it('holds the built-in model small in WebKit, which crashed with float32 weights, and not in others', () => {
  expect(weightBytes({ userAgent: `${engine} Version/26.0 Safari/605.1.15` })).toBeLessThan(BUILT_IN);
  expect(weightBytes({ userAgent: `${engine} Chrome/156.0.0.0 Safari/537.36` })).toBeGreaterThan(BUILT_IN);
  expect(weightBytes({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Firefox/153.0' })).toBeGreaterThan(
    BUILT_IN,
  );
});

it('holds it small where a device has little memory', () => {
  expect(weightBytes({ userAgent: `${engine} Chrome/156.0.0.0`, deviceMemory: 2 })).toBeLessThan(BUILT_IN);
});
