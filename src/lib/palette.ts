/**
 * Every colour of the product. `src/app/styles/palette.css` is made from it (`npm run palette`). Contrasts are computed in both
 * modes: text at least 4.5, lines that carry meaning at least 3.
 */
interface Shade {
  readonly light: string;
  readonly dark: string;
  /** Where the user forces their own colours. */
  readonly forced: string;
}

const shade = (light: string, dark: string, forced: string): Shade => ({ light, dark, forced });

export const PALETTE = {
  paper: shade('#fbfaf7', '#15161a', 'Canvas'),
  panel: shade('#ffffff', '#1c1e23', 'Canvas'),
  sunken: shade('#f3f1ec', '#111216', 'Canvas'),
  line: shade('#e4e0d8', '#2d3037', 'CanvasText'),
  'line-strong': shade('#8d8779', '#737884', 'CanvasText'),
  ink: shade('#1c1b19', '#ece9e3', 'CanvasText'),
  'ink-2': shade('#57534b', '#b3b0a8', 'CanvasText'),
  accent: shade('#33312c', '#e4e1da', 'Highlight'),
  'accent-hover': shade('#4a473f', '#ffffff', 'Highlight'),
  'accent-ink': shade('#ffffff', '#15161a', 'HighlightText'),
  'accent-soft': shade('#ece9e2', '#2a2c33', 'Canvas'),
  hover: shade('#f5f3ee', '#24262c', 'Canvas'),
  // colour means data: A = hand-written (circle), B = tuned (diamond), grey dashed = reference
  'arm-a': shade('#b3540b', '#f0a35e', 'CanvasText'),
  'arm-b': shade('#1f5fbf', '#7fb0ff', 'Highlight'),
  ref: shade('#6f6a5f', '#8e8b84', 'GrayText'),
  good: shade('#1c7346', '#63c493', 'CanvasText'),
  bad: shade('#b3261e', '#f28b82', 'CanvasText'),
  'warn-soft': shade('#fdf3dc', '#33290f', 'Canvas'),
  'bad-soft': shade('#fbeae8', '#381a18', 'Canvas'),
} as const satisfies Readonly<Record<string, Shade>>;

export type ColourName = keyof typeof PALETTE;

const NAMES = Object.keys(PALETTE) as ColourName[];

/** As style sheets and charts name it. */
export const colour = (name: ColourName): string => `var(--${name})`;

/** `#1f5fbf` -> `31 95 191`, for transparency. */
export const rgbParts = (hex: string): string =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(' ');

export function paletteCss(): string {
  const lines = (value: (shade: Shade) => string, indent: string) =>
    NAMES.map((name) => `${indent}--${name}: ${value(PALETTE[name])};`).join('\n');
  return `/* Made from src/lib/palette.ts by npm run palette: change it there. */
:root {
${lines(({ light, dark }) => `light-dark(${light}, ${dark})`, '  ')}
}

/* The system's own colours: shape, label and border carry what colour carried. */
@media (forced-colors: active) {
  :root {
${lines(({ forced }) => forced, '    ')}
  }
}
`;
}
