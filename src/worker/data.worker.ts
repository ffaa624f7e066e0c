/**
 * The data worker: parses, lints, tokenises and computes statistics. It never loads ONNX Runtime.
 * Importing this module elsewhere (tests) serves nothing; `createDataHandlers` makes one worker's state.
 */
import { buffersIn, WorkerLists } from '../dataset/by-reference';
import { labelIndexer, textOf } from '../dataset/labels';
import { queryRows, rowParts } from '../dataset/query';
import type { Row } from '../dataset/types';
import { comparing } from '../evaluation/classify/compare';
import { insightsOf } from '../evaluation/classify/insights';
import { fitCalibration } from '../evaluation/classify/outcome';
import { compareTexts } from '../evaluation/generate/compare';
import { present } from '../lib/assert';
import { inSteps } from '../lib/steps';
import { wordClassifier } from '../metrics/logistic';
import { rowsOf } from '../task/render';
import { VERBS } from '../workflow/index';
import { changeRows, prepareRows, readTable } from '../workflow/open-data';
import { createPageHost } from './page-host';
import type { DataMethods } from './protocol';
import { type Handlers, serve } from './serve';
import { createTextHandlers } from './text-handlers';
import { verbHandlers } from './verbs';

const rowsDone = (total: number, share: number) => ({
  kind: 'progress' as const,
  done: Math.round(share * total),
  total,
  unit: 'rows' as const,
  secondsLeft: null,
});

/** They wait for the engine, or must not wait for what waits for it. */
const CONCURRENT = new Set<string>(['connectEngine', 'render', 'tokenRows', ...Object.keys(VERBS)]);

export function createDataHandlers(): Handlers<DataMethods> {
  const host = createPageHost();
  let lastWords: { readonly key: string; readonly result: ReturnType<DataMethods['tfidf']> } | null = null;

  return {
    parse: (file, emit, control) =>
      readTable(file, {
        control,
        emit: ({ done, total }) => emit({ kind: 'progress', done, total, unit: 'bytes', secondsLeft: null }),
      }),

    ...verbHandlers(host),
    ...createTextHandlers(host),

    prepare: ({ table, mapping, ...how }) => prepareRows(table, mapping, how),

    query: ({ table, dataset, query }) => {
      const { mapping = null, split = null } = dataset ?? {};
      const of = { rows: dataset?.table.rows ?? table.rows, mapping, split };
      return { places: queryRows(of, query), parts: rowParts(of) };
    },

    edit: ({ dataset, change, now }) => changeRows(dataset, change, now),

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

    recompare: (plan, emit, control) =>
      inSteps(comparing(plan, { onProgress: (share) => emit(rowsDone(plan.rowIds.length, share)) }), control, (share) =>
        emit(rowsDone(plan.rowIds.length, share)),
      ),

    compareTexts: (plan, emit) =>
      compareTexts(plan, { onProgress: (share) => emit(rowsDone(plan.wanted.length, share)) }),

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
  serve<DataMethods>(self, byReference(createDataHandlers()), { concurrent: CONCURRENT, movable: buffersIn });
