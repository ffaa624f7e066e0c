import { useMemo } from 'react';
import { useStore } from 'zustand';
import { textKey, writes } from '../../../dataset/labels';
import { filterQuery, type RowQuery, type RowSort } from '../../../dataset/query';
import type { Issue, Table } from '../../../dataset/types';
import { contentKey } from '../../../lib/bytes';
import { lengthIssues } from '../../../tokens/text-lengths';
import type { WorkflowMethods } from '../../../worker/protocol';
import type { DataState } from '../../state/data/data-state';
import { type Labelled, type LabelQueue, labelledFrom, labelQueue } from '../../state/label-queue';
import { screenOfNew } from '../../state/location';
import { steadyResource, useResource } from '../../state/resource';
import { tabMemory } from '../../state/storage';
import { OfStudio, perStudio, type Studio, screenStore, useData, useSession } from '../../state/studio';

export type RowOrder = ReturnType<WorkflowMethods['query']>;
export type TextLengths = ReturnType<WorkflowMethods['textLengths']>;
export type TargetLengths = ReturnType<WorkflowMethods['targetLengths']>;

type Prepared = NonNullable<DataState['prepared']>;

interface OrderKey extends RowQuery {
  readonly table: Table;
  readonly dataset: Prepared['dataset'] | null;
}

const useOrders = screenStore(({ services }) =>
  steadyResource(
    ({ table, dataset, ...query }: OrderKey, signal) =>
      services.workflow.call('query', { table, dataset, query }, { signal }) as Promise<RowOrder>,
  ),
);

export interface RowChoice {
  readonly filter: string;
  readonly search: string;
  readonly sort: RowSort;
}

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
  readonly answers: TargetLengths | null;
}

export const useLengths = screenStore(({ services, stores }) =>
  steadyResource(async (_: string, signal): Promise<Lengths | null> => {
    const dataset = stores.data.getState().prepared?.dataset;
    if (!dataset) return null;
    const [texts, answers] = await Promise.all([
      services.workflow.call('textLengths', { dataset }, { signal }),
      writes(dataset.mapping) ? services.workflow.call('targetLengths', { dataset }, { signal }) : null,
    ]);
    return { texts, answers };
  }),
);

export function useCountTokens(): void {
  const tokenizer = useSession((s) => (s.tokenizer.kind === 'ready' ? s.tokenizer.sha256 : null));
  const fingerprint = useData((s) => s.prepared?.dataset.fingerprint ?? null);
  useResource(useLengths.use(), tokenizer && fingerprint ? contentKey(fingerprint, tokenizer) : null);
}

export function useIssues(): readonly Issue[] | null {
  const found = useData((s) => s.prepared?.issues ?? null);
  const lengths = useStore(useLengths.use(), (s) => s.value);
  return useMemo(() => {
    const counted = lengthIssues(lengths?.texts ?? null, lengths?.answers ?? null);
    // what is counted in tokens replaces the guess from the letters
    const exact = counted.find(({ kind }) => kind === 'too-long');
    const guess = exact && found?.find(({ kind }) => kind === 'long-text');
    const others = guess ? counted.filter((issue) => issue !== exact) : counted;
    return found && [...found.map((issue) => (exact && issue === guess ? exact : issue)), ...others];
  }, [found, lengths]);
}

const MORE_ROWS: ReadonlySet<Issue['kind']> = new Set(['too-few-rows', 'one-class', 'empty-part']);
export const needsRows = ({ kind }: Pick<Issue, 'kind'>): boolean => MORE_ROWS.has(kind);

export const LABELLED_AT_ONCE = 20;
/** After so many labels they are made part of the data, so that leaving loses few. */
const KEPT_AFTER = 10;

/** Some of the rows, evenly over the file: a sorted one shows all of its kinds. */
export const spread = (rowIds: readonly string[], most = LABELLED_AT_ONCE): readonly string[] => {
  const n = Math.min(most, rowIds.length);
  return Array.from({ length: n }, (_, i) => rowIds[Math.floor((i * rowIds.length) / n)] as string);
};

/** Names as they are typed: `good, bad`; one with a comma in it is in double quotes. */
export const labelNames = (typed: string): readonly string[] => {
  const names = Array.from(typed.matchAll(/\s*"([^"]*)"\s*|[^,;\n]+/g), ([bare, quoted]) => (quoted ?? bare).trim());
  return names.filter((name, i) => name !== '' && names.findIndex((other) => textKey(other) === textKey(name)) === i);
};

export const namesToType = (labels: readonly string[]): string =>
  labels.map((label) => (/[,;\n]/.test(label) ? `"${label}"` : label)).join(', ');

type KeptLabelling = Labelled<string> & { readonly setId: string | undefined };

const keptLabelling = tabMemory<KeptLabelling | null>('labelling', null);

/** Labels for rows of the data; they survive a reload. */
class Labelling extends OfStudio {
  readonly #queue = labelQueue<string>();

  constructor(studio: Studio) {
    super(studio);
    const { data, promptSets } = studio.stores;
    promptSets.subscribe(({ set }, before) => {
      if (set?.id === before.set?.id) return;
      // the rows that are labelled have become a prompt set
      if (set && !before.set && screenOfNew() !== null && this.#isOn()) this.#write();
      else this.#resume();
    });
    data.subscribe(({ table, prepared }, before) => {
      // rows that replace others and are not prepared yet are those of another file
      const isOther = before.table !== null && table !== null && table !== before.table && !prepared;
      if (isOther && this.#isOn()) this.#changed(this.#queue.leave);
    });
    this.#resume();
  }

  /** The queue, each change of which is kept. */
  readonly queue: LabelQueue<string> = {
    ...this.#queue,
    start: (rows, labels) => this.#changed(() => this.#queue.start(spread(rows), labels)),
    give: (label) => {
      this.#changed(() => this.#queue.give(label));
      const { rows, given, kept } = this.#queue.getState();
      if (given.length === rows.length) this.queue.leave();
      else if (labelledFrom({ rows, given }, kept).length >= KEPT_AFTER) this.#changed(() => this.#keep());
    },
    back: () => this.#changed(this.#queue.back),
    /** Takes the labels so far. */
    leave: () => {
      this.#keep();
      this.#changed(this.#queue.leave);
    },
  };

  #isOn(): boolean {
    return this.#queue.getState().rows.length > 0;
  }

  #resume(): void {
    const { setId, ...rest } = keptLabelling.read() ?? {};
    this.#queue.leave();
    if (setId !== undefined && setId === this.sets.set?.id) this.#queue.setState(rest);
  }

  #changed(change: () => void): void {
    change();
    this.#write();
  }

  #write(): void {
    keptLabelling.write({ ...this.#queue.getState(), setId: this.sets.set?.id });
  }

  #keep(): void {
    const { kept, ...all } = this.#queue.getState();
    const labels = labelledFrom(all, kept);
    this.#queue.setState({ kept: all.given.length });
    if (labels.length > 0) void this.stores.data.change({ kind: 'label-rows', labels });
  }
}

export const rowLabels = perStudio((studio) => new Labelling(studio).queue);
