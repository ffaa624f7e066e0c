import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Readable } from '../../state/studio';

/** A store as it is drawn: of changes that come faster than every `ms` milliseconds the latest, and an urgent one at once. */
export function paced<S extends object>(
  store: Readable<S>,
  ms: number,
  isUrgent: (now: S, drawn: S) => boolean,
): StoreApi<S> {
  const drawn = createStore<S>(() => store.getState());
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    clearTimeout(waiting);
    const state = store.getState();
    drawn.setState(state, true);
    waiting = setTimeout(() => {
      waiting = undefined;
      if (store.getState() !== state) draw();
    }, ms);
  };
  store.subscribe((now) => {
    if (waiting === undefined || isUrgent(now, drawn.getState())) draw();
  });
  return drawn;
}
