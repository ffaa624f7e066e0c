/** Texts of the next run are read while the user is on Data or Prompts and the engine has nothing else to do. */
import type { Dataset } from '../../dataset/types';
import { counted } from '../../lib/format';
import type { PromptSet } from '../../prompt-set/types';
import { sameLabels } from '../../task/template';
import { cacheKeyOf } from '../../workflow/training-rows';
import { resource, useResource } from './resource';
import { ActionStore, type Studio, screenStore, usePromptSets, useSession } from './studio';

interface Rows extends Pick<PromptSet, 'words'> {
  readonly dataset: Dataset;
  readonly template: string;
  /** Of the loaded weights: others read again. */
  readonly model: string;
}

interface Ahead {
  readonly read: { readonly rowsDone: number; readonly rowsTotal: number } | null;
  /** Rows in the engine's text cache by now, by the weights and the cache's name. */
  readonly rowsInCache: ReadonlyMap<string, number>;
}

export const aheadKey = ({ model, dataset, template }: Omit<Rows, 'words'>): string =>
  `${model} ${cacheKeyOf(dataset.fingerprint, template)}`;

/** A template that is being typed is not read, and a request that needed the engine is probably followed by another. */
const QUIET_MS = 3000;

const quiet = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, QUIET_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

class ReadingAhead extends ActionStore<Ahead> {
  readonly texts;

  constructor({ services: { workflow } }: Studio) {
    super({ read: null, rowsInCache: new Map() });
    this.texts = resource(async ({ model, ...rows }: Rows, signal) => {
      const key = aheadKey({ model, ...rows });
      const onEvent = (read: NonNullable<Ahead['read']>) =>
        this.set({ read, rowsInCache: new Map(this.getState().rowsInCache).set(key, read.rowsDone) });
      try {
        for (let done = false; !done; ) {
          await quiet(signal);
          if (signal.aborted) return;
          done = await workflow.call('readAhead', rows, { signal, onEvent });
        }
      } finally {
        this.set({ read: null });
      }
    });
  }
}

export const useReadingAhead = screenStore((studio: Studio) => new ReadingAhead(studio));

const SCREENS: readonly (string | null)[] = ['data', 'prompts'];

/** Reads on those screens; what is read now, in words. */
export function useReadAhead(screen: string | null): string | null {
  const set = usePromptSets((s) => s.set);
  const dataset = usePromptSets((s) => s.dataset);
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info.sha256 : null));
  const isFree = useSession((s) => s.job === null && s.capabilities.trainingOff === null);
  const rows =
    SCREENS.includes(screen) && isFree && model && set?.baseTemplate && dataset && sameLabels(set.words, dataset.labels)
      ? { dataset, template: set.baseTemplate, words: set.words, model }
      : null;
  useResource(useReadingAhead.use().texts, rows);
  const read = useReadingAhead((s) => s.read);
  return rows && read
    ? `Reading texts ahead for training: ${read.rowsDone} of ${counted(read.rowsTotal, 'row')}`
    : null;
}
