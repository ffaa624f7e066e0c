/** Texts of the next run are read while the user is on Data, Prompts or Train and the engine has nothing else to do. */
import type { Dataset } from '../../dataset/types';
import { contentKey } from '../../lib/bytes';
import { pause } from '../../lib/control';
import { counted } from '../../lib/format';
import type { PromptSet } from '../../prompt-set/types';
import { sameLabels } from '../../task/template';
import type { AheadEvent } from '../../workflow/read-ahead';
import type { PlannedRun } from '../../workflow/runs';
import { cacheKeyOf } from '../../workflow/training-rows';
import { resource, useResource } from './resource';
import { whyTrainingOff } from './session-state';
import { drafts } from './storage';
import { ActionStore, type Studio, screenStore, useModel, useOpen, useSession } from './studio';

interface NextRun {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly model: string;
}

interface Ahead {
  readonly now: AheadEvent | null;
  /** Rows in the engine's text cache by now, by the weights and the cache's name. */
  readonly rowsInCache: ReadonlyMap<string, number>;
}

/** Settings of the next run, as Train keeps them. Ends in the set's id, so that it is deleted with the set. */
export const nextRunKey = (setId: string): string => `next-run:${setId}`;

type KeptRun = Pick<PlannedRun, 'hybrid' | 'examples'>;

interface Texts {
  readonly model: string;
  readonly dataset: Pick<Dataset, 'fingerprint'>;
  readonly template: string;
}

export const aheadKey = ({ model, dataset, template }: Texts): string =>
  contentKey(model, cacheKeyOf(dataset.fingerprint, template));

/** A template that is being typed is not read, and a request that needed the engine is probably followed by another. */
const QUIET_MS = 3000;

class ReadingAhead extends ActionStore<Ahead> {
  readonly texts;

  constructor(studio: Studio) {
    super(studio, { now: null, rowsInCache: new Map() });
    this.texts = resource(async (next: NextRun, signal) => {
      this.set({ now: null });
      try {
        await pause(QUIET_MS, signal);
        if (signal.aborted) return;
        const request = await this.#request(next);
        const key = aheadKey({ ...next, template: request.template });
        const onEvent = (now: AheadEvent) =>
          this.set({ now, rowsInCache: new Map(this.getState().rowsInCache).set(key, now.rowsDone) });
        const ask = () => this.services.workflow.call('readAhead', request, { signal, onEvent });
        let end = await ask();
        while (end === 'interrupted') {
          await pause(QUIET_MS, signal);
          if (signal.aborted) return;
          end = await ask();
        }
      } finally {
        this.set({ now: null });
      }
    });
  }

  /** The texts that the button on Train would need. */
  async #request({ set, dataset }: NextRun) {
    const kept = await drafts(this.services.store).get<KeptRun>(nextRunKey(set.id));
    const { runText } = await import('../../workflow/runs'); // not needed for the first screen
    const { hybrid = false, examples = 0 } = kept ?? {};
    return { dataset, words: set.words, ...runText(set, { hybrid, examples }, dataset) };
  }
}

export const useReadingAhead = screenStore((studio: Studio) => new ReadingAhead(studio));

const SCREENS: readonly (string | null)[] = ['data', 'prompts', 'train'];

export function useReadAhead(screen: string | null): string | null {
  const { set, dataset } = useOpen();
  const model = useModel()?.sha256;
  const isFree = useSession((s) => s.job === null && whyTrainingOff(s) === null);
  const next =
    SCREENS.includes(screen) && isFree && model && set?.baseTemplate && dataset && sameLabels(set.words, dataset.labels)
      ? { set, dataset, model }
      : null;
  useResource(useReadingAhead.use().texts, next);
  const now = useReadingAhead((s) => s.now);
  return next && now ? `Reading texts ahead for training: ${now.rowsDone} of ${counted(now.rowsTotal, 'row')}` : null;
}
