/**
 * The data worker: parses, lints, tokenises and computes statistics. It never loads ONNX Runtime.
 * Importing this module elsewhere (tests) serves nothing; `createDataHandlers` makes one worker's state.
 */
import { buffersIn, WorkerLists } from '../dataset/by-reference';
import { guessColumns } from '../dataset/columns';
import { editDataset } from '../dataset/edit';
import { isUsable, labelIndexer, textOf } from '../dataset/labels';
import { parsing } from '../dataset/parse';
import { type Prepared, prepareDataset } from '../dataset/prepare';
import { queryRows, rowParts } from '../dataset/query';
import type { Dataset, Row, SplitName } from '../dataset/types';
import { targetOf, writes } from '../dataset/writing';
import { fitCalibration } from '../evaluation/calibrate';
import { comparing } from '../evaluation/compare';
import { detectable, detectableWriting } from '../evaluation/detectable';
import { insightsOf } from '../evaluation/insights';
import { compareWriting } from '../evaluation/writing';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { unwrap } from '../lib/unwrap';
import { wordClassifier } from '../metrics/logistic';
import { findCollisions } from '../task/collisions';
import { findNeighbours, neighbourPlan } from '../task/neighbours';
import { propose } from '../task/propose';
import { renderRows, rowsOf } from '../task/render';
import type { Example, HardPrompt, LabelWord, Neighbours } from '../task/types';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { type OpenTokenizer, openTokenizerOf } from '../tokens/open-tokenizer';
import { targetLengths, textLengths } from '../tokens/text-lengths';
import { createBatchHandlers } from './batch';
import type { DataMethods, ModelFiles } from './protocol';
import { type Control, type Handlers, serve } from './rpc';

/** Room left for virtual tokens and the answer word when rows are checked against the model's context. */
const RESERVED_TOKENS = 32;
const DEFAULT_CONTEXT = 2048;

function contextLength(files: ModelFiles): number {
  const bytes = files['config.json'];
  if (!bytes) return DEFAULT_CONTEXT;
  const config: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const fields = typeof config === 'object' && config !== null ? new Map(Object.entries(config)) : new Map();
  const length = fields.get('max_position_embeddings') ?? fields.get('n_positions');
  return typeof length === 'number' ? length : DEFAULT_CONTEXT;
}

const rowsDone = (total: number, share: number) => ({
  kind: 'progress' as const,
  done: Math.round(share * total),
  total,
  unit: 'rows' as const,
  secondsLeft: null,
});

/** Runs long work to its end; between two steps what was asked from outside is heard. @throws StudioError `cancelled` */
async function inSteps<T>(work: Generator<number, T, void>, control: Control, progress: (share: number) => void) {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    progress(value);
    await new Promise((resolve) => setTimeout(resolve));
    if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
  }
}

/** @throws StudioError `bad-input` when the file was changed or moved after it was chosen */
async function bytesOf(source: Uint8Array | Blob): Promise<Uint8Array> {
  if (!(source instanceof Blob)) return source;
  const buffer = await source.arrayBuffer().catch((cause: unknown) => {
    throw new StudioError('bad-input', 'It was changed or moved after it was chosen: open it again.', { cause });
  });
  return new Uint8Array(buffer);
}

interface RenderParams {
  readonly dataset: Dataset;
  readonly prompt: HardPrompt;
  readonly words: readonly LabelWord[];
  readonly split: SplitName | readonly string[];
  readonly chat?: boolean;
  readonly room?: number;
}

/** Nearest training rows belong to these rows, split like this, by this model. */
const neighbourKey = ({ fingerprint, splitHash }: Dataset, model: string) => `${fingerprint} ${splitHash} ${model}`;

const told = (prepared: Prepared) => {
  const { mapping, split } = prepared.dataset;
  return { ...prepared, detectable: (writes(mapping) ? detectableWriting : detectable)(split.test.length) };
};

