/** A prompt asked of the model: read token by token as it is typed, timed on a few rows, tried on validation rows. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { chooseHard, chosenHard, isWriting, recordTry, recordWriting } from '../../../prompt-set/prompt-set';
import type { HardVersion, PromptSet } from '../../../prompt-set/types';
import { sameLabels } from '../../../task/answer-words';
import type { HardPrompt, LabelWord } from '../../../task/types';
import { triedCount } from '../../../workflow/training-rows';
import type { TryResult } from '../../../workflow/try-prompt';
import { type Job, job } from '../../state/job';
import { resource, useResource } from '../../state/resource';
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
      known = await studio.services.workflow.call('timePrompt', { dataset, prompt, words: set.words }, { signal });
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

export const useTrying = screenStore((studio: Studio): Job<[], Trying> => {
  const { session, promptSets, proposer } = studio.stores;
  return job(session, {
    title: 'Trying your prompt',
    screen: 'prompts',
    initial: { done: 0, total: 0 },
    run: async ({ signal, report }) => {
      const { set, dataset } = promptSets.getState();
      const prompt = draftOf(set, usePrompts.of(studio).getState().prompt, proposer.getState().proposal);
      if (!set || !dataset || templateProblem(prompt, dataset) !== null) return;
      report({ done: 0, total: triedCount(dataset) });
      await session.getState().modelReady();
      const version = await keepVersion(studio, set.id, prompt);
      const request = { dataset, prompt, words: set.words, longest: set.writing?.longest ?? null };
      const result = await studio.services.workflow.call('tryPrompt', request, {
        signal,
        onEvent: ({ done, total }) => report({ done, total, fraction: total > 0 ? done / total : 1 }),
      });
      const now = new Date().toISOString();
      await promptSets.getState().updateById(set.id, (s) => kept(s, version.id, result, now));
      if (result.kind === 'classify') timings.of(studio).learn(result.secondsPerToken);
    },
  });
});

/** The set with the result of a try. The better version counts as yours; results on other rows cannot be compared. */
function kept(set: PromptSet, versionId: string, result: TryResult, now: string): PromptSet {
  const next =
    result.kind === 'classify'
      ? recordTry(set, versionId, result.tried, now)
      : recordWriting(set, versionId, result.wrote, now);
  const mine = next.hard.find(({ id }) => id === versionId);
  const yours = chosenHard(next);
  const [here, there] = [mine && judged(mine), yours && judged(yours)];
  if (!here || (there?.rows && there.rows !== here.rows)) return next;
  return !there || here.value > there.value ? chooseHard(next, versionId, now) : next;
}

function judged({ tried, wrote }: HardVersion): { readonly value: number; readonly rows: string | undefined } | null {
  if (tried) return { value: tried.accuracy, rows: tried.datasetFingerprint };
  return wrote ? { value: wrote.rougeL, rows: wrote.datasetFingerprint } : null;
}
