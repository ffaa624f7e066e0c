import { preparedOf, unlikeTexts } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import type { ScoreRequest, StatesRequest, WriteRequest } from '../engine/types';
import { type CountedRequest, tokensToRun } from '../inference/score';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { addWritten, finishRun, startRun } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet } from '../prompt-set/types';
import { type GridRow, gridRows } from '../report/grid';
import { STANDARD } from '../training/settings';
import type { Host } from './host';
import type { AnswerStore } from './known-answers';
import type { About } from './make-package';
import { learnedOn } from './training-rows';

export const NOW = '2026-01-01T00:00:00.000Z';
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const SHA = '0'.repeat(64);
const BARE = 'Text: {text}\nTone:';

/** Reads the text of a row: each label's log-probability follows from its words, the vectors and the prompt's length. */
export function answerOf(text: string, vectors: Float32Array | undefined): number[] {
  const row = text.slice(text.lastIndexOf('Text: '));
  const says = (word: string) => (row.includes(word) ? 1 : 0);
  const noise = ([...row].reduce((hash, char) => (hash * 31 + (char.codePointAt(0) ?? 0)) % 997, 7) / 997 - 0.5) * 2;
  const gain = vectors ? (vectors[0] ?? 0) : 0.3;
  const logit = gain * (says('fine') - says('poor')) + noise + 0.4;
  return [-Math.log1p(Math.exp(logit)), -Math.log1p(Math.exp(-logit))];
}

export const textOf = (ids: ArrayLike<number>) => String.fromCodePoint(...Array.from(ids));
const encode = (text: string) => Int32Array.from([...text], (char) => char.codePointAt(0) ?? 0);

/** A host with a model that is a function of the text. */
export function fakeHost(context = 100_000, answer = answerOf) {
  const scored: ScoreRequest[] = [];
  const latency: { readonly rows: number; readonly repeats: number; readonly vectors: boolean }[] = [];
  let ids = 0;
  const never = () => {
    throw new Error('not asked for');
  };
  const tokenizer = { encode, decode: textOf, endTokenIds: [0], vocabularySize: 9, chat: () => null, sha256: SHA };
  const host = {
    tokens: { tokenizer, encode, context, breaks: () => [] },
    engine: {
      info: { id: 'm', dtype: 'fp32', sha256: SHA, layers: 1, hidden: 2, backend: 'wasm', threads: 2, vocabulary: 9 },
      score: async (request: ScoreRequest, control: { requested: unknown }, onProgress?: (done: number) => void) => {
        if (control.requested) throw new Error('cancelled');
        scored.push(request);
        onProgress?.(request.rows.length);
        const rows = request.rows.map(({ rowId, ids }) => ({
          rowId,
          logProbs: answer(textOf(ids), request.soft?.vectors),
          tokensSent: ids.length,
          tokensComputed: ids.length - 1,
        }));
        return { rows, rowsRun: rows.length, seconds: 0 };
      },
      // nothing is remembered
      tokensToRun: async (requests: readonly CountedRequest[]) => tokensToRun(requests),
      // what a probe can learn from: the answer, and the length of the text
      states: async ({ rows }: StatesRequest) =>
        Float32Array.from(rows.flatMap(({ ids }) => [answer(textOf(ids), undefined)[0] ?? 0, ids.length])),
      latency: async ({ rows, soft, repeats }: ScoreRequest & { readonly repeats: number }) => {
        latency.push({ rows: rows.length, repeats, vectors: soft !== null });
        return 5;
      },
      write: never,
      train: never,
    },
    neighbours: never,
    card: { weights: null, attentionHeads: null, embeddingMultiplier: 1 },
    asset: async (name: string) =>
      name === 'sample.json' ? JSON.stringify({ parityTexts: [...Array(12).keys()].map((i) => `text ${i}`) }) : '',
    now: () => NOW,
    newId: () => `id-${++ids}`,
  } as unknown as Host;
  return { host, scored, latency };
}

/** A store that lasts as long as its host. */
export function memoryAnswers(): AnswerStore {
  const kept = new Map<string, ReadonlyMap<string, unknown>>();
  const get = async (question: string) => kept.get(question) ?? new Map<string, unknown>();
  return {
    get: async (question, rows) => new Map([...(await get(question))].filter(([row]) => rows.includes(row))),
    add: async (question, answers) => void kept.set(question, new Map([...(await get(question)), ...answers])),
  };
}

/** Texts that say their label in three of four rows, none of which resembles another. */
export const rowsOf = (n: number) =>
  unlikeTexts(n, 1).map((text, i) => {
    const good = i % 2 === 1;
    const honest = i % 8 < 6;
    const about = text.split(' ').slice(0, 3).join(' ');
    return [`message ${about} was ${good === honest ? 'fine' : 'poor'}`, good ? 'good' : 'bad'] as const;
  });

