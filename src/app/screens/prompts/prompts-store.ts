/** The hand-written prompt in the editor. What is typed is kept at once, so that a reload loses none of it. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { StudioError } from '../../../lib/errors';
import { firstText } from '../../../prompt/prompt';
import { addWritten, chooseWritten, chosenWritten, versionWith } from '../../../prompt-set/make-versions';
import { changeTask } from '../../../prompt-set/prompt-set';
import { foundVersion, type ShownTry, shownTry } from '../../../prompt-set/tries';
import type { Opened, PromptSet, Version } from '../../../prompt-set/types';
import { promptFor, versionById, versionsOf } from '../../../prompt-set/versions';
import { checkTemplate, wordsFor } from '../../../task/template';
import type { PromptText } from '../../../task/types';
import type { PromptReading } from '../../../workflow/try-prompt';
import type { PromptSetsState } from '../../state/prompt-sets-store';
import { type Proposal, proposals } from '../../state/proposer';
import type { SetChange } from '../../state/saving-sets';
import { weightsOf } from '../../state/session-state';
import { drafts, tabMemory } from '../../state/storage';
import {
  ActionStore,
  type Studio,
  screenStore,
  useOpen,
  usePromptSets,
  useSession,
  useStores,
} from '../../state/studio';
import { versionName } from './words';

/** What the user typed and has not tried or committed yet. */
interface Typed {
  /** Null = the editor shows the version that counts, or a proposal. */
  readonly prompt: PromptText | null;
  /** Answer words as typed, by label, until the field is left. */
  readonly words: Readonly<Record<string, string>>;
}

interface PromptsState extends Typed {
  /** 0-based place among the validation rows of the row that is shown. */
  readonly index: number;
}

const EMPTY: PromptText = { template: '', shots: 0, shotSeed: 0 };
const NOTHING: Typed = { prompt: null, words: {} };

/** The prompt in the editor: the typed one, else the version that counts. A newer proposal replaces an unchanged one. */
export function draftOf(set: PromptSet | null, typed: PromptText | null, proposal: Proposal | null): PromptText {
  if (!set) return EMPTY;
  const chosen = chosenWritten(set);
  const base = typed ?? (chosen && firstText(chosen.prompt));
  const proposed = proposal?.setId === set.id ? proposal.prompt : null;
  if (!base) return proposed ?? EMPTY;
  return proposed && proposed.template !== base.template && proposals(set).has(base.template) ? proposed : base;
}

/** A sentence when the template cannot be used; null when it can. */
export function templateProblem(prompt: PromptText, dataset: PromptSetsState['dataset']): string | null {
  if (!dataset) return null;
  const checked = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping);
  return checked.ok ? null : checked.error.message;
}

export const useDraft = (): PromptText => {
  const set = usePromptSets((s) => s.set);
  const typed = usePrompts((s) => s.prompt);
  const proposal = useStore(useStores().proposer, (s) => s.proposal);
  return draftOf(set, typed, proposal);
};

export function useShownTry(): ShownTry | null {
  const { set } = useOpen();
  const opened = useOpened();
  const draft = useDraft();
  return set && opened && shownTry(set, draft, opened);
}

/** The rows and the weights that figures must be of; null without rows. */
export function useOpened(): Opened | null {
  const dataset = usePromptSets((s) => s.dataset);
  const model = useSession(weightsOf);
  return useMemo(() => dataset && { dataset, model }, [dataset, model]);
}

export async function keepVersion({ stores }: Studio, setId: string, prompt: PromptText): Promise<Version> {
  const next = await stores.promptSets
    .getState()
    .updateById(
      setId,
      (set, at) =>
        addWritten(set, at, { text: prompt, name: versionName(prompt, versionsOf(set, 'written').at(-1)) }).set,
    );
  const version = versionWith(next, prompt);
  if (!version) throw new StudioError('internal', 'internal: a version that was just saved is missing');
  return version;
}

/** Ends in the set's id, so that it is deleted with the set. */
const keyOf = (setId: string) => `draft:${setId}`;

type KeptPrompt = Pick<Typed, 'prompt'>;

/** A half-typed word is kept with the tab: that is written at once, and a reload before the next key finds it. */
const halfTyped = tabMemory<{ readonly setId: string; readonly words: Typed['words'] } | null>('answer-words', null);

class Prompts extends ActionStore<PromptsState> {
  readonly #disk = drafts(this.services.store);
  #saved: Promise<unknown> = Promise.resolve();

  constructor(studio: Studio) {
    super(studio, { ...NOTHING, index: 0 });
    studio.stores.promptSets.subscribe((next, before) => {
      if (next.set?.id === before.set?.id) return;
      this.set({ ...NOTHING, index: 0 });
      void this.#restore();
    });
    void this.#restore();
  }

