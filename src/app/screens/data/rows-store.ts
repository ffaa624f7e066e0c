/** What the Data screen asks about the open rows: which to show in which order, and how many tokens they have. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { filterQuery, type RowQuery, type RowSort } from '../../../dataset/query';
import type { Issue, Table } from '../../../dataset/types';
import { type ByTask, taskKindOf } from '../../../dataset/types';
import { lengthIssues } from '../../../tokens/text-lengths';
import type { WorkflowMethods } from '../../../worker/protocol';
import type { DataState } from '../../state/data/data-state';
import { resource, useResource } from '../../state/resource';
import { screenStore, useData, useSession } from '../../state/studio';

export type RowOrder = ReturnType<WorkflowMethods['query']>;
export type TextLengths = ReturnType<WorkflowMethods['textLengths']>;
export type TargetLengths = ReturnType<WorkflowMethods['targetLengths']>;

type Prepared = NonNullable<DataState['prepared']>;

interface OrderKey extends RowQuery {
  readonly table: Table;
  readonly dataset: Prepared['dataset'] | null;
}

const useOrders = screenStore(({ services }) =>
  resource(
    ({ table, dataset, ...query }: OrderKey, signal) =>
      services.workflow.call('query', { table, dataset, query }, { signal }) as Promise<RowOrder>,
    // while an answer is on its way the last one stays
    { keepPrevious: true },
  ),
);

export interface RowChoice {
  /** `all`, a part of the split, or a kind of issue. */
  readonly filter: string;
  readonly search: string;
  readonly sort: RowSort;
}

/** Which rows are shown in which order, and the part of each; null until it is known. */
export function useOrder({ filter, search, sort }: RowChoice, issues: readonly Issue[]): RowOrder | null {
  const orders = useOrders.use();
  const table = useData((s) => s.table);
  const dataset = useData((s) => s.prepared?.dataset ?? null);
  const chosen = useMemo(() => filterQuery(filter, issues), [filter, issues]);
  useResource(orders, table && { table, dataset, ...chosen, search, sort });
  const found = useOrders((s) => s.value);
  // an answer about other rows would point at the wrong ones
  return found?.parts.length === (dataset?.table.rows ?? table?.rows)?.length ? found : null;
}

interface Lengths {
  readonly texts: TextLengths;
  /** Of the expected texts; null where labels are chosen. */
  readonly answers: TargetLengths | null;
}

/** Tokens of the texts by fingerprint of the rows. */
export const useLengths = screenStore(({ services, stores }) =>
  resource(
    async (_: string, signal): Promise<Lengths | null> => {
      const dataset = stores.data.getState().prepared?.dataset;
      if (!dataset) return null;
      const [texts, answers] = await Promise.all([
        services.workflow.call('textLengths', { dataset }, { signal }),
        ANSWER_LENGTHS[taskKindOf(dataset.mapping)](() =>
          services.workflow.call('targetLengths', { dataset }, { signal }),
        ),
      ]);
      return { texts, answers };
    },
    { keepPrevious: true },
  ),
);

const ANSWER_LENGTHS: ByTask<(count: () => Promise<TargetLengths>) => Promise<TargetLengths> | null> = {
  classify: () => null,
  generate: (count) => count(),
};

/** Counts the tokens of the open rows once the model's tokenizer is there, and again when the rows change. */
export function useCountTokens(): void {
  const isReady = useSession((s) => s.tokenizer.kind === 'ready');
  const fingerprint = useData((s) => s.prepared?.dataset.fingerprint ?? null);
  useResource(useLengths.use(), isReady ? fingerprint : null);
}

/** All issues: from the rows, and from their tokens once those are counted; null before the rows were checked. */
export function useIssues(): readonly Issue[] | null {
  const found = useData((s) => s.prepared?.issues ?? null);
  const lengths = useStore(useLengths.use(), (s) => s.value);
  return useMemo(
    () => found && [...found, ...lengthIssues(lengths?.texts ?? null, lengths?.answers ?? null)],
    [found, lengths],
  );
}
