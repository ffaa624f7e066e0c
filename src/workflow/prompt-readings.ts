/**
 * Many prompts asked about the same rows. What they share is read once: the text of a row that several instructions or cues
 * follow, the beginning of examples that other examples continue, a text that is asked for with several lists of answer words.
 */

import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { logSoftmax } from '../metrics/classification';
import { type PromptCandidate, stemOf, textKey } from '../task/prompt-candidates';
import { wordsFor } from '../task/template';
import { type LabelTokens, labelTokens, type TokenRow } from '../tokens/tokenizer';
import type { Host } from './host';
import { tokenRows } from './token-rows';

export interface Asked {
  readonly candidate: PromptCandidate;
  readonly answers: Map<string, readonly number[]>;
  /** Mean tokens of a row; 0 until rows were rendered. */
  tokens: number;
}

export interface Asking {
  readonly host: Host;
  readonly dataset: Dataset;
  readonly control: Control;
}

/** A prompt with rows that it has not answered; candidates that differ in their answer words alone share it. */
interface Reading<T extends Asked = Asked> {
  readonly asked: readonly T[];
  readonly rows: readonly TokenRow[];
  /** How often the rows are read: again for each list of answer words with a word of several tokens. */
  readonly times: number;
}

export interface Group<T extends Asked = Asked> {
  readonly readings: readonly Reading<T>[];
  /** The rows up to where the prompts differ, where that is read once for all; null where each is read by itself. */
  readonly stems: readonly TokenRow[] | null;
  readonly cost: number;
}

/** Prompts that share a row to its end, or show the first of the same examples, the fewest first: they are cached. */
export async function groupsOf<T extends Asked>(
  { host, dataset, control }: Asking,
  prompts: readonly T[],
  ids: readonly string[],
): Promise<readonly Group<T>[]> {
  const alike = new Map<string, T[]>();
  for (const asked of prompts) {
    const key = textKey(asked.candidate);
    alike.set(key, [...(alike.get(key) ?? []), asked]);
  }
  const groups = new Map<string, Reading<T>[]>();
  for (const asked of alike.values()) {
    const { prompt, words } = present(asked[0], 'candidate').candidate;
    const split = ids.filter((id) => asked.some(({ answers }) => !answers.has(id)));
    const found = await tokenRows(host, { dataset, prompt, words: wordsFor(prompt, words), split }, control);
    for (const each of asked) each.tokens ||= found.meanTokens;
    if (found.tooLong.length > 0 || found.rows.length === 0) continue;
    const { template, shots, shotSeed, selection, chat } = prompt;
    const key = JSON.stringify(shots > 0 ? [template, shotSeed, selection, chat] : [stemOf(template), chat]);
    const several = asked.filter(({ candidate }) => !areSingle(wordTokens(host, candidate))).length;
    const times = several + Number(several < asked.length);
    groups.set(key, [...(groups.get(key) ?? []), { asked, rows: found.rows, times }]);
  }
  return [...groups.values()].map((readings) =>
    grouped(readings.toSorted((a, b) => tokensOf(a.rows) - tokensOf(b.rows))),
  );
}

export const tokensOf = (rows: readonly TokenRow[]) => rows.reduce((sum, { ids }) => sum + ids.length, 0);

/** Tokens of rows that are read with their common beginning once. */
export const tokensOnce = (rows: readonly TokenRow[]): number => {
  const { length } = beginningOf(rows);
  return length + tokensOf(rows) - length * rows.length;
};

function commonLength(sequences: readonly Int32Array[]): number {
  const [first = Int32Array.of(), ...others] = sequences;
  let length = 0;
  while (length < first.length && others.every((ids) => ids[length] === first[length])) length++;
  return length;
}

const beginningOf = ([first, ...others]: readonly TokenRow[]): Int32Array =>
  first ? first.ids.subarray(0, commonLength([first, ...others].map(({ ids }) => ids))) : Int32Array.of();

/** Tokens of readings one after another, each without the beginning that it has in common with the one before. */
const tokensInTurn = (readings: readonly Reading[]): number =>
  readings.reduce((sum, { rows }, k) => {
    const before = readings[k - 1];
    const known = before ? commonLength([beginningOf(before.rows), beginningOf(rows)]) : 0;
    return sum + tokensOnce(rows) - known;
  }, 0);

