/** A working prompt and answer words as soon as there are rows: at once without a tokenizer, then with it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { writes } from '../../dataset/labels';
import type { Dataset } from '../../dataset/types';
import { firstText } from '../../prompt/prompt';
import { addWritten, chooseWritten, isProposal, PROPOSED } from '../../prompt-set/make-versions';
import { changeTask, type stamp } from '../../prompt-set/prompt-set';
import type { PromptSet } from '../../prompt-set/types';
import { versionsOf } from '../../prompt-set/versions';
import { taskOf } from '../../task/tasks';
import { sameLabels } from '../../task/template';
import type { PromptText } from '../../task/types';
import type { PromptSetsState, PromptSetsStore } from './prompt-sets-store';
import type { Services } from './services';
import type { SessionStore } from './session-store';

export interface Proposal {
  readonly setId: string;
  readonly dataset: Dataset;
  readonly prompt: PromptText;
}

export type ProposerStore = StoreApi<{ readonly proposal: Proposal | null }>;

const firstPrompt = (template: string, rows: Dataset, words: PromptSet['words'] = []): PromptText => ({
  template: `${taskOf(rows.mapping).instruction(rows, words)}\n${template}`,
  shots: 0,
  shotSeed: 0,
});

export const proposals = (set: PromptSet): ReadonlySet<string> =>
  new Set(
    set.versions.flatMap(({ origin, prompt }) =>
      origin.kind === 'proposed' && !origin.bare ? [firstText(prompt).template] : [],
    ),
  );

type Opened = Pick<PromptSetsState, 'set' | 'dataset'>;

/** Whether the rows need another template or other answer words than the set has: other labels, or another expected text. */
function needsProposal(set: PromptSet, dataset: Dataset, before: Opened): boolean {
  if (!sameLabels(set.words, dataset.labels)) return true;
  if (!writes(dataset.mapping)) return false;
  const was = before.set?.id === set.id ? before.dataset?.mapping : undefined;
  return set.baseTemplate === '' || (was !== undefined && was.label !== dataset.mapping.label);
}

function withProposal(
  set: PromptSet,
  at: ReturnType<typeof stamp>,
  proposed: { readonly template: string; readonly words: PromptSet['words']; readonly prompt: PromptText },
): PromptSet {
  const { template, words, prompt } = proposed;
  const next = changeTask(set, { words, baseTemplate: template }, at.now);
  const written = versionsOf(next, 'written');
  const isSame = written.length > 0 && set.baseTemplate === template;
  if (isSame || !written.every(isProposal)) return next;
  const added = addWritten(next, at, { text: prompt, ...PROPOSED });
  return chooseWritten(added.set, added.version.id, at.now);
}

/** The set with a template, and with answer words for these labels: proposed ones where it lacks them. */
export async function withTask(
  { workflow }: Pick<Services, 'workflow'>,
  promptSets: PromptSetsStore,
  set: PromptSet,
  dataset: Dataset,
): Promise<PromptSet> {
  const fits = ({ words }: PromptSet) => sameLabels(words, dataset.labels);
  if (fits(set) && set.baseTemplate !== '') return set;
  const { words, template } = await workflow.call('propose', { dataset });
  return promptSets
    .getState()
    .updateById(set.id, (now, at) =>
      changeTask(now, { words: fits(now) ? now.words : words, baseTemplate: now.baseTemplate || template }, at.now),
    );
}

export function createProposer(
  { workflow }: Services,
  promptSets: PromptSetsStore,
  session: SessionStore,
): ProposerStore {
  const store: ProposerStore = createStore(() => ({ proposal: null }));
  let proposing: Dataset | null = null;

  async function propose({ id: setId }: PromptSet, dataset: Dataset): Promise<void> {
    const isOpen = () => promptSets.getState().set?.id === setId && promptSets.getState().dataset === dataset;
    const show = (prompt: PromptText) => store.setState({ proposal: { setId, dataset, prompt } });
    const quick = await workflow.call('propose', { dataset });
    if (isOpen()) show(firstPrompt(quick.template, dataset));
    await session.getState().tokenizerReady();
    const { template, words } = await workflow.call('propose', { dataset });
    if (!isOpen()) return;
    const prompt = firstPrompt(template, dataset, words);
    await promptSets.getState().update((set, at) => withProposal(set, at, { template, words, prompt }));
    show(prompt);
  }

  const follow = (now: Opened, before: Opened) => {
    if (now.set?.id !== before.set?.id) proposing = null;
    const { set, dataset } = now;
    if (!set || !dataset || proposing === dataset || !needsProposal(set, dataset, before)) return;
    proposing = dataset;
    propose(set, dataset)
      .catch(() => undefined) // the tokenizer or its worker failed: the model panel says so
      .finally(() => {
        // an undo can bring back answer words of other labels
        if (proposing === dataset) proposing = null;
      });
  };
  promptSets.subscribe(follow);
  follow(promptSets.getState(), { set: null, dataset: null });
  return store;
}
