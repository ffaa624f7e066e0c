/** One text, several prompts: what each makes of it, as it is typed; and the stage on which that is shown to a room. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { StudioError } from '../../../lib/errors';
import { isWriting } from '../../../project/prompt-set';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { longestAnswer } from '../../state/write-texts';
import { alsoOf } from './also';
import { type Answerer, createAnswerer } from './answerer';
import { type Cast, type Player, projectCast, shippedCast } from './cast';
import { noAnswer } from './no-answer';
import { DEFAULT_WRITING, type Writing, write } from './write';

export interface PlaygroundState {
  readonly text: string;
  readonly labels: readonly string[];
  readonly players: readonly Player[];
  /** The prompt trained in advance plays, since no project is open; null = the project's prompts do. */
  readonly shipped: Cast['shipped'];
  /** What is there to play with has been looked for. */
  readonly entered: boolean;
  /** The answers belong to an earlier text. */
  readonly stale: boolean;
  readonly error: StudioError | null;
  readonly examples: readonly string[];
  /** Place among the examples while presenting; null = not presenting. */
  readonly stage: number | null;
  readonly revealed: boolean;
  /** Why the stage or version that was asked for does not play. */
  readonly alsoTrouble: string | null;
  /** @param also `stage:<name>`, or a version's id, that plays too; empty = none */
  readonly enter: (also?: string) => Promise<void>;
  readonly type: (text: string) => void;
  readonly writing: Writing;
  readonly setWriting: (change: Partial<Writing>) => void;
  readonly write: (playerId: string) => Promise<void>;
  readonly stopWriting: () => void;
  readonly keepExample: () => Promise<void>;
  readonly dropExample: (index: number) => Promise<void>;
  readonly present: () => void;
  readonly leave: () => void;
  readonly go: (by: 1 | -1) => void;
  readonly reveal: () => void;
}

export type PlaygroundStore = StoreApi<PlaygroundState>;

const PAUSE_MS = 250;