const sameIds = (a: Int32Array, b: Int32Array) => a.length === b.length && a.every((id, i) => id === b[i]);

/**
 * Stems are read once where every prompt adds the same tokens to all its rows, so that no token is on both sides, and where
 * that is less to read: before a text a long instruction is better read once for all rows.
 */
function grouped<T extends Asked>(readings: readonly Reading<T>[]): Group<T> {
  const again = readings.reduce((sum, { rows, times }) => sum + (times - 1) * tokensOnce(rows), 0);
  const plain = { readings, stems: null, cost: tokensInTurn(readings) + again };
  const [first, ...others] = readings;
  const names = (rows: readonly TokenRow[]) => rows.map(({ rowId }) => rowId).join('\n');
  if (!first || others.length === 0 || others.some(({ rows }) => names(rows) !== names(first.rows))) return plain;
  const stems = first.rows.map((row, i) => {
    const length = commonLength(readings.map(({ rows }) => present(rows[i], 'row').ids));
    return { ...row, ids: row.ids.subarray(0, length) };
  });
  const tails = readings.map(({ rows }) =>
    rows.map(({ ids }, i) => ids.subarray(present(stems[i], 'stem').ids.length)),
  );
  const isWhole = tails.every((each) =>
    each.every((tail) => tail.length > 0 && sameIds(tail, present(each[0], 'tail'))),
  );
  const cost = tokensOf(stems) + tails.flat().reduce((sum, { length }) => sum + length, 0) + again;
  return isWhole && cost < plain.cost ? { readings, stems, cost } : plain;
}

/** Asks every prompt of a group about its rows; their answers are added to those they have. False = all were known. */
export async function askGroup<T extends Asked>(asking: Asking, { readings, stems }: Group<T>): Promise<boolean> {
  let isRun = false;
  for (const reading of readings) isRun = (await ask(asking, reading, stems)) || isRun;
  return isRun;
}

interface Words {
  readonly answers: Asked['answers'];
  readonly labels: readonly LabelTokens[];
}

/** Asks one prompt about its rows: once for all lists of answer words that are single tokens, and once for each other list. */
async function ask(
  { host, dataset, control }: Asking,
  { asked, rows }: Reading,
  stems: readonly TokenRow[] | null,
): Promise<boolean> {
  let isRun = false;
  const words = asked.map(({ candidate, answers }): Words => ({ answers, labels: wordTokens(host, candidate) }));
  const isShared = ({ labels }: Words) => !rows.some(({ otherOrders }) => otherOrders) && areSingle(labels);
  for (const { answers, labels } of words.filter((each) => !isShared(each))) {
    const scored = await host.engine.score({ rows, labels, soft: null, cacheKey: null }, control);
    isRun ||= scored.rowsRun > 0;
    for (const [r, { logProbs }] of scored.rows.entries()) answers.set(present(rows[r], 'row').rowId, logProbs);
  }
  const shared = words.filter(isShared);
  if (shared.length === 0) return isRun;
  const always = Int32Array.from(new Set(shared.flatMap(({ labels }) => labels.flatMap(({ tokenIds }) => tokenIds))));
  const cue = stems ? present(rows[0], 'row').ids.subarray(present(stems[0], 'stem').ids.length) : Int32Array.of();
  const cacheKey = stems && `prompts ${dataset.fingerprint}`;
  const request = { rows: stems ?? rows, cue, cacheKey, among: always, always, most: 0 };
  const { ids, logProbs, isKnown = false } = await host.engine.nextTokens(request, control);
  for (const { answers, labels } of shared) {
    const columns = labels.map(({ tokenIds }) => ids.indexOf(tokenIds[0] as number));
    for (const [r, { rowId }] of rows.entries())
      answers.set(rowId, logSoftmax(columns.map((j) => logProbs[r * ids.length + j] as number)));
  }
  return isRun || !isKnown;
}

const wordTokens = ({ tokens }: Host, { prompt, words }: PromptCandidate) =>
  labelTokens(tokens, wordsFor(prompt, words));

const areSingle = (labels: readonly LabelTokens[]) => labels.every(({ tokenIds }) => tokenIds.length === 1);
