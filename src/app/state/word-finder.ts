/** Answer words found by the model: when asked for, and once before a first run where the labels are no words of it. */
import type { Dataset } from '../../dataset/types';
import { takeFoundWords } from '../../prompt-set/make-versions';
import { isWriting, sameWords, stamp } from '../../prompt-set/prompt-set';
import type { PromptSet } from '../../prompt-set/types';
import { unfitWords } from '../../task/propose-words';
import { sameLabels } from '../../task/template';
import { type Job, job } from './job';
import { type Studio, screenStore } from './studio';

interface WordFinder extends Job<[setId: string, dataset: Dataset], object> {
  /**
   * Before a set's first run: finds words if those it has were proposed and do not fit. Resolves when there is nothing to
   * wait for, also after a stop: the present words can be trained too.
   */
  beforeFirstRun(setId: string, dataset: Dataset): Promise<void>;
}

export const useWordFinder = screenStore((studio: Studio): WordFinder => {
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
      if (!set || isWriting(set) || !sameLabels(set.words, dataset.labels)) return;
      const { words, baseTemplate: template } = set;
      const request = { dataset, template, words, otherCues: true };
      const found = await workflow.call('findWords', request, {
        signal,
        onEvent: ({ fraction, note }) => report({ fraction, note }),
      });
      const at = stamp();
      await promptSets.getState().updateById(setId, (now) => takeFoundWords(now, found, at));
      if (found.prompt === null) return;
      // an unchanged proposal in the editor gives way to this one
      stores.proposer.setState({
        proposal: { setId, dataset, prompt: { template: found.prompt, shots: 0, shotSeed: 0 } },
      });
    },
  });

  async function isNeeded(setId: string, dataset: Dataset): Promise<boolean> {
    const set = await read(setId);
    if (!set || isWriting(set) || set.wordSearch || set.soft.length > 0) return false;
    const { labels } = await workflow.call('labelTokens', { words: set.words });
    if (unfitWords(labels).length === 0) return false;
    const { words } = await workflow.call('propose', { dataset });
    return sameWords(words, set.words);
  }

  return Object.assign(finder, {
    beforeFirstRun: async (setId: string, dataset: Dataset) => {
      if (await isNeeded(setId, dataset)) await finder.start(setId, dataset);
    },
  });
});
