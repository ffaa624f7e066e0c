/** Verb: answer words, and the cue before them, that tell the labels apart in what the model expects after training rows. */
import { drawnRows } from '../dataset/draw';
import { goldOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { NextTokens } from '../engine/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { mean } from '../metrics/special';
import type { FoundWords } from '../prompt-set/make-versions';
import type { WordSearch } from '../prompt-set/types';
import { chooseWords, judgedLabels, lead, lossesOf, meanOverLabels, type WordTable } from '../task/choose-words';
import { classifyInstruction } from '../task/propose';
import { answerCandidates, hasOwnTokens, usualLists } from '../task/propose-words';
import { alignWords, asContinuation, cueOf, sameLabels, withCue, wordsFor } from '../task/template';
import type { AnswerWord } from '../task/types';
import { labelTokens, type TokenRow } from '../tokens/tokenizer';
import type { Host, Verb } from './host';
import { labelCollisions, tokenRows } from './token-rows';

export interface FindWordsRequest {
  readonly dataset: Dataset;
  /** The plain text around a row, with its cue. */
  readonly template: string;
  readonly words: readonly AnswerWord[];
  readonly otherCues: boolean;
  /** Training rows that are read where there are so few labels that these need no more; left out: the usual number. */
  readonly fewestRows?: number;
}

export interface FindWordsEvent {
  readonly fraction: number;
  readonly note: string;
  readonly reading?: CueReading;
}

/** Training rows that are read, equally many of each label as far as there are. */
const ROWS = 128;
const ROWS_A_LABEL = 8;
const MOST_ROWS = 320;
const CANDIDATES = 1500;
/** What replaces the given words and cue must lower their loss by this many standard errors, and by this much. */
const CLEAR_ERRORS = 2;
const CLEAR = 0.02;
/** Cues that a small model understands. A statement's beginning asks for a word that describes the text. */
export const CUES = ['\nThis is', '\nSentiment:', '\nEmotion:', '\nTopic:', '\nCategory:', '\nAnswer:'] as const;
/** Reading the texts takes about as long as this many cues after them. */
const TEXTS = 4;

interface Candidate {
  readonly cue: string;
  readonly words: readonly AnswerWord[];
  /** Cross-validated, of each row. */
  readonly losses: readonly number[];
}

/** What rows and a cue came to. */
export interface CueReading {
  readonly found: Candidate;
  /** Null where the present words cannot be scored after this cue, or cannot be distinguished. */
  readonly given: Candidate | null;
}

/**
 * Finds answer words. The present ones stay unless others lower the cross-validated loss clearly. Only training rows are
 * read: validation and test rows must not choose what they judge.
 * @throws StudioError `bad-input` for a bad template; `cancelled`; and as the engine
 */
export const findWords: Verb<FindWordsRequest, FindWordsEvent, FoundWords> = async (host, request, run) => {
  const { dataset, template, otherCues } = request;
  const given = sameLabels(request.words, dataset.labels) ? alignWords(request.words, dataset.labels) : null;
  const cue = cueOf(template);
  const others = otherCues ? CUES.filter((other) => other !== cue) : [];
  const progress = (done: number, note: string, reading?: CueReading) =>
    run.emit({ fraction: Math.min(1, done / (TEXTS + 1 + others.length)), note, ...(reading && { reading }) });
  const rows = await rowsToRead(host, request, run.control);
  const keep = (outcome: WordSearch['outcome'], loss: number | null): FoundWords => ({
    template,
    words: request.words,
    prompt: null,
    search: { outcome, rows: rows.texts.length, words: request.words, loss, lossBefore: loss },
  });
  if (rows.judged < 2) return keep('too-few', null);
  const search = { host, dataset, template, given, rows, control: run.control };
  const readings: CueReading[] = [];
  for (const [i, other] of [cue, ...others].entries()) {
    const note = i === 0 ? `Reading ${rows.texts.length} training rows` : `Trying the cue “${other.trim()}”`;
    const at = (share: number) => (i === 0 ? (TEXTS + 1) * share : TEXTS + i + share);
    const reading = await after(search, other, (share) => progress(at(share), note));
    progress(at(1), note, reading);
    readings.push(reading);
  }
  const here = present(readings[0], 'the template’s cue');
  const rivals = [
    here.found,
    ...readings.slice(1).flatMap((there) => [...(there.given ? [there.given] : []), there.found]),
  ];
  const { given: before } = here;
  const clear = before ? rivals.filter((rival) => isClear(rival, before, rows)) : rivals;
  const best = clear.reduce<Candidate | null>(
    (low, rival) => (low && lossOf(low, rows) <= lossOf(rival, rows) ? low : rival),
    null,
  );
  if (!best) return keep('kept', before && lossOf(before, rows));
  const around = withCue(template, best.cue);
  return {
    template: around,
    words: best.words,
    prompt: promptWith(best, around),
    search: {
      outcome: 'found',
      rows: rows.texts.length,
      words: best.words,
      loss: lossOf(best, rows),
      lossBefore: here.given && lossOf(here.given, rows),
      ...(best.cue === cue ? {} : { cues: { before: cue, after: best.cue } }),
    },
  };
};

/** Lists of answer words that cost no reading beside others: those found after each cue, the best first, then what people try. */
export function listsOf(
  { tokens: { encode } }: Host,
  { dataset: { labels }, template }: Pick<FindWordsRequest, 'dataset' | 'template'>,
  readings: readonly CueReading[],
): readonly (readonly AnswerWord[])[] {
  const found = readings
    .toSorted((a, b) => mean(a.found.losses) - mean(b.found.losses))
    .map((reading) => reading.found.words)
    .filter((words) => hasOwnTokens(wordsFor(template, words), encode));
  return [...found, ...usualLists(labels, template, encode)];
}

const promptWith = ({ words }: Candidate, template: string): string =>
  `${classifyInstruction(words.map(({ word }) => word.trim()))}\n${template}`;

const lossOf = ({ losses }: Candidate, rows: Rows) => meanOverLabels(losses, rows);

function isClear(better: Candidate, present: Candidate, rows: Rows): boolean {
  const { difference, standardError } = lead(better.losses, present.losses, rows);
  return difference > CLEAR && difference > CLEAR_ERRORS * standardError;
}

interface Rows {
  /** With the cue of the template. */
  readonly whole: readonly TokenRow[];
  /** Without it. */
  readonly texts: readonly TokenRow[];
  readonly gold: readonly number[];
  readonly labels: number;
  readonly judged: number;
}

async function rowsToRead(host: Host, request: FindWordsRequest, control: Control): Promise<Rows> {
  const { dataset, template, fewestRows = ROWS } = request;
  const { labels, split } = dataset;
  const most = Math.min(MOST_ROWS, Math.max(fewestRows, ROWS_A_LABEL * labels.length));
  const label = goldOf(dataset, split.train);
  const ids = labels.flatMap((_, c) =>
    drawnRows(
      dataset,
      split.train.filter((_, i) => label[i] === c),
      Math.ceil(most / labels.length),
    ),
  );
  const prompt = { template, shots: 0, shotSeed: 0, splitsCue: true };
  const { rows: whole } = await tokenRows(host, { dataset, prompt, words: [], split: ids }, control);
  const gold = whole.map((row) => present(row.label, 'label of a training row'));
  return {
    whole,
    texts: whole.map(({ cue = 0, ...row }) => ({ ...row, ids: row.ids.subarray(0, row.ids.length - cue) })),
    gold,
    labels: labels.length,
    judged: judgedLabels({ gold, labels: labels.length }).filter(Boolean).length,
  };
}

interface Search {
  readonly host: Host;
  readonly dataset: Dataset;
  readonly template: string;
  /** The present words, in the order of the labels; null where they are of other labels. */
  readonly given: readonly AnswerWord[] | null;
  readonly rows: Rows;
  readonly control: Control;
}

async function after(search: Search, cue: string, progress: (share: number) => void): Promise<CueReading> {
  const { host, dataset, rows, control } = search;
  const { encode, tokenizer } = host.tokens;
  const template = withCue(search.template, cue);
  const single = (word: string) => {
    const ids = encode(word);
    return ids.length === 1 ? (ids[0] as number) : null;
  };
  const given = search.given && wordsFor(template, search.given);
  const apart = given !== null && labelCollisions(host.tokens, given).length === 0;
  const own = dataset.labels.map((label, c) => ({
    given: apart ? single(present(given[c], label).word) : null,
    others: answerCandidates(label, dataset.labels).flatMap((answer) => single(asContinuation(template, answer)) ?? []),
  }));
  const always = Int32Array.from(own.flatMap((each) => [...(each.given === null ? [] : [each.given]), ...each.others]));
  const request = { rows: rows.texts, cacheKey: `words ${dataset.fingerprint} ${search.template}`, cue: encode(cue) };
  const read = await host.engine.nextTokens(
    { ...request, among: wordIds(host.tokens), always, most: CANDIDATES },
    control,
    (done) => progress(done / rows.texts.length),
  );
  const wordOf = (id: number) => asContinuation(template, tokenizer.decode([id]).trim());
  const wanted = new Set(always);
  const columns = [...read.ids.keys()].filter((j) => {
    const id = read.ids[j] as number;
    return wanted.has(id) || single(wordOf(id)) === id;
  });
  const table = columnsOf(read, columns, rows);
  const ids = columns.map((j) => read.ids[j] as number);
  const column = new Map(ids.map((id, j) => [id, j]));
  const place = (id: number) => present(column.get(id), `column of token ${id}`);
  const chosen = chooseWords(
    table,
    own.map((each) => ({ given: each.given === null ? null : place(each.given), others: each.others.map(place) })),
  );
  const words = dataset.labels.map((label, c) => {
    const id = ids[chosen.columns[c] as number] as number;
    return { label, word: id === own[c]?.given ? present(given?.[c], label).word : wordOf(id) };
  });
  const found = { cue, words, losses: chosen.losses };
  if (!apart) return { found, given: null };
  const losses = await givenLosses(search, given, cue, (row, c) => {
    const id = own[c]?.given;
    return id == null ? null : (table.logProbs[row * table.words + place(id)] as number);
  });
  return { found, given: losses && { cue, words: given, losses } };
}

/** The losses of the present words: from the table, or for words of several tokens by their whole sequences. */
async function givenLosses(
  { host, template, rows, control }: Search,
  given: readonly AnswerWord[],
  cue: string,
  score: (row: number, label: number) => number | null,
): Promise<readonly number[] | null> {
  const scores = rows.texts.map((_, row) => given.map((_, c) => score(row, c)));
  const known = scores.every((row): row is number[] => row.every((value) => value !== null));
  if (known) return lossesOf(scores as readonly (readonly number[])[], rows);
  if (cue !== cueOf(template)) return null;
  const asked = { rows: rows.whole, labels: labelTokens(host.tokens, given), soft: null, cacheKey: null };
  const { rows: scored } = await host.engine.score(asked, control);
  return lossesOf(
    scored.map(({ logProbs }) => logProbs),
    rows,
  );
}

function columnsOf({ ids, logProbs }: NextTokens, columns: readonly number[], { gold, labels }: Rows): WordTable {
  const some = gold.flatMap((_, row) => columns.map((j) => logProbs[row * ids.length + j] as number));
  return { logProbs: Float32Array.from(some), words: columns.length, gold, labels };
}

/** Tokens that are words of two letters or more, in any script. */
const wordIds = ({ tokenizer }: Host['tokens']): Int32Array =>
  Int32Array.from(
    [...Array(tokenizer.vocabularySize).keys()].filter((id) => /^\s?\p{L}{2,}$/u.test(tokenizer.decode([id]))),
  );