export function createPlaygroundStore(
  services: Services,
  session: SessionStore,
  project: ProjectStore,
): PlaygroundStore {
  const { store: disk } = services;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let scoring: AbortController | null = null;
  let pen: AbortController | null = null;
  let readyFor: string | null = null;
  let cast: Cast | null = null;
  let answers: Answerer | null = null;

  return createStore<PlaygroundState>((set, get) => {
    const player = (id: string, change: Partial<Player>) =>
      set(({ players }) => ({ players: players.map((p) => (p.id === id ? { ...p, ...change } : p)) }));
    /** Every prompt's answer to the text, one after another; a newer text takes over at once. */
    async function answer(): Promise<void> {
      const { text, stage, examples } = get();
      scoring?.abort();
      scoring = new AbortController();
      const { signal } = scoring;
      const now = stage === null ? text.trim() : (examples[stage] ?? '');
      if (now === '') {
        set({ stale: false, players: get().players.map((p) => ({ ...p, answer: null })) });
        return;
      }
      if (!answers || session.getState().model.kind !== 'ready') return;
      const { answer: answerOne } = answers;
      set({ stale: true, error: null });
      try {
        for (const p of get().players) {
          const found = await answerOne(p, now, signal);
          if (signal.aborted) return;
          player(p.id, { answer: found });
        }
        set({ stale: false });
        // While the room reads, the next example is answered.
        const next = stage === null ? undefined : examples[stage + 1];
        if (next !== undefined) for (const p of get().players) await answerOne(p, next, signal);
      } catch (cause) {
        const error = noAnswer(cause);
        if (error.code !== 'cancelled' && !signal.aborted) set({ error, stale: false });
      }
    }

    /** The open project's prompts, or the shipped one; null when there is nothing to play with. */
    async function findCast(also: string): Promise<Cast | null> {
      const { set: open, dataset } = project.getState();
      const sample = await services.loadSample().catch(() => null);
      if (open) {
        const { player: another, trouble } = alsoOf(open, also);
        set({ alsoTrouble: trouble });
        if (isWriting(open)) {
          await session.getState().tokenizerReady();
          return projectCast(open, dataset, sample, another, await longestAnswer(services, open, dataset));
        }
        return open.words.length > 0 ? projectCast(open, dataset, sample, another) : null;
      }
      set({ alsoTrouble: null });
      const shipped = await services.loadShippedPrompt().catch(() => null);
      const { model } = session.getState();
      return shipped && shippedCast(shipped, sample, model.kind === 'ready' ? model.info.sha256 : null);
    }

    async function saveExamples(examples: readonly string[]): Promise<void> {
      set({ examples });
      if (cast) await disk.settings.set(cast.examplesKey, examples).catch((cause) => set({ error: noAnswer(cause) }));
    }

    return {
      text: '',
      labels: [],
      players: [],
      shipped: null,
      entered: false,
      stale: false,
      error: null,
      examples: [],
      stage: null,
      revealed: false,
      writing: DEFAULT_WRITING,
      alsoTrouble: null,
      enter: async (also = '') => {
        const open = project.getState().set;
        const { model } = session.getState();
        const who = open
          ? [
              open.id,
              open.chosenHard,
              open.chosenSoft,
              also,
              JSON.stringify(open.writing ?? null),
              open.moves?.length,
              ...open.words.map(({ word }) => word),
            ]
          : ['shipped', model.kind === 'ready' ? model.info.sha256 : ''];
        const key = [...who, model.kind].join(' ');
        if (key === readyFor) return;
        readyFor = key;
        const before = cast?.examplesKey;
        const found = await findCast(also);
        if (key !== readyFor) return;
        cast = found;
        answers = found && createAnswerer(services, found);
        if (!found) return set({ players: [], labels: [], examples: [], shipped: null, entered: true });
        const kept = await disk.settings.get<readonly string[]>(found.examplesKey);
        if (key !== readyFor) return;
        set({
          players: found.players,
          labels: found.words.map(({ label }) => label),
          examples: kept ?? found.examples,
          shipped: found.shipped,
          entered: true,
          error: null,
          // another project, other texts
          ...(before !== undefined && before !== found.examplesKey ? { text: '' } : {}),
        });
        if (get().text === '') set({ text: get().examples[0] ?? '' });
        void session
          .getState()
          .modelReady()
          .catch(() => undefined); // its failure is shown where the model is
        await answer();
      },
      type: (text) => {
        // an answer under way is one to the earlier text
        scoring?.abort();
        set({ text, stale: true });
        get().stopWriting();
        clearTimeout(timer);
        timer = setTimeout(() => void answer(), PAUSE_MS);
      },
      setWriting: (change) => set(({ writing }) => ({ writing: { ...writing, ...change } })),
      write: async (playerId) => {
        const p = get().players.find((found) => found.id === playerId);
        if (!p || !answers) return;
        get().stopWriting();
        pen = new AbortController();
        const { signal } = pen;
        player(playerId, { written: '', writing: true });
        try {
          const { ids } = await answers.encode(p, get().text);
          const { tokenizer } = session.getState();
          const endTokenIds = tokenizer.kind === 'ready' ? tokenizer.endTokenIds : [];
          const request = { ids, soft: p.soft, endTokenIds, writing: get().writing };
          await write(services, request, signal, (written) => player(playerId, { written }));
        } catch (cause) {
          const error = noAnswer(cause);
          if (error.code !== 'cancelled') set({ error });
        } finally {
          player(playerId, { writing: false });
        }
      },
      stopWriting: () => {
        pen?.abort();
        pen = null;
      },
      keepExample: async () => {
        const text = get().text.trim();
        if (text !== '' && !get().examples.includes(text)) await saveExamples([...get().examples, text]);
      },
      dropExample: (index) => saveExamples(get().examples.filter((_, i) => i !== index)),
      present: () => {
        const { examples, text } = get();
        if (examples.length === 0 && text.trim() === '') return;
        const found = examples.indexOf(text.trim());
        set({ stage: Math.max(0, found), revealed: false, examples: examples.length > 0 ? examples : [text.trim()] });
        void answer();
      },
      leave: () => {
        const { stage, examples } = get();
        set({ stage: null, revealed: false, text: examples[stage ?? 0] ?? get().text });
      },
      go: (by) => {
        const { stage, examples } = get();
        if (stage === null) return;
        const next = Math.min(examples.length - 1, Math.max(0, stage + by));
        if (next === stage) return;
        set({
          stage: next,
          revealed: false,
          players: get().players.map((p) => ({ ...p, answer: answers?.known(p, examples[next] ?? '') ?? null })),
        });
        void answer();
      },
      reveal: () => set(({ revealed }) => ({ revealed: !revealed })),
    };
  });
}