export function createDataHandlers(): Handlers<DataMethods> {
  let open: OpenTokenizer | null = null;
  let nearest: {
    readonly key: string;
    readonly plan: ReturnType<typeof neighbourPlan>;
    readonly of: Neighbours | null;
  } | null = null;
  let lastWords: { readonly key: string; readonly result: ReturnType<DataMethods['tfidf']> } | null = null;

  const opened = (): OpenTokenizer => {
    if (!open) throw new StudioError('bad-input', 'The model’s tokenizer is not here yet: wait for the model.');
    return open;
  };

  function rendered({ dataset, prompt, words, split, chat = prompt.chat ?? false }: RenderParams): readonly Example[] {
    const isNearest = prompt.selection === 'nearest' && prompt.shots > 0;
    if (isNearest && !nearest?.key.startsWith(neighbourKey(dataset, '')))
      throw new StudioError('bad-input', 'The nearest examples need the model: wait until it is loaded.');
    const examples = unwrap(renderRows(dataset, prompt, words, split, isNearest ? (nearest?.of ?? null) : null));
    if (!chat) return examples;
    const { tokenizer } = opened();
    const inChat = (text: string) => tokenizer.chat(text) ?? text;
    return examples.map(({ text, otherOrders, ...example }) => ({
      ...example,
      text: inChat(text),
      ...(otherOrders ? { otherOrders: otherOrders.map(inChat) } : {}),
    }));
  }

  /** An answer with what ends it: a line break, or in a chat the end of the message. */
  function targetIds(target: string, chat: boolean): Int32Array {
    const { encode, tokenizer } = opened();
    const [end] = tokenizer.endTokenIds;
    return chat && end !== undefined ? Int32Array.from([...encode(target.trimStart()), end]) : encode(`${target}\n`);
  }

  return {
    parse: async ({ fileName, bytes: source, override }, emit, control) => {
      const bytes = await bytesOf(source);
      const total = bytes.length;
      const read = (share: number) =>
        emit({ kind: 'progress', done: Math.round(share * total), total, unit: 'bytes', secondsLeft: null });
      const table = unwrap(await inSteps(parsing(fileName, bytes, override), control, read));
      return { ...table, guess: guessColumns(table) };
    },

    ...createBatchHandlers(() => {
      const { tokenizer, encode, context } = opened();
      return { tokenizer: { encode, chat: (message) => tokenizer.chat(message) }, room: context - RESERVED_TOKENS };
    }),

    prepare: async ({ table, mapping, ...how }) => told(unwrap(await prepareDataset(table, mapping, how))),

    query: ({ table, dataset, query }) => {
      const { mapping = null, split = null } = dataset ?? {};
      const of = { rows: dataset?.table.rows ?? table.rows, mapping, split };
      return { places: queryRows(of, query), parts: rowParts(of) };
    },

    edit: async ({ dataset, change, now }) => told(unwrap(await editDataset(dataset, change, now))),

    openTokenizer: async ({ files }) => {
      const tokenizer = await createCoreTokenizer(files);
      open = openTokenizerOf(tokenizer, contextLength(files));
      const { sha256, vocabularySize, endTokenIds } = tokenizer;
      return { sha256, vocabularySize, endTokenIds, hasChat: tokenizer.chat('') !== null };
    },

    propose: ({ dataset }) => propose(dataset, open?.encode ?? null),

    labelTokens: ({ words }) => {
      const { encode } = opened();
      const labels = words.map((word) => ({ ...word, tokenIds: Array.from(encode(word.word)) }));
      return { labels, collisions: findCollisions(labels, encode) };
    },

    render: (params) => ({ examples: rendered(params) }),

    // Rows that do not fit the context are named in `tooLong` and are not among `rows`.
    tokenRows: (params) => {
      const { encode, context } = opened();
      const all = rendered(params).map(({ rowId, text, label, otherOrders, target }) => ({
        rowId,
        label,
        ids: encode(text),
        ...(otherOrders ? { otherOrders: otherOrders.map(encode) } : {}),
        ...(target === undefined ? {} : { target: targetIds(target, params.chat ?? params.prompt.chat ?? false) }),
      }));
      const fits = (ids: Int32Array, answer: number) => ids.length + answer + RESERVED_TOKENS <= context;
      const rows = all.filter(({ ids, otherOrders = [], target }) =>
        [ids, ...otherOrders].every((each) => fits(each, Math.max(params.room ?? 0, target?.length ?? 0))),
      );
      const kept = new Set(rows.map(({ rowId }) => rowId));
      const lengths = rows.map(({ ids }) => ids.length);
      return {
        rows,
        tooLong: all.filter(({ rowId }) => !kept.has(rowId)).map(({ rowId }) => rowId),
        meanTokens: lengths.length === 0 ? 0 : lengths.reduce((a, b) => a + b, 0) / lengths.length,
        maxTokens: lengths.reduce((a, b) => Math.max(a, b), 0),
      };
    },

    textLengths: ({ dataset }) => {
      const { tokenizer, context } = opened();
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => textOf(row, dataset.mapping));
      const found = textLengths(texts, tokenizer.encode, context - RESERVED_TOKENS);
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    neighbourTokens: ({ dataset, model }) => {
      const key = neighbourKey(dataset, model);
      if (nearest?.key === key && nearest.of) return { ids: null };
      const plan = neighbourPlan(dataset, opened().tokenizer.encode);
      nearest = { key, plan, of: null };
      return { ids: plan.tokenIds };
    },

    openNeighbours: ({ dataset, model, vectors, hidden }) => {
      const key = neighbourKey(dataset, model);
      if (nearest?.key !== key)
        throw new StudioError('internal', 'internal: vectors of other rows than were asked for');
      const { plan } = nearest;
      nearest = { key, plan, of: findNeighbours(plan, { ids: plan.tokenIds, vectors, hidden }) };
      return null;
    },

    encode: ({ text, chat = false }) => {
      const { encode, tokenizer } = opened();
      const ids = encode(chat ? (tokenizer.chat(text) ?? text) : text);
      return { ids, pieces: Array.from(ids, (id) => tokenizer.decode([id])) };
    },

    targetLengths: ({ dataset }) => {
      const { context } = opened();
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => ` ${targetOf(row, dataset.mapping)}`);
      const found = targetLengths(texts, (text) => targetIds(text, false), Math.floor(context / 2) - RESERVED_TOKENS);
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    decodeAll: ({ rows }) => {
      const { tokenizer } = opened();
      return { texts: rows.map((ids) => tokenizer.decode(ids).trim()) };
    },

    answerEnds: () => {
      const { tokenizer, breaks } = opened();
      return { endTokenIds: tokenizer.endTokenIds, breakTokenIds: breaks() };
    },

    decode: ({ ids }) => ({ text: opened().tokenizer.decode(ids) }),

    chat: ({ message }) => ({ text: opened().tokenizer.chat(message) }),

    tfidf: ({ dataset }) => {
      const key = `${dataset.fingerprint} ${dataset.splitHash}`;
      if (lastWords?.key === key) return lastWords.result;
      const start = performance.now();
      const indexOf = labelIndexer(dataset);
      const train = rowsOf(dataset, 'train').filter((row) => indexOf(row) !== null);
      const asked = [...rowsOf(dataset, 'test'), ...rowsOf(dataset, 'validation')];
      const texts = (rows: readonly Row[]) => rows.map((row) => textOf(row, dataset.mapping));
      const gold = train.map((row) => present(indexOf(row), 'label'));
      const logProbs = wordClassifier(texts(train), gold, dataset.labels.length)(texts(asked));
      const rows = asked.map((row, i) => ({ rowId: row.id, logProbs: present(logProbs[i], 'prediction') }));
      lastWords = { key, result: { rows, seconds: (performance.now() - start) / 1000 } };
      return lastWords.result;
    },

    calibrate: ({ logProbs }) => fitCalibration(logProbs),

    compare: (plan, emit, control) =>
      inSteps(comparing(plan, { onProgress: (share) => emit(rowsDone(plan.rowIds.length, share)) }), control, (share) =>
        emit(rowsDone(plan.rowIds.length, share)),
      ),

    compareWriting: (plan, emit) =>
      compareWriting(plan, { onProgress: (share) => emit(rowsDone(plan.wanted.length, share)) }),

    insights: ({ plan, comparison, dataset, pairIndex }, emit, control) =>
      inSteps(insightsOf(plan, comparison, dataset, pairIndex), control, (share) =>
        emit(rowsDone(plan.rowIds.length, share)),
      ),
  };
}

/** The same methods for a page that sends and gets long lists by reference. */
export function byReference(handlers: Handlers<DataMethods>): Handlers<DataMethods> {
  const lists = new WorkerLists();
  const wrapped = Object.entries(handlers).map(([name, handler]) => {
    const method = handler as (params: unknown, ...rest: readonly unknown[]) => unknown;
    const crossing = async (params: unknown, ...rest: readonly unknown[]) => {
      const received = await lists.receive(params);
      return lists.send(await method(received, ...rest), received);
    };
    return [name, crossing];
  });
  return Object.fromEntries(wrapped) as Handlers<DataMethods>;
}

// Only inside a worker: the page and Node have no such scope.
if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope)
  serve<DataMethods>(self, byReference(createDataHandlers()), buffersIn);
