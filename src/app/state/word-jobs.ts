import type { Dataset } from '../../dataset/types';
import { contentKey } from '../../lib/bytes';
import { softsOf } from '../../prompt/prompt';
import { whyUnweighed } from '../../prompt/soft-prompt';
import { takeFoundWords } from '../../prompt-set/make-versions';
import { sameWords } from '../../prompt-set/prompt-set';
import type { PromptSet } from '../../prompt-set/types';
import { unfitWords } from '../../task/propose-words';
import { sameLabels } from '../../task/template';
import type { Weighing, WeighRequest } from '../../workflow/play';
import { job } from './job';
import { weightsOf } from './session-state';
import { type Studio, screenStore, usePicked, useSession } from './studio';

export const useWordFinder = screenStore((studio: Studio) => {
  const { services, stores } = studio;
  const { session, promptSets } = stores;
  const { workflow } = services;

  const read = async (setId: string): Promise<PromptSet | null> => {
    const { set } = promptSets.getState();
    return set?.id === setId ? set : ((await services.store.sets.get(setId)) ?? null);
  };

  const finder = job(session, {
    title: 'Finding answer words',
    screen: 'prompts',
    initial: {},
    run: async ({ signal, report }, setId: string, dataset: Dataset) => {
      await session.getState().modelReady();
      const set = await read(setId);
      if (set?.kind !== 'classify' || !sameLabels(set.words, dataset.labels)) return;
      const { words, baseTemplate: template } = set;
      const request = { dataset, template, words, otherCues: true };
      const found = await workflow.call('findWords', request, {
        signal,
        onEvent: ({ fraction, note }) => report({ fraction, note }),
      });
      const { change } = promptSets.getState();
      await change(setId, 'Answer words found', (latest, at) => takeFoundWords(latest, found, at));
      if (found.prompt === null) return;
      // an unchanged proposal in the editor gives way to this one
      stores.proposer.setState({
        proposal: { setId, dataset, prompt: { template: found.prompt, shots: 0, shotSeed: 0 } },
      });
    },
  });

  async function isDue(setId: string, dataset: Dataset): Promise<boolean> {
    const set = await read(setId);
    if (set?.kind !== 'classify' || set.wordSearch || set.runs.length > 0) return false;
    const { labels } = await workflow.call('labelTokens', { words: set.words });
    if (unfitWords(labels).length === 0) return false;
    const { words } = await workflow.call('propose', { dataset });
    return sameWords(words, set.words);
  }

  return Object.assign(finder, {
    isDue,
    /** Finds words before a set's first run, where that is due. A stop is no failure: present words can be trained. */
    beforeFirstRun: async (setId: string, dataset: Dataset) => {
      if (await isDue(setId, dataset)) await finder.start(setId, dataset);
    },
  });
});

interface Weighed {
  readonly asked: string | null;
  readonly weighing: Weighing | null;
}

const INITIAL: Weighed = { asked: null, weighing: null };

const useWhichWords = screenStore((studio: Studio) =>
  job(studio.stores.session, {
    title: 'Weighing words',
    screen: (_key: string, _request: WeighRequest, screen: string) => screen,
    initial: INITIAL,
    run: async ({ signal, report }, key: string, request: WeighRequest) => {
      report({ asked: key, weighing: null, fraction: 0 });
      await studio.stores.session.getState().modelReady();
      const weighing = await studio.services.workflow.call('weighWords', request, {
        signal,
        onEvent: ({ done, total }) => report({ fraction: done / total }),
      });
      report({ weighing });
    },
  }),
);

export function useWeighing(request: WeighRequest, screen: string) {
  const job = useWhichWords.use();
  const key = contentKey(request, useSession(weightsOf));
  const isOwn = useWhichWords((s) => s.asked === key);
  const { weighing, error, running, fraction } = usePicked(job, 'weighing', 'error', 'running', 'fraction');
  const isBusy = useSession((s) => s.job !== null || s.model.kind !== 'ready');
  const softs = request.versions.flatMap(({ prompt }) => softsOf(prompt));
  return {
    refused: softs.map(whyUnweighed).find((why) => why !== null) ?? null,
    weighing: isOwn ? weighing : null,
    error: isOwn ? error : null,
    running: isOwn && running,
    fraction,
    isBusy,
    onAsk: () => void job.start(key, request, screen),
    onStop: job.stop,
  };
}
