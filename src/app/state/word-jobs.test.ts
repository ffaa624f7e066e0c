import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { preparedOf } from '../../dataset/test-support';
import type { Dataset } from '../../dataset/types';
import { StudioError } from '../../lib/errors';
import type { FoundWords } from '../../prompt-set/make-versions';
import { changeTask } from '../../prompt-set/prompt-set';
import { openMemoryStore } from '../../store/store';
import type { AnswerWord } from '../../task/types';
import { undoLast } from '../ui/toast';
import { createPromptSetsStore, type PromptSetsStore } from './prompt-sets-store';
import type { ProposerStore } from './proposer';
import type { Services } from './services';
import type { SessionStore } from './session-store';
import type { Studio } from './studio';
import { testServices } from './test-support';
import { useWordFinder } from './word-jobs';

const LETTERS: readonly AnswerWord[] = [
  { label: 'Freude', word: ' A' },
  { label: 'Trauer', word: ' B' },
];
const WORDS: readonly AnswerWord[] = [
  { label: 'Freude', word: ' joy' },
  { label: 'Trauer', word: ' grief' },
];
const FOUND: FoundWords = {
  template: 'Text: {text}\nThis is',
  words: WORDS,
  prompt: 'Answer with one of: joy, grief.\nText: {text}\nThis is',
  search: { outcome: 'found', rows: 100, words: WORDS, loss: 0.4, lossBefore: 0.69 },
};

let promptSets: PromptSetsStore;
let dataset: Dataset;
let asked: string[];
let answer: () => Promise<FoundWords>;
let finder: ReturnType<typeof useWordFinder.of>;
let proposer: ProposerStore;
const opened = () => promptSets.getState().set;

beforeEach(async () => {
  asked = [];
  answer = async () => FOUND;
  const services = { ...testServices({}), store: openMemoryStore() };
  const call = (method: string, params: { readonly words: readonly AnswerWord[] }) => {
    asked.push(method);
    if (method === 'findWords') return answer();
    if (method === 'propose') return Promise.resolve({ template: 'Text: {text}\nMood:', words: LETTERS });
    return Promise.resolve({ labels: params.words.map((word) => ({ ...word, tokenIds: [1] })), collisions: [] });
  };
  const page = { ...services, workflow: { ...services.workflow, call } } as unknown as Services;
  promptSets = createPromptSetsStore(page);
  proposer = createStore(() => ({ proposal: null }));
  let job: object | null = null;
  const session = createStore(() => ({
    get job() {
      return job;
    },
    modelReady: async () => undefined,
    setJob: (next: object | null) => {
      job = next;
    },
    updateJob: () => undefined,
  })) as unknown as SessionStore;
  finder = useWordFinder.of({ services: page, stores: { session, promptSets, proposer } } as unknown as Studio);
  dataset = (await preparedOf(Array.from({ length: 40 }, (_, i) => [`text ${i}`, i % 2 ? 'Trauer' : 'Freude'])))
    .dataset;
  const from = { name: 'x', dataset, datasetName: 'a.csv', words: LETTERS, baseTemplate: 'Text: {text}\nMood:' };
  await promptSets.getState().create(from);
});

const beforeFirstRun = () => finder.beforeFirstRun(opened()?.id ?? '', dataset);
const searches = () => asked.filter((method) => method === 'findWords').length;

describe('answer words found before a first run', () => {
  it('are looked for once where letters replace the labels, and the set and the editor have them', async () => {
    await beforeFirstRun();
    await beforeFirstRun();
    expect(searches()).toBe(1);
    expect(opened()).toMatchObject({ words: WORDS, baseTemplate: FOUND.template, wordSearch: FOUND.search });
    expect(proposer.getState().proposal?.prompt.template).toBe(FOUND.prompt);
    await undoLast();
    expect(opened()).toMatchObject({ words: LETTERS, baseTemplate: 'Text: {text}\nMood:' });
  });

  it('are not looked for where the user has typed words', async () => {
    const own = LETTERS.map(({ label }, i) => ({ label, word: [' X', ' Y'][i] ?? '' }));
    await promptSets.getState().update((set) => changeTask(set, { words: own }, '2026-01-01T00:00:00.000Z'));
    await beforeFirstRun();
    expect([searches(), opened()?.words]).toEqual([0, own]);
  });

  it('are not waited for after a stop or an error: the present words can be trained', async () => {
    answer = () => Promise.reject(new StudioError('bad-input', 'No rows.'));
    await beforeFirstRun();
    expect(opened()?.words).toEqual(LETTERS);
    expect(finder.getState()).toMatchObject({ running: false, error: { message: 'No rows.' } });
    answer = () => new Promise((_, reject) => vi.waitFor(() => reject(new StudioError('cancelled', 'Stopped.'))));
    await beforeFirstRun();
    expect(finder.getState().error).toBeNull();
  });
});