export const prepared = async (n = 240): Promise<Dataset> => (await preparedOf(rowsOf(n))).dataset;

export function promptSet(dataset: Dataset, seeds: readonly number[] = [0]): PromptSet {
  const from = { name: 'x', words: WORDS, baseTemplate: BARE, datasetName: 'a.csv', taken: [] };
  const fingerprint = dataset.fingerprint;
  const bare = createPromptSet({ id: 's', now: NOW }, { ...from, datasetFingerprint: fingerprint });
  const prompt = { template: `Say the tone.\n${BARE}`, shots: 0, shotSeed: 3 };
  let set = addWritten(bare, { id: 'h', now: NOW }, { text: prompt }).set;
  for (const seed of seeds) {
    const started = startRun(
      set,
      { id: `r${seed}`, now: NOW },
      {
        settings: { ...STANDARD, seed },
        template: BARE,
        initText: 'Say',
        model: { id: 'm', sha256: SHA, dtype: 'fp32' },
        ...learnedOn(dataset),
      },
    );
    const soft = {
      placement: 'suffix',
      virtualTokens: 1,
      hidden: 2,
      vectors: Float32Array.of(1 + seed / 2, 0),
    } as const;
    const kept = { soft, bestStep: 1, validationAccuracy: 0.5, seconds: 1 };
    set = finishRun(started.set, started.run.id, { status: 'finished', ...kept }, NOW);
  }
  return set;
}

/** A host whose model generates the expected text of every second row, and “nothing” after the others. */
export function textHost(context?: number) {
  const { host } = fakeHost(context);
  const asked: WriteRequest[] = [];
  const write = async (request: WriteRequest, control: { requested: unknown }, onProgress?: (done: number) => void) => {
    if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
    asked.push(request);
    onProgress?.(request.rows.length);
    return request.rows.map(({ rowId, ids, target }) => {
      const n = Number(/message (\d+)[^\d]*$/.exec(textOf(ids))?.[1] ?? 1);
      const tokens = target?.length ?? 0;
      const score = { logProb: tokens * (request.soft ? -1 : -2), tokens, correct: 1 };
      return { rowId, ids: encode(n % 2 === 0 ? ` sum of ${n}` : ' nothing'), target: target ? score : null };
    });
  };
  return { host: { ...host, engine: { ...host.engine, write } } as unknown as Host, asked };
}

/** Messages with the text that should follow each, and a prompt set with a hand-written and a tuned prompt for it. */
export async function textSet(n = 60) {
  const rows = Array.from({ length: n }, (_, i) => [`message ${i}`, `sum of ${i}`] as const);
  const { dataset } = await preparedOf(rows, { seed: 0 }, { text: 'text', label: 'label', id: null, task: 'generate' });
  const template = 'Text: {text}\nSum:';
  const from = { name: 'sums', words: [], baseTemplate: template, datasetName: 'a.csv', taken: [] };
  const empty = createPromptSet(
    { id: 's', now: NOW },
    { ...from, datasetFingerprint: dataset.fingerprint, kind: 'generate', longest: 12 },
  );
  const prompt = { template: `Sum up.\n${template}`, shots: 0, shotSeed: 0 };
  const { set } = addWritten(empty, { id: 'h', now: NOW }, { text: prompt });
  const model = { id: 'm', sha256: SHA, dtype: 'fp32' };
  const run = { settings: STANDARD, template, initText: 'Sum', model, ...learnedOn(dataset) };
  const started = startRun(set, { id: 'r0', now: NOW }, run);
  const soft = { placement: 'suffix', virtualTokens: 1, hidden: 2, vectors: Float32Array.of(1, 0) } as const;
  const kept = { soft, bestStep: 1, validationAccuracy: null, validationLoss: 1, seconds: 1 };
  return { dataset, set: finishRun(started.set, 'r0', { status: 'finished', ...kept }, NOW) };
}

/** What a package says besides what answers. */
export const ABOUT: About = {
  producer: 'test',
  name: 'Tone',
  handle: 'TONE',
  createdAt: '2026-01-01',
  columns: null,
  policy: null,
  run: null,
  untuned: null,
  data: null,
  results: null,
  userRows: 0,
  card: { weights: null, embeddingMultiplier: 1, layers: null, heads: null },
};

/** The row of a version in a grid. */
export const gridRow = (set: PromptSet, id: string, dataset: Dataset | null): GridRow =>
  present(
    gridRows(set, dataset).find(({ version }) => version.id === id),
    id,
  );
