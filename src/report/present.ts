/** Present, the view for a room: type sizes that let any text and its answers be read from the last row, and the score. */

interface Shown {
  readonly text: string;
  /** Prompts side by side. */
  readonly prompts: number;
  /** None where texts are generated. */
  readonly labels: readonly string[];
  /** Of the window, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** In CSS pixels. */
export interface PresentSizes {
  readonly text: number;
  /** Lines of the text that are visible at once. */
  readonly lines: number;
  /** There is more text than that, to be read by scrolling. */
  readonly isCut: boolean;
  /** The answer as a headline. */
  readonly said: number;
  /** A label with its probability, and everything else. */
  readonly label: number;
}

/** With more labels than these the room does not guess, and only the most likely few are shown. */
export const MOST_LABELS = 8;
const FEW = 4;
export const shownLabels = (labels: readonly string[]): number => (labels.length > MOST_LABELS ? FEW : labels.length);
/** A longer name takes a second line, so that it is shown whole. */
const LONG_NAME = 16;
export const LINE_HEIGHT = 1.25;

/** Below this width prompts are under each other, and the view scrolls. */
const NARROW = 760;
const clamp = (value: number, low: number, high: number) => Math.floor(Math.max(low, Math.min(high, value)));

/** The largest type in which text and answers fit the window; a text too long even at a quarter of it is cut. */
export function presentSizes({ text, prompts, labels, width, height }: Shown): PresentSizes {
  const narrow = width < NARROW;
  const padding = narrow ? 16 : 32;
  const lines = labels.reduce((sum, { length }) => sum + (length > LONG_NAME ? 2 : 1), 0);
  // of many labels the few that are shown have their bars below their names
  const rows = labels.length > MOST_LABELS ? 2 * FEW : lines || 4;
  const column = narrow ? width - 2 * padding : (width - 2 * padding) / prompts - padding;
  // a little over half the window: the prompt's name, the headline, a line and a half for each line of a label, and the gaps between them
  const inRows = (0.56 * height - 48) / (1.5 * rows + 4);
  const label = clamp(Math.min(inRows, width / 50, column / 11), narrow ? 15 : 18, 40);
  // the longest name in one line, where that leaves it larger than the list
  const said = clamp(Math.min(label * 2, column / Math.max(9, ...labels.map(emsOf))), label, 80);
  const answers = 48 + said * 1.2 + label * (1.5 * rows + 1.5);
  // above and below the text: the bar, the buttons, and the right answer with the score, which many prompts make longer
  const beside = label * (prompts > 3 ? 5 : 3.4);
  const room = narrow ? height * 0.4 : height - answers - 2 * padding - 96 - beside;
  const least = narrow ? 20 : clamp(width / 45, 24, 48);
  const most = clamp(width / 20, least, 96);
  for (let size = most; ; size -= 2) {
    const fit = Math.max(2, Math.floor(room / (size * LINE_HEIGHT)));
    const needed = linesOf(text, (width - 2 * padding) / size, fit);
    if (needed <= fit) return { text: size, lines: needed, isCut: false, said, label };
    if (size - 2 < least) return { text: size, lines: fit, isCut: true, said, label };
  }
}

/** Chinese, Japanese and Korean characters and emoji: as wide as they are high, and a line may break before each. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u3000-\u303f\uff00-\uff60]/u;

/** Rough widths of a proportional typeface in semibold, in em. */
function widthOf(char: string): number {
  if (WIDE.test(char)) return 1.04;
  if (/[iljtfrI.,:;'’!|()[\] ]/.test(char)) return 0.34;
  return /[mwMW@%]/.test(char) ? 0.92 : /\p{Lu}/u.test(char) ? 0.72 : 0.58;
}

const emsOf = (text: string): number => Array.from(text).reduce((sum, char) => sum + widthOf(char), 0);

/** Lines of a text, broken between words, or within one longer than a line. @param width in em @param most lines */
export function linesOf(text: string, width: number, most = Number.POSITIVE_INFINITY): number {
  let lines = 1;
  let used = 0;
  let word = 0;
  for (const char of text) {
    if (lines > most) break;
    if (char === '\n') {
      lines++;
      used = 0;
      word = 0;
      continue;
    }
    const wide = widthOf(char);
    const isSpace = /\s/.test(char);
    word = isSpace ? 0 : WIDE.test(char) ? wide : word + wide;
    used += wide;
    // white space hangs over the end of a line
    if (used <= width || isSpace) continue;
    lines++;
    if (word > width) word = wide;
    used = word;
  }
  return lines;
}

/** Who answered an example whose right answer is known, and what each said. */
export interface Judged {
  readonly right: string;
  readonly said: Readonly<Record<string, string>>;
}

/** "2 of 3": how often one of them was right, of the examples that it answered; null = it answered none. */
export function scoreWords(judged: readonly Judged[], who: string): string | null {
  const own = judged.filter(({ said }) => Object.hasOwn(said, who));
  return own.length === 0 ? null : `${own.filter(({ said, right }) => said[who] === right).length} of ${own.length}`;
}
