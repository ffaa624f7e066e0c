/** The hand-written prompt in the editor. What is typed is kept at once, so that a reload loses none of it. */
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { addHardVersion, changeTask, chooseHard, chosenHard, samePrompt, stamp } from '../../../project/prompt-set';
import type { HardVersion, PromptSet } from '../../../project/types';
import { checkTemplate } from '../../../task/template';
import type { HardPrompt, LabelWord } from '../../../task/types';
import { wordsFor } from '../../../task/words-for';
import type { PromptReading } from '../../../workflow/try-prompt';
import type { ProjectState } from '../../state/project-store';
import { type Proposal, proposals } from '../../state/proposer';
import { screenStore } from '../../state/screen-store';
import { type Studio, useProject, useStores } from '../../state/studio';
import { versionName } from './words';

/** What the user typed and has not tried or committed yet. */
interface Typed {
  /** Null = the editor shows the version that counts, or a proposal. */
  readonly prompt: HardPrompt | null;
  /** Answer words as typed, by label, until the field is left. */
  readonly words: Readonly<Record<string, string>>;
}

export interface PromptsState extends Typed {
  /** 0-based place among the validation rows of the row that is shown. */
  readonly index: number;
  readonly edit: (template: string) => void;
  /** Changes what is not text: examples and how they are chosen, the chat template. */
  readonly setHow: (change: Partial<Omit<HardPrompt, 'template'>>) => void;
  /** Takes a whole prompt, such as a repaired one. */
  readonly take: (prompt: HardPrompt) => void;
  readonly typeWord: (label: string, text: string) => void;
  /** The field was left: its word is the set's, unless it is empty. */
  readonly commitWord: (label: string) => void;
  readonly resolve: (collision: PromptReading['collisions'][number]) => void;
  /** Tokens that an answer may have; null = as the texts of the data suggest. */
  readonly setLongest: (longest: number | null) => void;
  readonly readRow: (index: number) => void;
  /** Puts an earlier version into the editor. */
  readonly openVersion: (id: string) => void;
  /** Makes a version "Yours". */
  readonly choose: (id: string) => void;
  /** Saves the prompt as a version when it is new and usable; for leaving the screen. */
  readonly keepDraft: () => Promise<void>;
}

export type PromptsStore = StoreApi<PromptsState>;

const EMPTY: HardPrompt = { template: '', shots: 0, shotSeed: 0 };
const NOTHING: Typed = { prompt: null, words: {} };

/** The prompt in the editor: what was typed, else the version that counts. A newer proposal replaces an unchanged one. */
export function draftOf(set: PromptSet | null, typed: HardPrompt | null, proposal: Proposal | null): HardPrompt {
  if (!set) return EMPTY;
  const base = typed ?? chosenHard(set)?.prompt ?? null;
  const proposed = proposal?.setId === set.id ? proposal.prompt : null;
  if (!base) return proposed ?? EMPTY;
  return proposed && proposed.template !== base.template && proposals(set).has(base.template) ? proposed : base;
}

/** A sentence when the template cannot be used; null when it can. */
export function templateProblem(prompt: HardPrompt, dataset: ProjectState['dataset']): string | null {
  if (!dataset) return null;
  const checked = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping);
  return checked.ok ? null : checked.error.message;
}

export const usePrompts = screenStore(createPromptsStore);

export const useDraft = (): HardPrompt => {
  const set = useProject((s) => s.set);
  const typed = usePrompts((s) => s.prompt);
  const proposal = useStore(useStores().proposer, (s) => s.proposal);
  return draftOf(set, typed, proposal);
};

/** Saves a prompt as a version of the set, when it is new. */
export async function keepVersion({ stores }: Studio, setId: string, prompt: HardPrompt): Promise<HardVersion> {
  const at = stamp();
  const next = await stores.project
    .getState()
    .updateById(setId, (set) => addHardVersion(set, at, { prompt, name: versionName(prompt, set.hard.at(-1)) }).set);
  const version = next.hard.find((v) => samePrompt(v.prompt, prompt));
  if (!version) throw new StudioError('internal', 'internal: a version that was just saved is missing');
  return version;
}

/** Ends in the set's id, so that it is deleted with the set. */
const keyOf = (setId: string) => `draft:${setId}`;

/** Earlier versions of the page kept the prompt alone. */
const readTyped = (kept: Typed | HardPrompt | null): Typed =>
  kept === null ? NOTHING : 'template' in kept ? { ...NOTHING, prompt: kept } : kept;

export function createPromptsStore(studio: Studio): PromptsStore {
  const { project, proposer } = studio.stores;
  const disk = studio.services.store.settings;
  const now = () => new Date().toISOString();
  const opened = () => project.getState().set;
  const words = () => opened()?.words ?? [];

  return createStore<PromptsState>((set, get) => {
    const type = (change: Partial<Typed>) => {
      set(change);
      const open = opened();
      const { prompt, words: typed } = get();
      // on a full disk what is typed lasts as long as the tab
      if (open) void disk.set(keyOf(open.id), { prompt, words: typed } satisfies Typed).catch(() => undefined);
    };
    const restore = async () => {
      const open = opened();
      if (!open) return;
      const kept = readTyped(await disk.get<Typed | HardPrompt>(keyOf(open.id)).catch(() => null));
      // what was typed while the disk was read is newer
      if (opened()?.id === open.id && get().prompt === null && Object.keys(get().words).length === 0) set(kept);
    };
    project.subscribe((next, before) => {
      if (next.set?.id === before.set?.id) return;
      set({ ...NOTHING, index: 0 });
      void restore();
    });
    void restore();
    const draft = () => draftOf(opened(), get().prompt, proposer.getState().proposal);
    const take = (prompt: HardPrompt) => type({ prompt });
    const setWords = (next: readonly LabelWord[]) =>
      void project.getState().update((s) => changeTask(s, { words: next }, now()));

    return {
      ...NOTHING,
      index: 0,
      edit: (template) => take({ ...draft(), template }),
      setHow: (change) => take({ ...draft(), ...change }),
      take,
      typeWord: (label, text) => type({ words: { ...get().words, [label]: text } }),
      commitWord: (label) => {
        const { [label]: text = '', ...others } = get().words;
        const word = text.trim();
        const before = words()
          .find((w) => w.label === label)
          ?.word.trim();
        type({ words: others });
        if (word === '' || word === before) return;
        const next = words().map((w) => (w.label === label ? { label, word } : w));
        setWords(wordsFor(draft().template, next));
      },
      resolve: ({ suggestion }) => setWords(words().map((w) => suggestion.find(({ label }) => label === w.label) ?? w)),
      setLongest: (longest) =>
        void project.getState().update((s) => (s.writing ? changeTask(s, { writing: { longest } }, now()) : s)),
      readRow: (index) => {
        const rows = project.getState().dataset?.split.validation.length ?? 0;
        if (rows > 0) set({ index: ((index % rows) + rows) % rows });
      },
      openVersion: (id) => {
        const version = opened()?.hard.find((v) => v.id === id);
        if (version) take(version.prompt);
      },
      choose: (id) => void project.getState().update((s) => chooseHard(s, id, now())),
      keepDraft: async () => {
        const open = opened();
        const prompt = draft();
        if (!open || prompt.template === '' || templateProblem(prompt, project.getState().dataset) !== null) return;
        const version = await keepVersion(studio, open.id, prompt);
        // nothing was tried: what is in the editor is what the user means
        await project
          .getState()
          .updateById(open.id, (s) => (chosenHard(s)?.tried ? s : chooseHard(s, version.id, now())));
      },
    };
  });
}
