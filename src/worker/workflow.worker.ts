/**
 * The workflow worker: parses, lints, tokenises and computes statistics. It never loads ONNX Runtime.
 * Importing this module elsewhere (tests) serves nothing; `createWorkflowHandlers` makes one worker's state.
 */
import { buffersIn, WorkerLists } from '../dataset/by-reference';
import { queryRows, rowParts } from '../dataset/query';
import { comparing } from '../evaluation/classify/compare';
import { insightsOf } from '../evaluation/classify/insights';
import { compareTexts } from '../evaluation/generate/compare';
import { inSteps } from '../lib/steps';
import { VERBS } from '../workflow/index';
import { changeRows, prepareRows, readTable } from '../workflow/open-data';
import { createPageHost } from './page-host';
import type { WorkflowMethods } from './protocol';
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

export function createWorkflowHandlers(): Handlers<WorkflowMethods> {
  const host = createPageHost();

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
