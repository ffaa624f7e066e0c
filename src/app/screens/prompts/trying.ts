/** A prompt asked of the model: read token by token as it is typed, timed on a few rows, tried on validation rows. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { chooseHard, chosenHard, isWriting, recordTry, recordWriting } from '../../../prompt-set/prompt-set';
import { answersWith, sinceTry } from '../../../prompt-set/tries';
import type { HardVersion, Opened, PromptSet } from '../../../prompt-set/types';
import { sameLabels } from '../../../task/template';
import type { HardPrompt, LabelWord } from '../../../task/types';
import { triedCount } from '../../../workflow/training-rows';
import type { TryResult } from '../../../workflow/try-prompt';
import { type Job, job } from '../../state/job';
import { resource, useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { perStudio, type Studio, screenStore, usePromptSets, useSession } from '../../state/studio';
import { draftOf, keepVersion, templateProblem, useDraft, usePrompts } from './prompts-store';

/** Typing pauses this long before the tokens are counted, milliseconds. */
const PAUSE = 200;

const pause = (signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, PAUSE);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new StudioError('cancelled', 'Stopped.'));
    });
  });

interface Asked {
  readonly dataset: Dataset;
  readonly words: readonly LabelWord[];
  readonly rowId: string | undefined;
  readonly prompt: HardPrompt;
}

/** Token vectors that the nearest examples need are being read. */
interface VectorsState {
  readonly done: number;
  readonly total: number;
}

const readings = perStudio(({ services, stores: { session } }) => {
  const vectors = createStore<{ readonly vectors: VectorsState | null }>(() => ({ vectors: null }));
  let isFirst = true;
  const read = resource(
    async (request: Asked, signal) => {
      if (!isFirst) await pause(signal);
      isFirst = false;
      await session.getState().tokenizerReady();
      return services.workflow
        .call('readPrompt', request, {
          signal,
          onEvent: ({ done, total }) => vectors.setState({ vectors: { done, total } }),
        })
        .finally(() => vectors.setState({ vectors: null }));
    },
    { keepPrevious: true },
  );
  return { read, vectors };
});

const isNearest = ({ shots, selection }: HardPrompt) => shots > 0 && selection === 'nearest';

/** The prompt in the editor as the model sees it. */
export function useReading() {
  const set = usePromptSets((s) => s.set);
  const dataset = usePromptSets((s) => s.dataset);
  const prompt = useDraft();
  const index = usePrompts((s) => s.index);
  const modelReady = useSession((s) => s.model.kind === 'ready');
  // only the model knows which training rows are similar; after another label column is chosen, its words are still to come
  const canRead = set && dataset && sameLabels(set.words, dataset.labels) && (modelReady || !isNearest(prompt));
  const ids = dataset?.split.validation ?? [];
  const rowId = ids[Math.min(index, ids.length - 1)];
  const key = canRead ? { dataset, words: set.words, rowId, prompt } : null;
  return useResource(readings.use().read, key);
}

export const useVectorsRead = (): VectorsState | null => useStore(readings.use().vectors, (s) => s.vectors);

/** Stops reading token vectors, and takes examples that need none. */
export function useBalancedInstead(): () => void {
  const { read } = readings.use();
  const { setHow } = usePrompts.use();
  return () => {
    read.clear();
    setHow({ selection: 'balanced' });
  };
}

/** Seconds per token on this machine; how long generating takes is known once it was tried. */
const timings = perStudio((studio) => {
  const { session, promptSets, proposer } = studio.stores;
  let known: number | null = null;
  const seconds = resource(
    async (_: { readonly model: string; readonly mean: number }, signal): Promise<number | null> => {
      const { set, dataset } = promptSets.getState();
      if (known !== null || !set || !dataset || isWriting(set) || session.getState().job) return known;
      const prompt = draftOf(set, usePrompts.of(studio).getState().prompt, proposer.getState().proposal);
      if (templateProblem(prompt, dataset) !== null) return null;
      const asked = { dataset, prompt, with: answersWith(set, {}) };
      known = await studio.services.workflow.call('timePrompt', asked, { signal });
      return known;
    },
    { keepPrevious: true },
  );
  return {
    seconds,
    learn: (perToken: number | null) => {
      known = perToken ?? known;
      seconds.set(known);
    },
  };
});

export function useSecondsPerToken(): number | null {
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info.sha256 : null));
  const mean = useReading().value?.cost?.mean;
  return useResource(timings.use().seconds, model && mean !== undefined ? { model, mean } : null).value;
}

interface Trying {
  readonly done: number;
  readonly total: number;
}

/** Tries the prompt in the editor, or a version again. */
export const useTrying = screenStore((studio: Studio): Job<[versionId?: string], Trying> => {
  const { session, promptSets, proposer } = studio.stores;
  return job(session, {
    title: 'Trying your prompt',
    screen: 'prompts',
    initial: { done: 0, total: 0 },
    run: async ({ signal, report }, versionId) => {
      const { set, dataset } = promptSets.getState();
      const again = set?.hard.find(({ id }) => id === versionId);
      const { prompt: typed } = usePrompts.of(studio).getState();
      const prompt = again?.prompt ?? draftOf(set, typed, proposer.getState().proposal);
      if (!set || !dataset || templateProblem(prompt, dataset) !== null) return;
      report({ done: 0, total: triedCount(dataset) });
      await session.getState().modelReady();
      const version = again ?? (await keepVersion(studio, set.id, prompt));
      const request = { dataset, prompt, with: answersWith(set, version) };
      const result = await studio.services.workflow.call('tryPrompt', request, {
        signal,
        onEvent: ({ done, total }) => report({ done, total, fraction: total > 0 ? done / total : 1 }),
      });
      const now = new Date().toISOString();
      const opened = { dataset, model: weightsOf(session.getState()) };
      await promptSets.getState().updateById(set.id, (s) => kept(s, version.id, result, { opened, now }));
      if (result.kind === 'classify') timings.of(studio).learn(result.secondsPerToken);
    },
  });
});

/** The set with the result of a try. The better version counts as yours, where its figures can be compared with the others. */
function kept(
  set: PromptSet,
  versionId: string,
  result: TryResult,
  { opened, now }: { readonly opened: Opened; readonly now: string },
): PromptSet {
  const next =
    result.kind === 'classify'
      ? recordTry(set, versionId, result.tried, now)
      : recordWriting(set, versionId, result.wrote, now);
  const mine = next.hard.find(({ id }) => id === versionId);
  const yours = chosenHard(next);
  const reached = mine ? figureOf(mine) : null;
  if (reached === null || !yours) return next;
  const best = figureOf(yours);
  if (best !== null && sinceTry(next, yours, opened).length > 0) return next;
  return best === null || reached > best ? chooseHard(next, versionId, now) : next;
}

const figureOf = ({ tried, wrote }: HardVersion): number | null => tried?.accuracy ?? wrote?.rougeL ?? null;
