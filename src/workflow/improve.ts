/**
 * Verb: the best hand-written prompt, found. Texts, each with several lists of answer words, answer a few training rows, the
 * better ones more of them (successive halving, Jamieson & Talwalkar 2016). The best few, the template alone and the user's
 * prompts then answer validation rows, which choose. No test row is read. What rows share under several candidates is read
 * once.
 */
import { accountOf, without } from '../dataset/account';
import { drawnRows } from '../dataset/draw';
import { withHashes } from '../dataset/keys';
import { labelCounts } from '../dataset/labels';
import type { Dataset, RowAccount } from '../dataset/types';
import { chosenCalibration } from '../evaluation/classify/outcome';
import type { CalibrationFit } from '../evaluation/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { voicesOf } from '../prompt/prompt';
import type { FoundPrompt, FoundWords } from '../prompt-set/make-versions';
import type { PromptSearch, Tried } from '../prompt-set/types';
import {
  candidateKey,
  candidateName,
  type PromptCandidate,
  promptCandidates,
  textKey,
  textsAmong,
} from '../task/prompt-candidates';
import { hasOwnTokens } from '../task/propose-words';
import { shotIds } from '../task/render';
import { checkTemplate, wordsFor } from '../task/template';
import type { AnswerWord } from '../task/types';
import type { TokenRow } from '../tokens/tokenizer';
import { ask } from './ask';
import { CALIBRATION_ROWS } from './compare-labels';
import { CUES, type CueReading, type FindWordsEvent, findWords, listsOf } from './find-words';
import type { Host, Run, Verb } from './host';
import { askGroup, groupsOf, tokensOf, tokensOnce } from './prompt-readings';
import { learnedRows } from './run-rows';
import {
  answeredAmong,
  boardOf,
  type Entry,
  figuresOf,
  type ImproveEvent,
  linesOf,
  type Search,
  type Standing,
  show,
  tell,
} from './search-board';
import { tokenRows } from './token-rows';
import { triedIds } from './training-rows';
import { triedFrom } from './tries';

