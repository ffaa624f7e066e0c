import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PALETTE, paletteCss } from './palette';

const file = join(import.meta.dirname, '../app/styles/palette.css');

it('is what the page’s style sheet says; after a change run npm run palette', () => {
  expect(readFileSync(file, 'utf8')).toBe(paletteCss());
});

/** Relative luminance by WCAG 2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

it.each([
  ['ink', 4.5],
  ['ink-2', 4.5],
  ['arm-a', 4.5],
  ['arm-b', 4.5],
  ['good', 4.5],
  ['bad', 4.5],
  ['ref', 3],
  ['line-strong', 3],
] as const)('has enough contrast between %s and a panel, in both modes', (name, least) => {
  for (const mode of ['light', 'dark'] as const)
    expect(contrast(PALETTE[name][mode], PALETTE.panel[mode])).toBeGreaterThanOrEqual(least);
});
