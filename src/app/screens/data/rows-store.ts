import { useMemo } from 'react';
import { useStore } from 'zustand';
import { textKey, writes } from '../../../dataset/labels';
import { filterQuery, type RowQuery, type RowSort } from '../../../dataset/query';
import type { Issue, Table } from '../../../dataset/types';
import { contentKey } from '../../../lib/bytes';
import { lengthIssues } from '../../../tokens/text-lengths';
import type { WorkflowMethods } from '../../../worker/protocol';
import type { DataState } from '../../state/data/data-state';
import { screenOfNew } from '../../state/location';
import { steadyResource, useResource } from '../../state/resource';
import { tabMemory } from '../../state/storage';
import { ActionStore, type Studio, screenStore, useData, useSession } from '../../state/studio';

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

interface LabellingState {
  readonly names: readonly string[];
  readonly queue: readonly string[];
  readonly at: number;
  /** Labels given since the last that were made part of the data, by row id. */
  readonly given: ReadonlyMap<string, string>;
}

const IDLE: LabellingState = { names: [], queue: [], at: 0, given: new Map() };

interface KeptLabelling extends Omit<LabellingState, 'given'> {
  readonly setId: string | undefined;
  readonly given: readonly (readonly [rowId: string, label: string])[];
}

const keptLabelling = tabMemory<KeptLabelling | null>('labelling', null);

class Labelling extends ActionStore<LabellingState> {
  constructor(studio: Studio) {
    super(studio, IDLE);
    const { data, promptSets } = studio.stores;
    promptSets.subscribe(({ set }, before) => {
      if (set?.id === before.set?.id) return;
      // the rows that are labelled have become a prompt set
      if (set && !before.set && screenOfNew() !== null && this.getState().queue.length > 0) this.#show(this.getState());
      else this.#resume();
    });
    data.subscribe(({ table, prepared }, before) => {
      // rows that replace others and are not prepared yet are those of another file
      const isOther = before.table !== null && table !== null && table !== before.table && !prepared;
      if (isOther && this.getState().queue.length > 0) this.#show(IDLE);
    });
    this.#resume();
  }

  #resume(): void {
    const { setId, given = [], ...rest } = keptLabelling.read() ?? {};
    const isOpen = setId !== undefined && setId === this.sets.set?.id;
    this.set(isOpen ? { ...IDLE, ...rest, given: new Map(given) } : IDLE);
  }

  #show(state: LabellingState): void {
    this.set(state);
    keptLabelling.write({ ...state, given: [...state.given], setId: this.sets.set?.id });
  }

  start(names: readonly string[], rowIds: readonly string[]): void {
    this.#show({ ...IDLE, names, queue: spread(rowIds) });
  }

  give(label: string): void {
    const { queue, at, given } = this.getState();
    const id = queue[at];
    if (id !== undefined) this.#next(new Map(given).set(id, label));
  }

  skip(): void {
    this.#next(this.getState().given);
  }

  /** To the row before, whose label is taken back; not past labels that are part of the data already. */
  back(): void {
    const { queue, at, given } = this.getState();
    const before = new Map(given);
    before.delete(queue[at - 1] ?? '');
    if (at > 0) this.#show({ ...this.getState(), at: at - 1, given: before });
  }

  stop(): void {
    this.#keep();
    this.#show(IDLE);
  }

  #next(given: LabellingState['given']): void {
    const { queue, at } = this.getState();
    this.#show({ ...this.getState(), at: at + 1, given });
    if (at + 1 >= queue.length) this.stop();
    else if (given.size >= KEPT_AFTER) this.#keep();
  }

  #keep(): void {
    const { given } = this.getState();
    if (given.size === 0) return;
    this.#show({ ...this.getState(), given: new Map() });
    void this.stores.data.change({ kind: 'label-rows', labels: [...given] });
  }
}

export const useLabelling = screenStore((studio) => new Labelling(studio));
