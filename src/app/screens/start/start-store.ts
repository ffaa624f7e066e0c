import { useEffect, useState } from 'react';
import { createStore } from 'zustand/vanilla';
import { argmax } from '../../../metrics/classification';
import { labelsOf, voicesOf } from '../../../prompt/prompt';
import { alone, withoutVectors } from '../../../prompt-set/planned';
import type { Version } from '../../../prompt-set/types';
import { newVersion } from '../../../prompt-set/versions';
import { wordsFor } from '../../../task/template';
import { STANDARD, type TrainingSettings } from '../../../training/settings';
import { navigate, screenPath } from '../../state/location';
import { resource, steadyResource, useResource } from '../../state/resource';
import type { Services } from '../../state/services';
import type { SampleSet } from '../../state/site-files';
import { screenStore, usePicked, useSession, useStores } from '../../state/studio';
import { useTimeWords, useWholeRun } from '../../state/whole-run';
import { attempted } from '../../ui/toast';

interface Intro {
  readonly shipped: Version | null;
  readonly sample: SampleSet | null;
}

const useIntroStore = screenStore(({ services }) =>
  resource(async (_: 'intro'): Promise<Intro> => {
    const [sample, shipped] = await Promise.all([
      services.loadSample().catch(() => null), // an error is shown when the sample is opened
      services.loadShippedPrompt().catch(() => null),
    ]);
    return { sample, shipped };
  }),
);

export const useIntro = (): Intro | null => useResource(useIntroStore.use(), 'intro').value;

/** The typed text, kept while the page is open; null = the sample's example. */
export const useTyped = screenStore(() => createStore<{ readonly text: string | null }>(() => ({ text: null })));

export interface Answer {
  readonly label: string;
  readonly probability: number;
}

interface Answers {
  readonly untuned: Answer;
  readonly tuned: Answer | null;
}

interface Question extends Intro {
  readonly sentence: string;
  readonly modelSha256: string;
}

/** Vectors only work with the weights they were trained on. */
const fitsModel = (shipped: Version | null, modelSha256: string | null): boolean =>
  shipped !== null && shipped.model?.sha256 === modelSha256;

async function answersTo(
  { sentence, shipped, sample, modelSha256 }: Question,
  { workflow }: Pick<Services, 'workflow'>,
  signal: AbortSignal,
): Promise<Answers | null> {
  const bare = shipped ? withoutVectors(shipped) : sample && ofSample(sample);
  if (!bare) return null;
  const ask = async (version: Version): Promise<Answer> => {
    const asked = { plan: alone(version), fields: { text: sentence } };
    const answer = await workflow.call('answerText', asked, { signal });
    const probabilities = 'probabilities' in answer ? answer.probabilities : [];
    const best = argmax(probabilities);
    return { label: labelsOf(version.prompt)[best] ?? '', probability: probabilities[best] ?? 0 };
  };
  const untuned = await ask(bare);
  return { untuned, tuned: shipped && fitsModel(shipped, modelSha256) ? await ask(shipped) : null };
}

function ofSample({ name, template, words: plain }: SampleSet): Version {
  const words = wordsFor(template, plain);
  const text = { template, shots: 0, shotSeed: 0 };
  const task = { kind: 'classify', labels: words.map(({ label }) => label) } as const;
  const prompt = { task, voices: voicesOf(text, words), calibration: null, threshold: null };
  return newVersion({ name, prompt, origin: { kind: 'baseline', which: 'untuned' } });
}

const useAnswerStore = screenStore(({ services }) =>
  steadyResource((question: Question, signal) => answersTo(question, services, signal)),
);

const PAUSE_MS = 250;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export function useAnswers({ sample, shipped }: Intro, sentence: string) {
  const modelSha256 = useSession((s) => (s.model.kind === 'ready' ? s.model.info.sha256 : null));
  const settled = useSettled(sentence);
  const isAsked = modelSha256 !== null && settled.trim() !== '' && (shipped ?? sample) !== null;
  const answers = useAnswerStore.use();
  const { error } = useResource(answers, isAsked ? { sentence: settled, sample, shipped, modelSha256 } : null);
  // the last answers stay until the next ones come
  const { value, status } = usePicked(answers, 'value', 'status');
  return {
    untuned: value?.untuned ?? null,
    tuned: value?.tuned ?? null,
    fits: modelSha256 === null ? null : fitsModel(shipped, modelSha256),
    /** The shown answers belong to an earlier sentence. */
    stale: status === 'loading' || (isAsked && settled !== sentence),
    error,
  };
}

/** @param screen to be seen meanwhile; left out: the run */
export function useTrainSample(): (screen?: string) => void {
  const { data } = useStores();
  const { begin } = useWholeRun.use();
  const start = async (screen: string | undefined) => {
    const set = await data.openSample();
    void begin(set, SAMPLE_SETTINGS);
    if (screen) navigate(screenPath(set.id, screen));
  };
  return (screen) => void attempted('The sample was not opened', () => start(screen));
}

/** 50% of 475 messages to train, 64 of the 15% to validate, about 30 tokens each. */
const SAMPLE = { trainRows: 238, validationRows: 64, testRows: 166, meanTokens: 30, cachedRows: 0 };

/** Someone is waiting for this run: half the standard number of vectors, so a step takes half the time, and fewer validations. */
const SAMPLE_SETTINGS: Partial<TrainingSettings> = { virtualTokens: 5, validateEvery: 50 };

export const useSampleTime = (): string => useTimeWords()({ ...STANDARD, ...SAMPLE_SETTINGS }, SAMPLE);
