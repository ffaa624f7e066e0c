/**
 * A screen's store, made when its code is first used and kept as long as the page. The screen calls
 * `const useTrainStore = screenStore(createTrainStore)` once, beside its store.
 */
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Studio, useStudio } from './studio';

type Readable<S> = Pick<StoreApi<S>, 'getState' | 'getInitialState' | 'subscribe'>;
type StateOf<A> = A extends { getState: () => infer S } ? S : never;

/** A store whose actions are its methods: `useTraining((s) => s.queue)` reads, `useTraining.use().resume(id)` acts. */
export class ActionStore<S> implements Readable<S> {
  readonly getState: StoreApi<S>['getState'];
  readonly getInitialState: StoreApi<S>['getInitialState'];
  readonly subscribe: StoreApi<S>['subscribe'];
  protected readonly set: StoreApi<S>['setState'];

  constructor(initial: S) {
    const store = createStore<S>(() => initial);
    this.getState = store.getState;
    this.getInitialState = store.getInitialState;
    this.subscribe = store.subscribe;
    this.set = store.setState;
  }
}

export interface PerStudio<T> {
  /** In React. */
  use(): T;
  /** Outside of it: in tests, and where one store of a screen needs another. */
  of(studio: Studio): T;
}

export interface ScreenStore<A> {
  <U>(select: (state: StateOf<A>) => U): U;
  /** The store itself: for `start` and `stop` of a job, `load` of a resource. */
  use(): A;
  of(studio: Studio): A;
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

export const screenStore = <A extends Readable<unknown>>(create: (studio: Studio) => A): ScreenStore<A> => {
  const kept = perStudio(create);
  return Object.assign(<U>(select: (state: StateOf<A>) => U): U => useSelected(kept.use(), select), kept);
};

const useSelected = <A extends Readable<unknown>, U>(store: A, select: (state: StateOf<A>) => U): U =>
  useStore<Readable<StateOf<A>>, U>(store as Readable<StateOf<A>>, select);
