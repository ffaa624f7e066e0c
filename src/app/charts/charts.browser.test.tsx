import { afterEach, describe, expect, test } from 'vitest';
import { coverageCurve } from '../../metrics/coverage';
import { drawAccuracy, drawConfusion, drawDifferences, drawIntervals } from './comparison-charts';
import { drawCoverage, drawReliability } from './confidence-charts';
import { toSvg } from './export';
import { ARMS, LABELS, PAIRS } from './fixtures';
import { drawLineage } from './lineage-chart';
import { drawPerformance } from './performance-chart';
import type { Draw } from './plot';
import { drawCurve, drawOverlay, drawSmallMultiple } from './run-charts';
import { drawLoss, drawNorms, drawTrace, drawValidation } from './training-charts';
import '../styles/palette.css';
import '../styles/tokens.css';
import '../styles/base.css';
import './charts.css';

const steps = Array.from({ length: 90 }, (_, step) => ({
  step,
  loss: 1.2 * Math.exp(-step / 40),
  learningRate: 0.01,
  gradNorm: 1,
  ms: 700,
}));
const points = [0.47, 0.57, 0.65, 0.7, 0.73, 0.76, 0.79, 0.8, 0.81, 0.8].map((accuracy, i) => ({
  kind: 'classify' as const,
  step: i * 10,
  accuracy,
  macroF1: accuracy,
  loss: 1,
}));
const lines = [
  { kind: 'classify' as const, id: 'majority' as const, name: 'always “neutral”', accuracy: 0.48, macroF1: 0.2 },
  { kind: 'classify' as const, id: 'untuned' as const, name: 'untuned', accuracy: 0.5, macroF1: 0.4 },
  { kind: 'classify' as const, id: 'yours' as const, name: 'your prompt', accuracy: 0.67, macroF1: 0.6 },
];
const runs = ['a', 'b', 'c'].map((id, i) => ({
  id,
  name: `${i + 1}`,
  points: points.map((p) => ({ ...p, accuracy: p.accuracy - i / 20 })),
}));
const many = Array.from({ length: 20 }, (_, i) => `a rather long topic ${i}`);
const confidences = Array.from({ length: 120 }, (_, i) => 0.4 + (0.59 * ((i * 37) % 120)) / 120);
const right = confidences.map((c, i) => (i % 10) / 10 < c);
const coverageOf = (side: 'a' | 'b', shift: number) => {
  const sure = confidences.map((c) => Math.min(0.99, c + shift));
  return { side, confidences: sure, right, curve: coverageCurve(sure, right) };
};
const bins = [0.45, 0.55, 0.65, 0.75, 0.85, 0.95].map((meanConfidence) => ({
  rows: 20,
  meanConfidence,
  accuracy: meanConfidence - 0.1,
  accuracyCi95: { low: meanConfidence - 0.3, high: Math.min(1, meanConfidence + 0.05) },
}));
const long = Array.from({ length: 10_000 }, (_, step) => ({
  step,
  loss: step === 5000 ? 2 : 1 + Math.sin(step / 9) / 3,
  learningRate: 0.01,
  gradNorm: 1,
  ms: 1,
}));
const CHARTS: Readonly<Record<string, Draw>> = {
  validation: drawValidation({ points, lines, metric: 'accuracy', stepsTotal: 150, bestStep: 80 }),
  'validation, empty': drawValidation({ points: [], lines: [], metric: 'accuracy', stepsTotal: 150, bestStep: null }),
  loss: drawLoss(steps, 150),
  'loss, 10,000 steps': drawLoss(long, 10_000),
  coverage: drawCoverage([coverageOf('a', 0), coverageOf('b', 0.05)], 0.7),
  reliability: drawReliability(bins, 'b'),
  norms: drawNorms(
    steps.map(({ step }) => ({ step, shortest: 2, median: 3 + step / 60, longest: 4 + step / 20 })),
    [2.5, 3.2, 4],
    150,
  ),
  trace: drawTrace(
    steps.map(({ step }) => ({ step, value: 1 + Math.sin(step / 9) })),
    150,
  ),
  'runs over one another': drawOverlay(runs, 'accuracy'),
  'one run before the others': drawSmallMultiple(runs, 'b', 'accuracy'),
  'learning curve': drawCurve(
    [64, 128, 256].map((rows, i) => ({ rows, accuracy: 0.6 + i / 10 })),
    100,
  ),
  lineage: drawLineage(
    (
      [
        ['text', 'start', '“Say the tone of the messag…”', null, 0, []],
        ['one', 'soft', 'tuned 1', 'text', 1, []],
        ['two', 'soft', 'tuned 2', 'one', 2, ['production', 'a-stage-with-a-rather-long-name']],
        ['hand', 'hard', 'hand-written 1', null, 0, ['staging']],
        ['mixed', 'soft', 'hybrid 3', 'hand', 1, []],
      ] as const
    ).map(([id, kind, name, parent, depth, stages]) => ({
      id,
      kind,
      name,
      parent,
      depth,
      stages,
      data: kind === 'soft' ? 'data 2' : null,
      author: null,
      how: '',
    })),
  ),
  performance: drawPerformance(
    ARMS.slice(0, 4).map(({ id, name, kind, accuracy, accuracyCi95 }) => ({
      id,
      name,
      kind: kind === 'tuned' ? 'soft' : 'hard',
      value: accuracy,
      ci95: accuracyCi95,
    })),
  ),
  accuracy: drawAccuracy(ARMS),
  differences: drawDifferences(PAIRS, (id) => ARMS.find((a) => a.id === id)?.name ?? id),
  confusion: drawConfusion(ARMS[3] as (typeof ARMS)[number], LABELS),
  'confusion, 20 labels': drawConfusion(
    { ...(ARMS[3] as (typeof ARMS)[number]), confusion: many.map(() => many.map(() => 3)) },
    many,
  ),
};

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

// The two large ones are tested by what they are made of.
const GOLDEN = Object.entries(CHARTS).filter(([name]) => !/20 labels|10,000/.test(name));

test.each(GOLDEN)('%s is drawn as in its golden file', async (name, draw) => {
  const drawn = show(draw, 680);
  await expect(`${drawn.outerHTML.replaceAll('><', '>\n<')}\n`).toMatchFileSnapshot(
    `./golden/${name.replaceAll(/[^a-z0-9]+/g, '-')}.svg`,
  );
});

test.each([324, 425, 680])('names of pairs that take several lines do not run into each other at %i px', (width) => {
  const long = [
    'Tuned with word counts, 0 : 100 minus Tuned',
    'Tuned with word counts, 0 : 100 minus TF-IDF + logistic regression',
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

test('A is a circle and B a diamond, with the letter', () => {
  const drawn = show(CHARTS.accuracy as Draw, 680);
  const named = [...drawn.querySelectorAll('text')].map((t) => t.textContent);
  expect(named).toEqual(expect.arrayContaining(['A Yours', 'B Tuned', 'Untuned']));
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