/** Prompts that some row does not fit are dropped. @param later tokens that are read afterwards */
async function askedAll(
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

export const CANDIDATES = 200;

export interface ImproveRequest {
  readonly dataset: Dataset;
  /** The plain text around a row, with its cue. */
  readonly template: string;
  readonly words: readonly AnswerWord[];
  readonly own: readonly Omit<PromptCandidate, 'origin'>[];
  /** Most candidates, the template and the user's prompts included, which are compared in any case; null = the usual number. */
  readonly budget: number | null;
}

/** The winner, as a version will answer; its figures are those of a try, unless the search was stopped before. */
export interface Improved extends FoundPrompt {
  readonly winner: FoundPrompt['winner'] & Pick<Standing, 'key'>;
  readonly board: readonly Standing[];
  /** Tokens that the model read, and those of every row under every candidate. */
  readonly tokens: { readonly read: number; readonly asked: number };
}

const FEWEST_ROWS = 8;
/** Rows of the first rung, and of the last. Each rung has twice those of the one before. */
const FIRST_ROWS = 16;
const MOST_ROWS = 128;
/** The share of the texts that answers each rung, with all their answer words. */
const KEPT = [1, 1 / 3, 1 / 6] as const;
const LEAST_KEPT = 5;
const FINALISTS = 3;
const FINAL_ROWS = 64;
const WORD_ROWS = 96;
/** Most of the training rows that may be examples in some candidate, and are therefore not asked. */
const SHOWN_SHARE = 1 / 3;

/** A stop ends it with the best so far. @throws StudioError `bad-input` for a bad template or too few rows */
export const improve: Verb<ImproveRequest, ImproveEvent, Improved> = async (host, request, run) => {
  const search = await openSearch(host, request, run);
  let ranked: readonly Entry[] = [];
  try {
    for (let rung = 0; rung < KEPT.length; rung++) ranked = await climbed(search, ranked, rung);
    const [best, ...others] = await validated(search, keepingOwn(ranked, FINALISTS));
    if (best) return improvedBy(search, best, [best, ...others]);
  } catch (error) {
    if (run.control.requested !== 'stop') throw error;
  }
  return bestSoFar(search, ranked);
};

export async function searchedRows(
  host: Host,
  { dataset, template, words }: Pick<ImproveRequest, 'dataset' | 'template' | 'words'>,
  control: Control,
): Promise<RowAccount> {
  const prompt = { template, shots: 0, shotSeed: 0 };
  const { long, drawn } = await learnedRows(host, { dataset, prompt, words: wordsFor(prompt, words) }, control);
  const others = without(accountOf(dataset), 'held', dataset.split.test.length);
  return without(without(others, 'drawn', drawn), 'long', long);
}

async function openSearch(host: Host, request: ImproveRequest, run: Run<ImproveEvent>): Promise<Search> {
  const { dataset, template, words } = request;
  const { table, mapping, labels, split } = dataset;
  const own = request.own.filter(({ prompt }) => checkTemplate(prompt.template, table.columns, mapping).ok);
  const begin = performance.now();
  const hasChat = host.tokens.tokenizer.chat('') !== null;
  const isShared = (asked: Pick<PromptCandidate, 'prompt' | 'words'>) =>
    hasOwnTokens(wordsFor(asked.prompt, asked.words), host.tokens.encode);
  const from = { ...request, own, labels, cues: CUES, hasChat, found: null, lists: [], isShared };
  const budget = request.budget ?? CANDIDATES;
  const texts = textsAmong(budget);
  const shown = shownBy(dataset, promptCandidates(from, texts));
  const free = split.train.filter((id) => !shown.has(id));
  const prompt = { template, shots: 0, shotSeed: 0 };
  const asked = { dataset, prompt, words: wordsFor(prompt, words), split: free };
  const { rows, meanTokens } = await tokenRows(host, asked, run.control);
  const pool = new Map(rows.flatMap(({ rowId, label }) => (label === null ? [] : [[rowId, label] as const])));
  if (pool.size < FEWEST_ROWS)
    throw badInput(
      `Prompts cannot be compared on ${pool.size} training rows: at least ${FEWEST_ROWS} that fit the model are needed. Add rows on the Data screen.`,
    );
  const { found, readings } = await wordsFrom(host, request, rungRows({ dataset, pool }, KEPT.length - 1), run);
  const isBetter = found?.search.outcome === 'found';
  const withWords = { ...from, lists: listsOf(host, request, readings), ...(isBetter && { found }) };
  const candidates = promptCandidates(withWords, budget, texts).filter(({ prompt }) =>
    shotIds(dataset, prompt).every((id) => shown.has(id)),
  );
  const entries = candidates.map((candidate): Entry => {
    const { origin } = candidate;
    const key = origin === 'made' ? textKey(candidate) : candidateKey(candidate);
    return { candidate, face: { key, name: candidateName(candidate, request), origin }, answers: new Map(), tokens: 0 };
  });
  const cues = CUES.reduce((sum, cue) => sum + host.tokens.encode(cue).length, 0);
  const spent = { read: (found?.search.rows ?? 0) * (meanTokens + cues), asked: 0, begin };
  const counts = labelCounts(dataset, split.train);
  return { host, dataset, run, entries, pool, counts, rowTokens: meanTokens, board: new Map(), spent };
}

/** Training rows that candidates show as examples; those of some that are made are left out where they would be too many. */
function shownBy(dataset: Dataset, candidates: readonly PromptCandidate[]): ReadonlySet<string> {
  const shown = new Set<string>();
  for (const { prompt, origin } of candidates) {
    const all = new Set([...shown, ...shotIds(dataset, prompt)]);
    if (origin === 'made' && all.size > Math.max(shown.size, SHOWN_SHARE * dataset.split.train.length)) continue;
    for (const id of all) shown.add(id);
  }
  return shown;
}

/** Other answer words, and a cue, by rows that judge no prompt, and the readings after each cue; null where that is stopped. */
async function wordsFrom(
  host: Host,
  { dataset, template, words }: ImproveRequest,
  judging: readonly string[],
  { control, emit }: Run<ImproveEvent>,
): Promise<{ readonly found: FoundWords | null; readonly readings: readonly CueReading[] }> {
  const train = dataset.split.train.filter((id) => !judging.includes(id));
  const others = await withHashes({ ...dataset, split: { ...dataset.split, train } });
  const asked = { dataset: others, template, words, otherCues: true, fewestRows: WORD_ROWS };
  const readings: CueReading[] = [];
  const tell = ({ note, reading }: FindWordsEvent) => {
    if (reading) readings.push(reading);
    else emit({ kind: 'progress', fraction: 0, note, tokensPerSecond: null, secondsLeft: null, answered: 0 });
  };
  try {
    return { found: await findWords(host, asked, { control, emit: tell }), readings };
  } catch (error) {
    if (control.requested !== 'stop') throw error;
    return { found: null, readings };
  }
}

/** The training rows of a rung; those of the rung before are among them. */
function rungRows({ dataset, pool }: Pick<Search, 'dataset' | 'pool'>, rung: number): readonly string[] {
  const first = Math.min(MOST_ROWS / 2, Math.max(FIRST_ROWS, 2 * dataset.labels.length));
  return drawnRows(dataset, [...pool.keys()], Math.min(MOST_ROWS, first * 2 ** rung));
}

const textsOf = (entries: readonly Entry[]) => new Set(entries.map(({ candidate }) => textKey(candidate)));

const rungSize = ({ entries }: Search, rung: number): number => {
  const { size } = textsOf(entries);
  return Math.min(size, Math.max(LEAST_KEPT, Math.ceil((KEPT[rung] as number) * size)));
};

const keepingOwn = (ranked: readonly Entry[], count: number): readonly Entry[] =>
  ranked.filter(({ face }, place) => place < count || face.origin !== 'made');

function withLists({ entries }: Search, some: readonly Entry[]): readonly Entry[] {
  const texts = textsOf(some);
  return entries.filter(({ candidate }) => texts.has(textKey(candidate)));
}

async function climbed(search: Search, before: readonly Entry[], rung: number): Promise<readonly Entry[]> {
  const left = rung === 0 ? search.entries : withLists(search, keepingOwn(before, rungSize(search, rung)));
  const ids = rungRows(search, rung);
  return askedAll(
    search,
    left,
    ids,
    `${left.length} prompts on ${ids.length} training rows`,
    laterTokens(search, rung),
  );
}

function laterTokens(search: Search, rung: number): number {
  const { dataset, rowTokens, entries } = search;
  const rungs = KEPT.map((_, r) =>
    r > rung ? rungSize(search, r) * (rungRows(search, r).length - rungRows(search, r - 1).length) : 0,
  );
  const finalists = FINALISTS + entries.filter(({ face }) => face.origin !== 'made').length;
  const last = finalists * Math.min(FINAL_ROWS, dataset.split.validation.length);
  return rowTokens * rungs.reduce((sum, rows) => sum + rows, last);
}

// The end: validation rows choose among the best.

interface Final {
  readonly entry: Entry;
  readonly standing: Standing;
  readonly calibration: CalibrationFit | null;
  readonly tried: Tried;
  readonly validationRows: number;
}

/**
 * The finalists on validation rows that fit all of them, the best first; the training rows that all have answered choose with
 * them, which no candidate shows and no words come from. Empty where there are none to choose by.
 */
async function validated(search: Search, finalists: readonly Entry[]): Promise<readonly Final[]> {
  const { host, dataset, run, pool, spent } = search;
  const drawn = drawnRows(dataset, dataset.split.validation, FINAL_ROWS);
  const isAnswered = (id: string) => finalists.every(({ answers }) => answers.has(id));
  const more = [...pool.keys()].filter(isAnswered);
  const ready: { readonly entry: Entry; readonly rows: readonly TokenRow[] }[] = [];
  for (const entry of finalists) {
    const { prompt, words } = entry.candidate;
    const asked = { dataset, prompt, words: wordsFor(prompt, words), split: drawn };
    ready.push({ entry, rows: (await tokenRows(host, asked, run.control)).rows });
  }
  const fits = (id: string) =>
    ready.every(({ rows }) => rows.some(({ rowId, label }) => rowId === id && label !== null));
  const validation = new Set(drawn.filter(fits));
  if (validation.size < 2) return [];
  const total = spent.read + ready.reduce((sum, { rows }) => sum + tokensOnce(rows), 0);
  const finals: Final[] = [];
  for (const { entry, rows } of ready) {
    tell(search, `The best ${finalists.length} on ${validation.size} validation rows`, total);
    const asked = rows.filter(({ rowId }) => validation.has(rowId));
    finals.push(await finalOf(search, entry, asked, more));
    spent.read += tokensOnce(asked);
    spent.asked += tokensOf(asked);
  }
  return finals.toSorted((a, b) => a.standing.loss - b.standing.loss);
}

/** One finalist, calibrated as a comparison would calibrate it, with the figures of a try. */
async function finalOf(
  search: Search,
  entry: Entry,
  rows: readonly TokenRow[],
  more: readonly string[],
): Promise<Final> {
  const { host, dataset, run, pool } = search;
  const { prompt, words } = entry.candidate;
  const asked = { voices: voicesOf(prompt, wordsFor(prompt, words)) };
  const scored = await ask(host, asked, { rows, dataset, cacheKey: null }, run.control);
  const chosen = rows.map(({ rowId, label }, i) => ({
    rowId,
    gold: present(label, 'label'),
    logProbs: present(scored.rows[i], rowId).logProbs,
  }));
  const known = more.map((rowId) => ({
    rowId,
    gold: present(pool.get(rowId), rowId),
    logProbs: present(entry.answers.get(rowId), rowId),
  }));
  const calibrating = new Set([...drawnRows(dataset, dataset.split.validation, CALIBRATION_ROWS), ...more]);
  const all = [...chosen, ...known];
  const deciding = all.filter(({ rowId }) => calibrating.has(rowId));
  const calibration = chosenCalibration(
    deciding.map(({ logProbs }) => logProbs),
    deciding.map(({ gold }) => gold),
    [],
    search.counts,
  );
  const tries = new Set(triedIds(dataset));
  const tryWith = { words, meanLogProbs: calibration?.meanLogProbs ?? null, longest: null };
  const inTry = <R extends { readonly rowId: string }>(some: readonly R[]) =>
    some.filter(({ rowId }) => tries.has(rowId));
  const ofTry = { dataset, rows: inTry(rows), with: tryWith };
  const tried = triedFrom(ofTry, { ...scored, rows: inTry(scored.rows) }, host.engine);
  const { loss, accuracy } = figuresOf(
    search,
    all.map(({ logProbs }) => logProbs),
    all.map(({ gold }) => gold),
  );
  const on = more.length > 0 ? 'training and validation' : 'validation';
  const standing = show(search, entry, { loss, accuracy, rows: all.length, on });
  return { entry, standing, calibration, tried, validationRows: chosen.length };
}

const resultOf = (
  search: Search,
  { candidate: { prompt, words }, face }: Entry,
  found: { readonly calibration: CalibrationFit | null; readonly tried: Tried | null },
  chosenBy: Omit<PromptSearch, 'candidates'>,
): Improved => ({
  winner: { prompt, words, key: face.key, name: face.name, ...found },
  board: boardOf(search),
  search: { candidates: answeredAmong(search.entries), ...chosenBy },
  tokens: { read: search.spent.read, asked: search.spent.asked },
});

function improvedBy(search: Search, best: Final, finals: readonly Final[]): Improved {
  const { entry, standing, calibration, tried, validationRows } = best;
  const bare = finals.find(({ standing: { origin } }) => origin === 'bare') ?? best;
  const pooled = standing.rows > validationRows;
  const trainingRows = pooled ? standing.rows - validationRows : entry.answers.size;
  const rows = { trainingRows, validationRows, ...(pooled && { pooled }) };
  const losses = { loss: standing.loss, bareLoss: bare.standing.loss };
  return resultOf(search, entry, { calibration, tried }, { ...rows, ...losses });
}

/** The best by training rows alone: after a stop, or without validation rows. @param ranked after the last whole rung */
function bestSoFar(search: Search, ranked: readonly Entry[]): Improved {
  const { board, dataset, pool } = search;
  const onTraining = ({ answers }: Entry) => {
    const ids = drawnRows(
      dataset,
      [...pool.keys()].filter((id) => answers.has(id)),
      MOST_ROWS,
    );
    return figuresOf(
      search,
      ids.map((id) => present(answers.get(id), id)),
      ids.map((id) => present(pool.get(id), id)),
    ).loss;
  };
  const shown = Array.from(board.values(), ({ entry }) => entry);
  const [best] =
    ranked.length > 0 ? ranked : shown.toSorted((a, b) => onTraining(a) - onTraining(b) || a.tokens - b.tokens);
  if (!best) throw new StudioError('cancelled', 'Stopped before a prompt had answered its rows.');
  const bare = shown.find(({ face }) => face.origin === 'bare') ?? best;
  const gold = [...best.answers.keys()].map((id) => present(pool.get(id), id));
  const calibration = chosenCalibration([...best.answers.values()], gold, [], search.counts);
  return resultOf(
    search,
    best,
    { calibration, tried: null },
    { trainingRows: best.answers.size, validationRows: 0, loss: onTraining(best), bareLoss: onTraining(bare) },
  );
}
