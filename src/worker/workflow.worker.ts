/** Importing this module elsewhere (tests) serves nothing; `createWorkflowHandlers` makes one worker's state. */
import { buffersIn, WorkerLists } from '../dataset/by-reference';
import { queryRows, rowParts } from '../dataset/query';
import { verdictCard } from '../evaluation/card';
import { comparing, insightsOf } from '../evaluation/classify/compare';
import { type Control, inSteps } from '../lib/control';
import { configOf } from '../model/card';
import { answerLengths } from '../route/generated-texts';
import { type Handlers, serve } from '../rpc/serve';
import { propose } from '../task/tasks';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { labelTokens, openTokenizerOf } from '../tokens/tokenizer';
import type { Host, Verb } from '../workflow/host';
import { VERBS, type Verbs } from '../workflow/index';
import { changeRows, prepareRows, readTable } from '../workflow/open-data';
import { labelCollisions, rowLengths } from '../workflow/token-rows';
import { createPageHost, type PageHost } from './page-host';
import type { ProgressEvent, WorkflowMethods } from './protocol';

/** They wait for the engine, or must not wait for what waits for it. */
const CONCURRENT = new Set<string>(['connectEngine', ...Object.keys(VERBS)]);

/** Each verb gets the host, and passes its events on. */
export function verbHandlers(host: Host): Pick<Handlers<WorkflowMethods>, keyof Verbs> {
  const handlers = Object.entries<Verb<never, unknown, unknown>>(VERBS).map(([name, verb]) => {
    const handler = (params: never, emit: (event: unknown) => void, control: Control) =>
      verb(host, params, { control, emit });
    return [name, handler];
  });
  return Object.fromEntries(handlers);
}

/** From file to comparison. */
const DATA_HANDLERS = {
  parse: (file, emit, control) =>
    readTable(file, {
      control,
      emit: ({ done, total }) => emit({ kind: 'progress', done, total, unit: 'bytes', secondsLeft: null }),
    }),

  prepare: ({ table, mapping, ...how }) => prepareRows(table, mapping, how),

  query: ({ table, dataset, query }) => {
    const { mapping = null, split = null } = dataset ?? {};
    const of = { rows: dataset?.table.rows ?? table.rows, mapping, split };
    return { places: queryRows(of, query), parts: rowParts(of) };
  },

  edit: ({ dataset, change, now }) => changeRows(dataset, change, now),

  recompare: (plan, emit, control) => {
    const onProgress = rowsDone(plan.rowIds.length, emit);
    return inSteps(comparing(plan, { onProgress }), control, onProgress);
  },

  verdictCard,

  insights: ({ plan, comparison, dataset, pairIndex }, emit, control) =>
    inSteps(insightsOf(plan, comparison, dataset, pairIndex), control, rowsDone(plan.rowIds.length, emit)),
} satisfies Partial<Handlers<WorkflowMethods>>;

/** Of a share between 0 and 1. */
const rowsDone = (total: number, emit: (event: ProgressEvent) => void) => (share: number) =>
  emit({ kind: 'progress', done: Math.round(share * total), total, unit: 'rows', secondsLeft: null });

/** @throws StudioError (the handlers) `bad-input` before `openTokenizer` */
const textHandlers = (host: PageHost) =>
  ({
    openTokenizer: async ({ files }) => {
      const tokenizer = await createCoreTokenizer(files);
      host.open(openTokenizerOf(tokenizer, configOf(files).contextLength), files);
      return { sha256: tokenizer.sha256, hasChat: tokenizer.chat('') !== null };
    },

    propose: ({ dataset }) => propose(dataset, host.hasTokens ? host.tokens.encode : null),

    labelTokens: ({ words }) => ({
      labels: labelTokens(host.tokens, words),
      collisions: labelCollisions(host.tokens, words),
    }),

    encode: ({ text }) => {
      const { encode, tokenizer } = host.tokens;
      const ids = encode(text);
      return { ids, pieces: Array.from(ids, (id) => tokenizer.decode([id])) };
    },

    textLengths: ({ dataset }) => rowLengths(host, dataset),

    targetLengths: ({ dataset }) => answerLengths(host, dataset),
  }) satisfies Partial<Handlers<WorkflowMethods>>;

export function createWorkflowHandlers(): Handlers<WorkflowMethods> {
  const host = createPageHost();
  return {
    connectEngine: (link) => {
      host.connect(link);
      return null;
    },
    ...DATA_HANDLERS,
    ...textHandlers(host),
    ...verbHandlers(host),
  };
}

/** For a page that sends and gets long lists by reference. */
export function byReference(handlers: Handlers<WorkflowMethods>): Handlers<WorkflowMethods> {
  const lists = new WorkerLists();
  const wrapped = Object.entries(handlers).map(([name, handler]) => {
    const method = handler as (params: unknown, ...rest: readonly unknown[]) => unknown;
    const crossing = async (params: unknown, ...rest: readonly unknown[]) => {
      const received = await lists.receive(params);
      return lists.send(await method(received, ...rest), received);
    };
    return [name, crossing];
  });
  return Object.fromEntries(wrapped) as Handlers<WorkflowMethods>;
}

// Only inside a worker: the page and Node have no such scope.
if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope)
  serve<WorkflowMethods>(self, byReference(createWorkflowHandlers()), { concurrent: CONCURRENT, movable: buffersIn });
