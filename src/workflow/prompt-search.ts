/** A search for the best hand-written prompt at work: its candidates, its leaderboard, and how far it is. */

import type { Dataset } from '../dataset/types';
import { crossValidated } from '../evaluation/classify/outcome';
import { present } from '../lib/assert';
import { secondsLeft } from '../lib/format';
import { mean } from '../metrics/special';
import { type PromptCandidate, textKey } from '../task/prompt-candidates';
import type { Host, Run } from './host';
import { type Asked, askGroup, groupsOf, tokensOf } from './prompt-readings';

/**
 * A line of the leaderboard: a text with the list of answer words that counts, or the template alone or a prompt of the user
 * with its own words.
 */
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
  /** Mean tokens of a row with its prompt. */
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
  /** With the key of the line that it competes for. */
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

/** How far the search is, by tokens, and how fast. @param total tokens in all */
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

/** On the leaderboard: finalists first, then by the rows they have answered. */
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

/** The lines of the leaderboard that prompts come to after rows that all of them have answered. */
function linesOf(search: Search, answered: readonly Entry[], ids: readonly string[]): readonly Judged[] {
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

/**
 * Asks prompts about training rows. Those that some row does not fit are dropped.
 * @param later tokens that are read afterwards
 * @returns each text with the answer words that count, and what is never dropped, the best first
 */
export async function askedAll(
  search: Search,
  prompts: readonly Entry[],
  ids: readonly string[],
  note: string,
  later: number,
): Promise<readonly Entry[]> {
  const { host, dataset, run, spent } = search;
  const isAnswered = ({ answers }: Entry) => ids.every((id) => answers.has(id));
  const shown = (some: readonly Entry[]) => {
    for (const { entry, loss, accuracy } of linesOf(search, some.filter(isAnswered), ids))
      show(search, entry, { loss, accuracy, rows: ids.length, on: 'training' });
  };
  const asking = { host, dataset, control: run.control };
  const groups = await groupsOf(asking, prompts, ids);
  shown(prompts);
  let total = spent.read + groups.reduce((sum, { cost }) => sum + cost, 0) + later;
  for (const group of groups) {
    tell(search, note, total);
    if (await askGroup(asking, group)) spent.read += group.cost;
    else total -= group.cost;
    spent.asked += group.readings.reduce((sum, { asked, rows }) => sum + asked.length * tokensOf(rows), 0);
    shown(group.readings.flatMap((reading) => reading.asked));
  }
  return linesOf(search, prompts.filter(isAnswered), ids)
    .toSorted((a, b) => a.surely - b.surely || a.entry.tokens - b.entry.tokens)
    .map(({ entry }) => entry);
}
