/** Services for tests in Node: the real store in memory, the real rooms in place of the workflow worker, a scripted engine. */

import type { EngineMethods } from '../../api/engine-methods';
import { engineOver } from '../../api/remote-engine';
import { guessColumns } from '../../dataset/columns';
import { editDataset } from '../../dataset/edit';
import { classBalance } from '../../dataset/labels';
import { parseTable } from '../../dataset/parse';
import { prepareDataset } from '../../dataset/prepare';
import { queryRows, rowParts } from '../../dataset/query';
import { verdictCard } from '../../evaluation/card';
import { compare } from '../../evaluation/classify/compare';
import { tokensToRun } from '../../inference/score';
import { ControlSource } from '../../lib/control';
import { StudioError } from '../../lib/errors';
import type { Failure, Result } from '../../lib/result';
import type { Methods } from '../../rpc/serve';
import { openMemoryStore } from '../../store/store';
import { findCollisions } from '../../task/propose-words';
import { propose } from '../../task/tasks';
import { targetLengths } from '../../tokens/text-lengths';
import type { ModelInfo, WorkflowMethods } from '../../worker/protocol';
import { verbHandlers } from '../../worker/workflow.worker';
import type { Host } from '../../workflow/host';
import { rememberedNeighbours } from '../../workflow/token-rows';
import { toasts } from '../ui/toast';
import { createPromptSetsStore } from './prompt-sets-store';
import type { Client, Services } from './services';
import { judge } from './session-state';
import { createSessionStore } from './session-store';
import type { Studio } from './studio';

/** One token a word, with the space before it: enough to count and to tell words apart. */
const pieces = (text: string): readonly string[] => text.match(/\s*\S+/g) ?? [];
const tokenise = (text: string) =>
  Int32Array.from(pieces(text), (piece) =>
    [...piece].reduce((hash, char) => (hash * 31 + (char.codePointAt(0) ?? 0)) % 1e6, 7),
  );

function unwrap<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value;
  throw new StudioError('bad-input', result.error.message);
}

type Handlers<M> = {
  [K in keyof M]?: M[K] extends (params: infer P, ...rest: never[]) => infer R ? (params: P) => R | Promise<R> : never;
};

function client<M extends Methods<M>>(handlers: Handlers<M>): Client<M> {
  const controls = new Map<number, ControlSource>();
  return {
    call: async (method, params, options) => {
      const handler = handlers[method] as ((...args: readonly unknown[]) => never) | undefined;
      if (!handler) throw new StudioError('internal', `internal: the test gave no ${String(method)}`);
      const control = new ControlSource();
      const id = controls.size + 1;
      controls.set(id, control);
      options?.onStart?.(id);
      options?.signal?.addEventListener('abort', () => control.ask('cancel'));
      return structuredClone(await handler(params, options?.onEvent ?? (() => {}), control));
    },
    control: (id, request) => controls.get(id)?.ask(request),
    restart: () => {},
    dispose: () => {},
  };
}

const workflowHandlers: Handlers<WorkflowMethods> = {
  parse: async ({ fileName, bytes, override }) => {
    const read = bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
    const table = unwrap(parseTable(fileName, read, override));
    return { ...table, guess: guessColumns(table) };
  },
  prepare: async ({ table, mapping, ...options }) => {
    const prepared = unwrap(await prepareDataset(table, mapping, options));
    return {
      ...prepared,
      balance: classBalance(prepared.dataset),
      detectable: { points: 12, sentence: 'Test rows can only confirm gains above about 12 points.' },
    };
  },
  query: ({ table, dataset, query }) => {
    const { mapping = null, split = null } = dataset ?? {};
    const of = { rows: dataset?.table.rows ?? table.rows, mapping, split };
    return { places: queryRows(of, query), parts: rowParts(of) };
  },
  edit: async ({ dataset, change, now }) => ({
    ...unwrap(await editDataset(dataset, change, now)),
    detectable: { points: 12, sentence: 'Test rows can only confirm gains above about 12 points.' },
  }),
  openTokenizer: () => ({ sha256: 'x', hasChat: false }),
  propose: ({ dataset }) => propose(dataset, null),
  labelTokens: ({ words }) => {
    const labels = words.map((word) => ({ ...word, tokenIds: [...tokenise(word.word)] }));
    return { labels, collisions: findCollisions(labels, tokenise) };
  },
  verdictCard,
  recompare: (plan) => compare(plan, { draws: 50 }),
  targetLengths: ({ dataset }) => {
    const texts = dataset.table.rows.map(({ cells }) => cells[dataset.mapping.label] ?? '');
    return { ...targetLengths(texts, tokenise, 100), overRowIds: [] };
  },
  encode: ({ text }) => ({ ids: tokenise(text), pieces: pieces(text) }),
};

export const MODEL: ModelInfo = {
  id: 'test/model',
  dtype: 'fp32',
  sha256: 'a'.repeat(64),
  family: 'llama',
  backend: 'wasm',
  threads: 1,
  adapter: null,
  heapBytes: null,
  parameters: 1,
  layers: 1,
  hidden: 2,
  vocabulary: 1000,
  contextLength: 2048,
  keys: null,
  embeddingRms: 0.1,
  embeddingNorms: [1, 2, 3],
  loadSeconds: 0,
  roomTokens: 1e6,
};

export const CAPABILITIES = judge({
  wasm: true,
  crossOriginIsolated: true,
  cores: 2,
  memoryGb: 8,
  phone: false,
});

const engineOf = (engine: Client<EngineMethods>, info: ModelInfo) =>
  engineOver(engine as Parameters<typeof engineOver>[0], info);

