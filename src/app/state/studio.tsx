/** Hands the services and stores down. A screen asks for a store's state by selector and calls its actions; its own stores are made here. */
import { createContext, type ReactNode, useContext, useDeferredValue } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { present } from '../../lib/assert';
import type { ModelInfo } from '../../worker/protocol';
import type { DataState } from './data/data-state';
import type { RequestsState } from './network';
import type { PromptSetsState } from './prompt-sets-store';
import type { Services } from './services';
import type { SessionState } from './session-state';
import type { Stores } from './stores';

export interface Studio {
  readonly services: Services;
  readonly stores: Stores;
}

const StudioContext = createContext<Studio | null>(null);

export const StudioProvider = ({ studio, children }: { readonly studio: Studio; readonly children: ReactNode }) => (
  <StudioContext value={studio}>{children}</StudioContext>
);

export const useStudio = (): Studio => present(useContext(StudioContext), 'StudioProvider');
export const useStores = (): Stores => useStudio().stores;

export const useSession = <T,>(select: (state: SessionState) => T): T => useStore(useStores().session, select);
export const useIsBusy = (): boolean => useSession((s) => s.job !== null);
export const useOnlyShows = (): boolean => useSession((s) => s.capabilities.trainingOff !== null);
export const useCannotAsk = (): boolean => useSession((s) => s.job !== null || s.capabilities.trainingOff !== null);
export const useModel = (): ModelInfo | null => useSession((s) => (s.model.kind === 'ready' ? s.model.info : null));
export const usePromptSets = <T,>(select: (state: PromptSetsState) => T): T => useStore(useStores().promptSets, select);
export const useOpen = (): Pick<PromptSetsState, 'set' | 'dataset'> =>
  usePicked(useStores().promptSets, 'set', 'dataset');
export type OpenRows = { readonly [K in 'set' | 'dataset']: NonNullable<PromptSetsState[K]> };
export const useRequests = <T,>(select: (state: RequestsState) => T): T => useStore(useStores().requests, select);
/** Deferred: what depends on many rows is drawn in slices, all panels at once, and delays no key or click meanwhile. */
export const useData = <T,>(select: (state: DataState) => T): T => useDeferredValue(useStore(useStores().data, select));

export const useDataFields = <K extends keyof DataState>(...fields: readonly K[]): Pick<DataState, K> =>
  useDeferredValue(usePicked(useStores().data, ...fields));

export type Readable<S> = Pick<StoreApi<S>, 'getState' | 'getInitialState' | 'subscribe'>;
/** These fields of a store's state, such as a job's: another render only when one of them changes. */
export const usePicked = <S extends object, K extends keyof S>(
  store: Readable<S>,
  ...fields: readonly K[]
): Pick<S, K> =>
  useStore(
    store,
    useShallow((state) => Object.fromEntries(fields.map((field) => [field, state[field]])) as Pick<S, K>),
  );

type StateOf<A> = A extends { getState: () => infer S } ? S : never;

/** What a screen's store works with: the services, the other stores, and the state of the two that nearly all need. */
export class OfStudio {
  protected readonly studio: Studio;

  constructor(studio: Studio) {
    this.studio = studio;
  }

  protected get services(): Services {
    return this.studio.services;
  }

  protected get stores(): Stores {
    return this.studio.stores;
  }

  protected get session(): SessionState {
    return this.stores.session.getState();
  }

  /** The open prompt set with its rows, and how any set is changed. */
  protected get sets(): PromptSetsState {
    return this.stores.promptSets.getState();
  }
}

/** A store whose actions are its methods: `useTraining((s) => s.live)` reads, `useTraining.use().resume(id)` acts. */
export class ActionStore<S> extends OfStudio implements Readable<S> {
  readonly getState: StoreApi<S>['getState'];
  readonly getInitialState: StoreApi<S>['getInitialState'];
  readonly subscribe: StoreApi<S>['subscribe'];
  protected readonly set: StoreApi<S>['setState'];

  constructor(studio: Studio, initial: S) {
    super(studio);
    const store = createStore<S>(() => initial);
    this.getState = store.getState;
    this.getInitialState = store.getInitialState;
    this.subscribe = store.subscribe;
    this.set = store.setState;
  }
}

interface PerStudio<T> {
  /** For `start` and `stop` of a job, `load` of a resource. */
  use(): T;
  /** Outside of it: in tests, and where one store of a screen needs another. */
  of(studio: Studio): T;
}

interface ScreenStore<A> extends PerStudio<A> {
  <U>(select: (state: StateOf<A>) => U): U;
}

/** Made once for a Studio, when somebody first asks. */
export function perStudio<T>(create: (studio: Studio) => T): PerStudio<T> {
  const made = new WeakMap<Studio, { readonly value: T }>();
  const of = (studio: Studio): T => {
    const known = made.get(studio) ?? { value: create(studio) };
    made.set(studio, known);
    return known.value;
  };
  return { of, use: () => of(useStudio()) };
}

/**
 * A screen's store, made when its code is first used and kept as long as the page. The screen calls
 * `const useTrainStore = screenStore(createTrainStore)` once, beside its store.
 */
export function screenStore<A extends Readable<unknown>>(create: (studio: Studio) => A): ScreenStore<A> {
  const kept = perStudio(create);
  const of = kept.use as () => Readable<StateOf<A>>;
  return Object.assign(
    <U,>(select: (state: StateOf<A>) => U): U => useStore<Readable<StateOf<A>>, U>(of(), select),
    kept,
  );
}