  draft(): PromptText {
    return draftOf(this.sets.set, this.getState().prompt, this.stores.proposer.getState().proposal);
  }

  async #restore(): Promise<void> {
    const open = this.sets.set;
    if (!open) return;
    const typed = halfTyped.read();
    this.set({ words: typed?.setId === open.id ? typed.words : {} });
    const kept = await this.#disk.get<KeptPrompt>(keyOf(open.id)).catch(() => null);
    // text typed while the disk was read is newer
    if (this.sets.set?.id === open.id && this.getState().prompt === null) this.set({ prompt: kept?.prompt ?? null });
  }

  readonly take = (prompt: PromptText): void => {
    this.set({ prompt });
    const open = this.sets.set;
    // on a full disk it lasts as long as the page
    if (open) void this.#disk.set(keyOf(open.id), { prompt } satisfies KeptPrompt).catch(() => undefined);
  };

  #typeWords(words: Typed['words']): void {
    this.set({ words });
    const open = this.sets.set;
    if (open) halfTyped.write({ setId: open.id, words });
  }

  readonly edit = (template: string): void => this.take({ ...this.draft(), template });

  /** Changes what is not text: examples and how they are chosen, the chat template. */
  readonly setHow = (change: Partial<Omit<PromptText, 'template'>>): void => this.take({ ...this.draft(), ...change });

  readonly openVersion = (id: string): void => {
    const open = this.sets.set;
    const version = open && versionById(open, id);
    if (!version) return;
    this.take(firstText(version.prompt));
    void this.#change((set) => ({ words: firstText(promptFor(set, version)).words }));
  };

  readonly typeWord = (label: string, text: string): void =>
    this.#typeWords({ ...this.getState().words, [label]: text });

  /**
   * The field was left: its word is the set's, unless it is empty. The typed word is kept until the set that has it is on
   * disk: a reload in between finds one or the other.
   */
  readonly commitWord = async (label: string): Promise<void> => {
    const { [label]: text } = this.getState().words;
    if (text === undefined) return;
    await this.#takeWord(label, text.trim());
    const { [label]: latest, ...others } = this.getState().words;
    if (latest === text) this.#typeWords(others);
  };

  #takeWord(label: string, word: string): Promise<unknown> {
    const before = this.sets.set?.words.find((w) => w.label === label)?.word.trim();
    if (word === '' || word === before) return this.#saved;
    const { template } = this.draft();
    return this.#change((set) => ({
      words: wordsFor(
        template,
        set.words.map((w) => (w.label === label ? { label, word } : w)),
      ),
    }));
  }

  /** Changes the task of the set; resolves once that is on disk. */
  #change(how: (set: PromptSet) => Parameters<typeof changeTask>[1], what = 'Answer words changed'): Promise<unknown> {
    this.#saved = this.#byHand(what, (set, { now }) => changeTask(set, how(set), now));
    return this.#saved;
  }

  async #byHand(what: string, change: SetChange): Promise<void> {
    const open = this.sets.set;
    if (open) await this.sets.change(open.id, what, change);
  }

  readonly resolve = ({ suggestion }: PromptReading['collisions'][number]): void =>
    void this.#change((s) => ({
      words: s.words.map((w) => suggestion.find(({ label }) => label === w.label) ?? w),
    }));

  /** Tokens that an answer may have; null = as the texts of the data suggest. */
  readonly setLongest = (longest: number | null): void =>
    void this.#change(() => ({ longest }), 'Length of answers changed');

  readonly readRow = (index: number): void => {
    const rows = this.sets.dataset?.split.validation.length ?? 0;
    if (rows > 0) this.set({ index: ((index % rows) + rows) % rows });
  };

  /** The version of the prompt in the editor, saved when it is new; null = it cannot be used. */
  readonly versionOfDraft = async (): Promise<Version | null> => {
    const open = this.sets.set;
    const prompt = this.draft();
    if (!open || templateProblem(prompt, this.sets.dataset) !== null) return null;
    return foundVersion(open, prompt) ?? keepVersion(this.studio, open.id, prompt);
  };

  readonly choose = (id: string): void =>
    void this.#byHand('Your prompt changed', (s, { now }) => chooseWritten(s, id, now));

  /** Saves the prompt as a version when it is new and usable; for leaving the screen. */
  readonly keepDraft = async (): Promise<void> => {
    const open = this.sets.set;
    if (!open || foundVersion(open, this.draft())) return;
    const version = await this.versionOfDraft();
    if (!version) return;
    const { id } = version;
    // nothing was tried: what is in the editor is what the user means
    await this.sets.updateById(open.id, (s, { now }) => (chosenWritten(s)?.tried ? s : chooseWritten(s, id, now)));
  };
}

export const usePrompts = screenStore((studio: Studio) => new Prompts(studio));
