/**
 * Something that is loaded for a key: the rows of a prompt set, the tokens of a template. It owns what every loader
 * needs: one load a key, the old one cancelled by the new, late answers dropped, and the error kept.
 */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { shallow } from 'zustand/shallow';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { asStudioError, type StudioError } from '../../lib/errors';

export interface ResourceState<K, T> {
  readonly key: K | null;
  /** Of `key`; during a reload, and with `keepPrevious`, the last value that is known. */
  readonly value: T | null;
  readonly status: 'empty' | 'loading' | 'ready' | 'failed';
  readonly error: StudioError | null;
}

export interface Resource<K, T> extends StoreApi<ResourceState<K, T>> {
  readonly keepPrevious: boolean;
  /** Resolves when the load has ended, well or not. The same key (field by field) is not loaded a second time. */
  load(key: K): Promise<void>;
  /** Loads the key again and shows the old value meanwhile; does nothing without a key. */
  reload(): Promise<void>;
  /** Replaces the value, and cancels a load that would overwrite it. */
  set(value: T, key?: K): void;
  clear(): void;
}

interface ResourceOptions {
  readonly keepPrevious?: boolean;
  readonly onError?: (error: StudioError) => void;
}

const EMPTY = { key: null, value: null, status: 'empty', error: null } as const;

export function resource<K, T>(
  load: (key: K, signal: AbortSignal) => Promise<T>,
  { keepPrevious = false, onError }: ResourceOptions = {},
): Resource<K, T> {
  const store = createStore<ResourceState<K, T>>(() => EMPTY);
  let current = new AbortController();
  let settled: Promise<void> = Promise.resolve();

  async function run(key: K): Promise<void> {
    current.abort();
    current = new AbortController();
    const { signal } = current;
    try {
      const value = await load(key, signal);
      if (!signal.aborted) store.setState({ value, status: 'ready', error: null });
    } catch (cause) {
      if (signal.aborted) return;
      const error = asStudioError(cause);
      const isCancelled = error.code === 'cancelled';
      const { value } = store.getState();
      store.setState(
        isCancelled ? { status: value === null ? 'empty' : 'ready', error: null } : { status: 'failed', error },
      );
      if (!isCancelled) onError?.(error);
    }
  }

  const begin = (key: K, value: T | null) => {
    store.setState({ key, value, status: 'loading', error: null });
    settled = run(key);
    return settled;
  };

  return Object.assign(store, {
    keepPrevious,
    load: (key: K) => {
      const { key: known, value, status } = store.getState();
      if (status !== 'empty' && sameKey(known, key)) return settled;
      return begin(key, keepPrevious ? value : null);
    },
    reload: () => {
      const { key, value } = store.getState();
      return key === null ? Promise.resolve() : begin(key, value);
    },
    set: (value: T, key = store.getState().key) => {
      current.abort();
      store.setState({ key, value, status: 'ready', error: null });
    },
    clear: () => {
      current.abort();
      store.setState(EMPTY);
    },
  });
}

export const steadyResource = <K, T>(load: (key: K, signal: AbortSignal) => Promise<T>): Resource<K, T> =>
  resource(load, { keepPrevious: true });

/** Field by field for plain objects and arrays only: a `File` has no fields of its own, so all files would be one. */
const hasFields = (key: unknown): boolean =>
  Array.isArray(key) || (key !== null && typeof key === 'object' && Object.getPrototypeOf(key) === Object.prototype);

const sameKey = <K>(a: K | null, b: K): boolean => Object.is(a, b) || (hasFields(a) && hasFields(b) && shallow(a, b));

/**
 * The resource's state for `key`, loaded when the key changes; null clears it. A key that is an object or an array is
 * compared field by field, so it may be made in the render.
 */
export function useResource<K, T>(of: Resource<K, T>, key: K | null): ResourceState<K, T> {
  const state = useStore(of);
  useEffect(() => {
    if (key === null) of.clear();
    else void of.load(key);
  }, [of, key]);
  // the effect runs after this render: until then the old key's value is not the new one's
  const isCurrent = key === null ? state.status === 'empty' : state.status !== 'empty' && sameKey(state.key, key);
  if (isCurrent) return state;
  if (key === null) return EMPTY;
  return { key, value: of.keepPrevious ? state.value : null, status: 'loading', error: null };
}

/** Resolves once a store's state is so; at once where it is. */
export const until = <S>(
  store: Pick<StoreApi<S>, 'getState' | 'subscribe'>,
  isSo: (state: S) => boolean,
): Promise<void> =>
  new Promise((resolve) => {
    if (isSo(store.getState())) return resolve();
    const stop = store.subscribe((state) => {
      if (!isSo(state)) return;
      stop();
      resolve();
    });
  });