/** The verbs' host over the tokenizer above and a scripted engine. */
function testHost(engine: Client<EngineMethods>): { -readonly [K in keyof Host]: Host[K] } {
  const decode = (ids: ArrayLike<number>) => Array.from(ids).join(' ');
  const tokenizer = { encode: tokenise, decode, endTokenIds: [0], vocabularySize: 1000, chat: () => null, sha256: 'x' };
  const host: { -readonly [K in keyof Host]: Host[K] } = {
    tokens: { tokenizer, encode: tokenise, context: 2048, breaks: () => [] },
    card: { weights: null, attentionHeads: null, embeddingMultiplier: 1 },
    engine: engineOf(engine, MODEL),
    neighbours: rememberedNeighbours(() => host),
    asset: () => Promise.reject(new StudioError('bad-input', 'no files here')),
    dropIn: () => Promise.reject(new StudioError('bad-input', 'no files here')),
    now: () => new Date().toISOString(),
    newId: () => crypto.randomUUID(),
  };
  return host;
}

export function testServices(handlers: Handlers<EngineMethods> = {}): Services {
  // the page has one queue of messages, and may still show those of the test before
  toasts.clear();
  const engine = client<EngineMethods>({
    prepare: () => {},
    load: ({ id, sha256 = MODEL.sha256 }) => ({ ...MODEL, id, sha256 }),
    tokensToRun: (requests) => tokensToRun(requests),
    ...handlers,
  });
  const host = testHost(engine);
  const verbs = verbHandlers(host) as unknown as Handlers<WorkflowMethods>;
  const workflow = client<WorkflowMethods>({ ...workflowHandlers, ...verbs });
  return {
    workflow,
    engine,
    connectEngine: async (info) => {
      host.engine = engineOf(engine, info);
    },
    store: openMemoryStore(),
    loadModelFiles: async () => ({
      card: { id: MODEL.id, dtype: 'fp32', sha256: MODEL.sha256, files: [] },
      files: { 'tokenizer.json': new Uint8Array(1), 'onnx/model.onnx': new Uint8Array(1) },
    }),
    forgetModelFiles: async () => {},
    loadTokenizerFiles: async () => null,
    loadShippedPrompt: async () => null,
    loadSample: () => Promise.reject(new StudioError('bad-input', 'no sample')),
    loadStarters: async () => ({ starters: [], cards: [] }),
  };
}

/** The second of two models. */
export const OTHER = { id: 'other', dtype: 'fp32', sha256: 'b'.repeat(64), files: [] };

/**
 * Services that know two models, which say different labels. `asked`: the loaded model, each time that it
 * scores.
 * @param more further handlers: which model is loaded, and the list of questions
 */
export async function servicesOfTwoModels(
  more: (loaded: () => string, asked: string[]) => Handlers<EngineMethods> = () => ({}),
) {
  const asked: string[] = [];
  let loaded = '';
  const base = testServices({
    load: ({ id, sha256 = '' }) => {
      loaded = id;
      return { ...MODEL, id, sha256 };
    },
    score: ({ rows }) => {
      asked.push(loaded);
      const says = loaded === 'other' ? [-2.3, -0.1] : [-0.1, -2.3];
      const answers = rows.map(({ rowId }) => ({ rowId, logProbs: says, tokensSent: 1, tokensComputed: 1 }));
      return { rows: answers, rowsRun: rows.length, seconds: 0 };
    },
    ...more(() => loaded, asked),
  });
  const services: Services = {
    ...base,
    loadModelFiles: async (source) => {
      const own = { id: MODEL.id, dtype: 'fp32', sha256: MODEL.sha256, files: [] };
      return { card: source.kind === 'kept' ? source.card : own, files: { 'tokenizer.json': new Uint8Array(1) } };
    },
  };
  const known = [{ source: { kind: 'kept', card: OTHER }, info: { ...MODEL, ...OTHER } }];
  await services.store.settings.set('known-models', known);
  return { services, asked };
}

/** `n` labelled messages as CSV bytes, labels in turn. */
export const csvFile = (n: number, labels: readonly string[] = ['good', 'bad'], name = 'rows-1.csv'): File => {
  const rows = Array.from({ length: n }, (_, i) => `message number ${i},${labels[i % labels.length]}`);
  return new File([['message,tone', ...rows].join('\n')], name);
};

/** What `navigate` touches, for stores that go to another screen. */
export function fakeLocation(): { path: () => string } {
  const location = { href: 'http://localhost/', hash: '' };
  const go = (_: unknown, __: string, url: string) => {
    location.hash = url.slice(url.indexOf('#'));
  };
  Object.assign(globalThis, {
    location,
    history: { pushState: go, replaceState: go },
    HashChangeEvent: class extends Event {},
    dispatchEvent: () => true,
    scrollTo: () => undefined,
  });
  return { path: () => location.hash.slice(1) };
}

/** `n` messages, each with a text of its own to be written. */
export const writingFile = (n: number): File => {
  const rows = Array.from({ length: n }, (_, i) => `my message number ${i} is about thing ${i},thing ${i} is mine`);
  return new File([['message,summary', ...rows].join('\n')], 'summaries.csv');
};

/** Something that arrives when the test says so. */
export function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** What a screen's stores are made from: the session and the open prompt set, and none of the other stores. */
export function testStudio(services: Services): Studio {
  const stores = { session: createSessionStore(services, CAPABILITIES), promptSets: createPromptSetsStore(services) };
  return { services, stores: stores as Studio['stores'] };
}
