import { afterEach, describe, expect, test } from 'vitest';
import type { Look } from '../../decide/roll-out';
import { toSvg } from './ChartPanel';
import { drawIntervals } from './comparison-charts';
import { drawRollOut } from './decide-charts';
import { CHARTS } from './fixtures';
import type { Draw } from './plot';
import '../styles/palette.css';
import '../styles/tokens.css';
import '../styles/base.css';
import './charts.css';

const show = (draw: Draw, width: number) => {
  const host = document.createElement('div');
  host.className = 'chart';
  host.style.width = `${width}px`;
  const drawn = draw(width);
  host.append(drawn);
  document.body.append(host);
  return drawn;
};
afterEach(() => document.body.replaceChildren());

describe.each(Object.entries(CHARTS))('%s', (_, draw) => {
  test.each([326, 680])('at %i px nothing is shrunk, cut off, or styled inline', (width) => {
    const drawn = show(draw, width);
    expect(drawn.querySelector('style')).toBeNull();
    expect(drawn.outerHTML).not.toContain('NaN');
    const frame = drawn.getBoundingClientRect();
    expect(frame.width).toBeLessThanOrEqual(width);
    expect(frame.width).toBe(drawn.viewBox.baseVal.width);
    for (const text of drawn.querySelectorAll('text')) {
      if (!text.textContent) continue;
      const box = text.getBoundingClientRect();
      expect(box.left, text.textContent).toBeGreaterThanOrEqual(frame.left - 1);
      expect(box.right, text.textContent).toBeLessThanOrEqual(frame.right + 1);
      expect(box.height).toBeGreaterThan(9);
    }
  });
});

// The large ones are tested by what they are made of.
const GOLDEN = Object.entries(CHARTS).filter(([name]) => !/[24]0 labels|10,000/.test(name));

test.each(GOLDEN)('%s is drawn as in its golden file', async (name, draw) => {
  const drawn = show(draw, 680);
  await expect(`${drawn.outerHTML.replaceAll('><', '>\n<')}\n`).toMatchFileSnapshot(
    `./golden/${name.replaceAll(/[^a-z0-9]+/g, '-')}.svg`,
  );
});

test.each([2, 20, 40])('draws a cell for each pair of %i labels', (labels) => {
  const drawn = show(CHARTS[`confusion, ${labels} labels`] as Draw, 680);
  expect(drawn.querySelectorAll('[aria-label="cell"] rect')).toHaveLength(labels ** 2);
});

test.each([324, 425, 680])('names of pairs that take several lines do not run into each other at %i px', (width) => {
  const long = [
    'Tuned + word counts + probe minus tuned prompt',
    'Tuned + word counts + probe minus a prompt named at some length',
  ];
  const drawn = show(drawIntervals(long.map((name) => ({ name, value: 0, low: -0.1, high: 0.1 }))), width);
  const boxes = [...drawn.querySelectorAll('text')]
    .filter((text) => text.textContent?.startsWith('Tuned'))
    .map((text) => text.getBoundingClientRect());
  expect(boxes).toHaveLength(2);
  expect(boxes[0]?.bottom).toBeLessThanOrEqual(boxes[1]?.top ?? 0);
});

test('draws ten thousand steps with only the points that the width can show, including the spike', () => {
  const drawn = show(CHARTS['loss, 10,000 steps'] as Draw, 680);
  const corners = (path: SVGPathElement) => path.getAttribute('d')?.split('L').length ?? 0;
  const lines = [...drawn.querySelectorAll('path')].map(corners).filter((n) => n > 100);
  expect(lines).toHaveLength(2);
  expect(Math.max(...lines)).toBeLessThanOrEqual(2 * 680);
});

test('a roll-out with one check shows its whole interval', () => {
  const look: Look = {
    labelled: 20,
    served: 20,
    share: 0.05,
    inShare: 0,
    accuracyServed: 0.6,
    difference: 0.2,
    interval: { low: -0.275, high: 0.593 },
    gates: [],
    advice: 'hold',
    decision: 'hold',
    decidedAt: null,
  };
  const drawn = show(drawRollOut({ looks: [look], outcome: 'waiting', sentence: '' }, 0.02), 680);
  const ticks = [...drawn.querySelectorAll('text')].map(({ textContent }) => Number(textContent?.replace('−', '-')));
  expect(Math.max(...ticks.filter(Number.isFinite))).toBeGreaterThanOrEqual(40);
});

test('A is a circle and B a diamond, with the letter', () => {
  const drawn = show(CHARTS.accuracy as Draw, 680);
  const named = [...drawn.querySelectorAll('text')].map((t) => t.textContent);
  expect(named).toEqual(expect.arrayContaining(['A Your prompt', 'B Tuned prompt', 'Untuned prompt']));
  expect(
    drawn.querySelectorAll('[fill="var(--arm-a)"] circle, circle[fill="var(--arm-a)"], g[fill="var(--arm-a)"]').length,
  ).toBeGreaterThan(0);
  expect(drawn.outerHTML).toContain('var(--arm-b)');
});

test('a downloaded SVG needs nothing of the page', async () => {
  const text = await toSvg(show(CHARTS.accuracy as Draw, 680), 'Tuned & yours').text();
  expect(text).not.toContain('var(--');
  expect(text).toContain('<title>Tuned &amp; yours</title>');
  expect(new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')).toBeNull();
});
