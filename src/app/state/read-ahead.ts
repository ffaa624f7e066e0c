/**
 * Texts of the next run are read, and its starts compared, while the user is on Data, Prompts or Train and the engine has
 * nothing else to do.
 */
import type { Dataset } from '../../dataset/types';
import { contentKey } from '../../lib/bytes';
import { pause } from '../../lib/control';
import { counted } from '../../lib/format';
import type { PromptSet } from '../../prompt-set/types';
import { sameLabels } from '../../task/template';
import { DEFAULT_PRESET, PRESETS } from '../../training/settings';
import type { AheadEvent } from '../../workflow/race';
import type { PlannedRun } from '../../workflow/runs';
import { cacheKeyOf } from '../../workflow/training-rows';
import { resource, useResource } from './resource';
import { whyTrainingOff } from './session-state';
import { drafts } from './storage';
import { ActionStore, type Studio, screenStore, useModel, useOpen, useSession } from './studio';
import { useWordFinder } from './word-jobs';

interface NextRun {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly model: string;
}

interface Ahead {
  readonly now: AheadEvent | null;
  readonly isCompared: boolean;
  readonly stepsAhead: number;
  /** Rows in the engine's text cache by now, by the weights and the cache's name. */
  readonly rowsInCache: ReadonlyMap<string, number>;
}

/** Settings of the next run, as Train keeps them. Ends in the set's id, so that it is deleted with the set. */
export const nextRunKey = (setId: string): string => `next-run:${setId}`;

type KeptRun = Pick<PlannedRun, 'settings' | 'hybrid' | 'examples'> & { readonly preset: string };

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
    super(studio, { now: null, isCompared: false, stepsAhead: 0, rowsInCache: new Map() });
    this.texts = resource(async (next: NextRun, signal) => {
      this.set({ now: null, isCompared: false, stepsAhead: 0 });
      try {
        await pause(QUIET_MS, signal);
        if (signal.aborted) return;
        const request = await this.#request(next);
        const key = aheadKey({ ...next, template: request.template });
        const onEvent = (now: AheadEvent) => {
          const { rowsInCache } = this.getState();
          if (now.kind === 'starts') this.set({ now, stepsAhead: now.done });
          else this.set({ now, rowsInCache: new Map(rowsInCache).set(key, now.rowsDone) });
        };
        const ask = () => this.services.workflow.call('readAhead', request, { signal, onEvent });
        let end = await ask();
        while (end === 'interrupted') {
          await pause(QUIET_MS, signal);
          if (signal.aborted) return;
          end = await ask();
        }
        this.set({ isCompared: end === 'compared' });
      } finally {
        this.set({ now: null });
      }
    });
  }

  /** What the button on Train would run; its starts only where it compares them, for the first time, and with these words. */
  async #request({ set, dataset }: NextRun) {
    const kept = await drafts(this.services.store).get<KeptRun>(nextRunKey(set.id));
    const { hybrid = false, examples = 0, settings: own, preset = DEFAULT_PRESET } = kept ?? {};
    const plan = { settings: PRESETS[DEFAULT_PRESET].settings, hybrid, examples, group: null };
    const { startOf } = await import('../../workflow/runs'); // not needed for the first screen
    const { settings, initText, ...text } = startOf(set, plan, dataset);
    const isNew = !set.runs.some((run) => run.race && run.datasetFingerprint === dataset.fingerprint);
    const isAuto = preset === DEFAULT_PRESET && own?.placement !== 'prefix';
    const races = settings.race && isNew && isAuto && !(await useWordFinder.of(this.studio).isDue(set.id, dataset));
    return { dataset, words: set.words, ...text, run: races ? { settings, initText } : null };
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
  const isCompared = useReadingAhead((s) => s.isCompared);
  if (!next) return null;
  if (now) return aheadWords(now);
  return isCompared ? 'The starts of a run were compared while you worked: training continues from there.' : null;
}

function aheadWords(now: AheadEvent): string {
  if (now.kind === 'rows')
    return `Reading texts ahead for training: ${now.rowsDone} of ${counted(now.rowsTotal, 'row')}`;
  return `Comparing starts ahead for training: start ${now.start} of ${now.starts}, step ${now.step}`;
}
