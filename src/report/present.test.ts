import { describe, expect, it, test } from 'vitest';
import { LINE_HEIGHT, linesOf, presentSizes, scoreWords, shownLabels } from './present';

const WINDOWS = [
  [1440, 900],
  [1920, 1080],
] as const;
const TEXTS = {
  'a word': 'Thanks',
  'a sentence': 'I had to call support three times, but they finally helped.',
  '3,000 words': 'delivery was late again '.repeat(750),
  Japanese: '配達が三日も遅れましたが、担当の方はとても親切でした。'.repeat(20),
  'one long unbroken string': 'x'.repeat(4000),
};
const named = (count: number, name = 'label') => Array.from({ length: count }, (_, i) => `${name} ${i}`);
const LAYOUTS = WINDOWS.flatMap(([width, height]) =>
  [2, 8, 40].flatMap((count) => [1, 2, 3, 4].map((prompts) => ({ width, height, labels: named(count), prompts }))),
);

describe.each(Object.entries(TEXTS))('%s', (_, text) => {
  it('fits a window with its answers, in type that can be read at a quarter of its size', () => {
    for (const layout of LAYOUTS) {
      const { text: size, lines, said, label } = presentSizes({ ...layout, text });
      const answers = said * 1.2 + label * 1.5 * (shownLabels(layout.labels) + 1);
      expect(size * LINE_HEIGHT * lines + answers).toBeLessThan(layout.height - 96);
      expect(size / 4).toBeGreaterThanOrEqual(8);
      expect(label / 4).toBeGreaterThanOrEqual(7);
    }
  });

  it('is cut only where it needs more lines than fit', () => {
    for (const layout of LAYOUTS) {
      const { text: size, lines, isCut } = presentSizes({ ...layout, text });
      const needed = linesOf(text, (layout.width - 64) / size);
      expect(isCut ? needed > lines : needed === lines).toBe(true);
    }
  });

  it('has a readable size on a phone', () => {
    const { text: size, label } = presentSizes({ text, prompts: 3, labels: named(8), width: 390, height: 844 });
    expect(size).toBeGreaterThanOrEqual(20);
    expect(label).toBeGreaterThanOrEqual(15);
  });
});

it('uses larger type for shorter texts and for larger windows', () => {
  const of = (text: string, width: number, height: number) =>
    presentSizes({ text, prompts: 2, labels: named(3), width, height }).text;
  expect(of(TEXTS['a word'], 1440, 900)).toBeGreaterThan(of(TEXTS.Japanese, 1440, 900));
  expect(of(TEXTS['a word'], 1920, 1080)).toBeGreaterThan(of(TEXTS['a word'], 1440, 900));
});

it('has the headline of an answer in one line, where its name is long', () => {
  const labels = named(40, 'refund_pending_at_home');
  const { said, label } = presentSizes({ text: 'Thanks', prompts: 3, labels, width: 1440, height: 900 });
  const column = (1440 - 64) / 3 - 32;
  expect(said).toBeGreaterThan(label);
  expect(linesOf('refund_pending_at_home 39', column / said)).toBe(1);
});

it('leaves long names of labels two lines each, and shows few of many labels', () => {
  const of = (labels: readonly string[]) =>
    presentSizes({ text: 'Thanks', prompts: 3, labels, width: 1440, height: 900 });
  expect(of(named(8, 'card_arrival_abroad')).label).toBeLessThan(of(named(8)).label);
  expect([40, 9, 8, 2, 0].map((count) => shownLabels(named(count)))).toEqual([4, 4, 8, 2, 0]);
  expect(of(named(40, 'card_arrival_abroad')).label).toBe(of(named(8)).label);
});

test.each([
  ['', 10, 1],
  ['a\nb\n\nc', 10, 4],
  ['aaaa bbbb cccc', 5.1, 2],
  ['aaaa bbbb cccc', 3, 3],
  ['x'.repeat(100), 5.8, 10],
  ['漢'.repeat(100), 10.4, 10],
])('breaks %j at %d em into %d lines', (text, width, lines) => expect(linesOf(text, width)).toBe(lines));

test('counts how often each was right, of the examples that it answered', () => {
  const judged = [
    { right: 'good', said: { untuned: 'bad', tuned: 'good', audience: 'good' } },
    { right: 'bad', said: { untuned: 'bad', tuned: 'bad' } },
  ];
  expect(['untuned', 'tuned', 'audience', 'yours'].map((who) => scoreWords(judged, who))).toEqual([
    '1 of 2',
    '2 of 2',
    '1 of 1',
    null,
  ]);
});
