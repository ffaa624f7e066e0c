type Mark = readonly [x: number, y: number, width: number, height: number];

const WIDTH = 144;
const HEIGHT = 40;
const DOT = 6;

/** Columns of dots that stand on the ground, from `x` on. */
const dots = (x: number, ...heights: readonly number[]): readonly Mark[] =>
  heights.flatMap((dotsHigh, i) =>
    Array.from({ length: dotsHigh }, (_, j) => [x + 8 * i, HEIGHT - 8 * (j + 1), DOT, DOT] as const),
  );
/** Bars that stand on the ground. */
const bars = (x: number, apart: number, ...heights: readonly number[]): readonly Mark[] =>
  heights.map((height, i) => [x + apart * i, HEIGHT - height, 12, height]);

/** What is behind, and what the word means. A mark as wide as it is high is a dot. */
const PICTURES: Readonly<Record<string, readonly [weak: readonly Mark[], strong: readonly Mark[]]>> = {
  // vectors, where words are
  'virtual tokens': [
    [32, 54, 88, 108].map((x, i) => [x + 36, 26, [18, 30, 16, 22][i] ?? 0, 8]),
    bars(0, 16, 20, 20, 20, 20),
  ],
  // many rows train, some choose, the rest waits
  'validation rows': [[...dots(0, 4, 4, 4, 4, 4, 4, 4), ...dots(112, 4, 4, 4, 4)], dots(72, 4, 4, 4)],
  // around zero, and above it
  interval: [
    [[30, 0, 2, 40]],
    [
      [52, 19, 80, 2],
      [52, 14, 2, 12],
      [130, 14, 2, 12],
      [87, 15, 10, 10],
    ],
  ],
  // what chance gives, and what was measured
  p: [dots(16, 1, 2, 3, 5, 3, 2, 1), dots(104, 1)],
  // one low bar pulls the mean down
  'macro-f1': [bars(16, 28, 36, 32, 10), [[8, 14, 88, 2]]],
  // lopsided before, level after
  calibration: [bars(8, 16, 36, 14, 10), bars(80, 16, 20, 20, 20)],
};

/** For a term that ends with one of these words: what it means, drawn. */
export function TermPicture({ of }: { readonly of: string }) {
  const [, marks] = Object.entries(PICTURES).find(([word]) => new RegExp(`\\b${word}$`, 'i').test(of)) ?? [];
  if (!marks) return null;
  return (
    <svg className="term-picture" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {marks.map((each, strength) =>
        each.map(([x, y, width, height]) => (
          <rect
            key={`${x} ${y}`}
            {...{ x, y, width, height }}
            rx={width === height ? width / 2 : 1}
            fill="currentColor"
            fillOpacity={strength === 0 ? 0.5 : 1}
          />
        )),
      )}
    </svg>
  );
}
