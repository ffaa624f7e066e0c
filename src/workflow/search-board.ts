/** The leaderboard of a search for prompts: who leads on the rows that were asked, and by which answer words. */
import type { Dataset } from '../dataset/types';
import { crossValidated } from '../evaluation/classify/outcome';
import { present } from '../lib/assert';
import { secondsLeft } from '../lib/format';
import { mean } from '../metrics/special';
import { type PromptCandidate, textKey } from '../task/prompt-candidates';
import type { Host, Run } from './host';
import type { Asked } from './prompt-readings';

/** A line of the leaderboard: a text with the answer words that count, or a prompt of the user with its own. */
export interface Standing {
  readonly key: string;
  readonly name: string;
  readonly lists: number;
  readonly origin: PromptCandidate['origin'];
  readonly rows: number;
  readonly on: 'training' | 'training and validation' | 'validation';
  /** Calibrated and cross-validated, as the accuracy. */
  readonly loss: number;
  readonly accuracy: number;
  readonly tokens: number;
}

export type ImproveEvent =
  | { readonly kind: 'standing'; readonly standing: Standing }
  | {
      readonly kind: 'progress';
      readonly fraction: number;
      readonly note: string;
      readonly tokensPerSecond: number | null;
      readonly secondsLeft: number | null;
      /** Prompts. */
      readonly answered: number;
    };

export interface Entry extends Asked {
  readonly face: Pick<Standing, 'key' | 'name' | 'origin'>;
}

interface Line {
  readonly standing: Standing;
  readonly entry: Entry;
}

export interface Search {
  readonly host: Host;
  readonly dataset: Dataset;
  readonly run: Run<ImproveEvent>;
  readonly entries: readonly Entry[];
  /** Labels of the training rows that are asked, by id. */
  readonly pool: ReadonlyMap<string, number>;
  readonly counts: readonly number[];
  /** Mean tokens of a row under the plain template. */
  readonly rowTokens: number;
  readonly board: Map<string, Line>;
  readonly spent: { read: number; asked: number; readonly begin: number };
}

export function figuresOf(
  { counts }: Pick<Search, 'counts'>,
  answers: readonly (readonly number[])[],
  golds: readonly number[],
) {
  const { losses, right } = crossValidated(answers, golds, counts);
  return { losses, loss: mean(losses), accuracy: mean(right.map(Number)) };
}

export function show(
  { board, entries, run }: Search,
  entry: Entry,
  figures: Pick<Standing, 'loss' | 'accuracy' | 'rows' | 'on'>,
): Standing {
  const { face, tokens } = entry;
  const text = textKey(entry.candidate);
  const lists = entries.filter(({ candidate }) => textKey(candidate) === text).length;
  const standing = { ...face, lists: Math.max(1, lists), ...figures, tokens };
  board.set(face.key, { standing, entry });
  run.emit({ kind: 'standing', standing });
  return standing;
}

export function tell({ run, entries, spent: { read, begin } }: Search, note: string, total: number): void {
  const seconds = (performance.now() - begin) / 1000;
  run.emit({
    kind: 'progress',
    fraction: Math.min(1, read / Math.max(1, total)),
    note,
    tokensPerSecond: read > 0 ? read / seconds : null,
    secondsLeft: secondsLeft(read, total, seconds),
    answered: answeredAmong(entries),
  });
}

export const answeredAmong = (entries: readonly Entry[]): number =>
  entries.filter(({ answers }) => answers.size > 0).length;

export const boardOf = ({ board }: Search): readonly Standing[] =>
  Array.from(board.values(), ({ standing }) => standing).toSorted(
    (a, b) =>
      Number(b.on !== 'training') - Number(a.on !== 'training') ||
      b.rows - a.rows ||
      a.loss - b.loss ||
      a.tokens - b.tokens ||
      (a.key < b.key ? -1 : 1),
  );

/** By how many standard errors less the lead of other answer words than a text's first counts: the best of many flatters. */
const DISCOUNT = 2;

interface Judged {
  readonly entry: Entry;
  readonly losses: readonly number[];
  readonly loss: number;
  readonly accuracy: number;
  /** Its loss, or where it has other answer words than its text had from the start, how low that surely is. */
  readonly surely: number;
}

/** The answer words of a text that count: those that it has from the start, unless others are clearly better on the same rows. */
function counting([first, ...others]: readonly [Judged, ...Judged[]]): Judged {
  const surely = ({ losses, loss }: Judged) => {
    const lead = first.loss - loss;
    const spread = mean(losses.map((each, i) => ((first.losses[i] as number) - each - lead) ** 2));
    return loss + DISCOUNT * Math.sqrt(spread / Math.max(1, losses.length - 1));
  };
  return others
    .map((each) => ({ ...each, surely: surely(each) }))
    .reduce((best, each) => (each.surely < best.surely ? each : best), first);
}

export function linesOf(search: Search, answered: readonly Entry[], ids: readonly string[]): readonly Judged[] {
  const golds = ids.map((id) => present(search.pool.get(id), id));
  const judged = answered.map((entry): Judged => {
    const answers = ids.map((id) => present(entry.answers.get(id), id));
    const figures = figuresOf(search, answers, golds);
    return { entry, ...figures, surely: figures.loss };
  });
  const texts = new Map<string, [Judged, ...Judged[]]>();
  for (const each of judged) {
    const key = textKey(each.entry.candidate);
    const before = texts.get(key);
    if (before) before.push(each);
    else texts.set(key, [each]);
  }
  return [...texts.values()].flatMap((some) => {
    const best = counting(some);
    return [best, ...some.filter(({ entry }) => entry !== best.entry && entry.face.origin !== 'made')];
  });
}
