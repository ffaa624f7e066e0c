/** One text, several prompts: what each makes of it, as it is typed; and the stage on which that is shown to a room. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { rowsById, textOf } from '../../../dataset/labels';
import { StudioError } from '../../../lib/errors';
import { putIntoTemplate } from '../../../project/sidecar-build';
import type { PromptSet } from '../../../project/types';
import type { SoftPrompt } from '../../../prompt/types';
import type { LabelTokens } from '../../../tokens/types';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import type { SessionStore } from '../../state/session-store';
import { wordsFor } from '../../state/words-for';
import type { ArmSide } from '../../ui';
import { contestOf } from '../compare/arms';

interface Answer {
  /** In the order of the set's answer words. */
  readonly probabilities: readonly number[];
  readonly tokens: number;
  readonly ms: number;
}

export interface Player {
  readonly id: string;
  readonly name: string;
  readonly side: ArmSide;
  readonly template: string;
  readonly soft: SoftPrompt | null;
  readonly answer: Answer | null;
  /** What it wrote freely, and whether it still writes. */
  readonly written: string | null;
  readonly writing: boolean;
}

export interface PlaygroundState {
  readonly text: string;
  readonly labels: readonly string[];
  readonly players: readonly Player[];
  /** The answers belong to an earlier text. */
  readonly stale: boolean;
  readonly error: StudioError | null;
  readonly examples: readonly string[];
  /** Place among the examples while presenting; null = not presenting. */
  readonly stage: number | null;
  readonly revealed: boolean;
  readonly enter: () => Promise<void>;
  readonly type: (text: string) => void;
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
const WRITE_TOKENS = 48;
const FIRST_EXAMPLES = 5;
const REMEMBERED = 200;

const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `The model gave no answer: ${String(cause)}`, { cause });

export function createPlaygroundStore(
  services: Services,
  session: SessionStore,
  project: ProjectStore,
): PlaygroundStore {
  const { store: disk } = services;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let scoring: AbortController | null = null;
  let writing: AbortController | null = null;
  /** What was answered before, by prompt and text: an example shown twice costs nothing. */
  const known = new Map<string, Answer>();
  let readyFor: string | null = null;

  return createStore<PlaygroundState>((set, get) => {
    const player = (id: string, change: Partial<Player>) =>
      set(({ players }) => ({ players: players.map((p) => (p.id === id ? { ...p, ...change } : p)) }));
    const textColumn = () => project.getState().dataset?.mapping.text ?? null;
    const keyOf = (p: Player, text: string) => `${p.id} ${p.template} ${p.soft?.vectors[0] ?? ''} ${text}`;
    const remember = (key: string, answer: Answer) => {
      known.set(key, answer);
      const oldest = known.keys().next();
      if (known.size > REMEMBERED && !oldest.done) known.delete(oldest.value);
    };

    async function answerOne(p: Player, text: string, signal: AbortSignal): Promise<Answer> {
      const key = keyOf(p, text);
      const before = known.get(key);
      if (before) return before;
      const open = project.getState().set;
      const words = wordsFor(p.template, open?.words ?? []);
      const [{ ids }, { labels }] = await Promise.all([
        services.data.call('encode', { text: putIntoTemplate(p.template, text, textColumn()) }),
        services.data.call('labelTokens', { words }),
      ]);
      const scored = await services.engine.call(
        'score',
        {
          rows: [{ rowId: 'typed', ids, label: null }],
          labels: labels as readonly LabelTokens[],
          soft: p.soft,
          cacheKey: null,
        },
        { signal },
      );
      const row = scored.rows[0];
      if (!row) throw new StudioError('internal', 'internal: one row in, none out');
      const answer = { probabilities: row.logProbs.map(Math.exp), tokens: row.tokensSent, ms: scored.seconds * 1000 };
      remember(key, answer);
      return answer;
    }

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
      if (session.getState().model.kind !== 'ready') return;
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
        const error = asError(cause);
        if (error.code !== 'cancelled' && !signal.aborted) set({ error, stale: false });
      }
    }

    function playersOf(open: PromptSet): readonly Player[] {
      return contestOf(open)
        .arms.filter((arm) => arm.id !== 'yours-8')
        .map((arm) => ({
          id: arm.id,
          name: arm.name,
          side: arm.kind === 'tuned' ? 'b' : arm.kind === 'untuned' ? 'ref' : 'a',
          template: arm.prompt.template,
          soft: arm.soft,
          answer: null,
          written: null,
          writing: false,
        }));
    }

    async function loadExamples(open: PromptSet): Promise<void> {
      const kept = await disk.settings.get<readonly string[]>(`examples:${open.id}`);
      const { dataset } = project.getState();
      if (kept) {
        set({ examples: kept });
        return;
      }
      // Until the user keeps some: validation rows, since held-back rows are not for looking at.
      const rows = rowsById(dataset?.table.rows ?? []);
      const texts = dataset
        ? dataset.split.validation.slice(0, FIRST_EXAMPLES).flatMap((id) => {
            const row = rows.get(id);
            return row ? [textOf(row, dataset.mapping)] : [];
          })
        : [];
      set({ examples: texts });
    }

    async function saveExamples(examples: readonly string[]): Promise<void> {
      set({ examples });
      const open = project.getState().set;
      if (open)
        await disk.settings.set(`examples:${open.id}`, examples).catch((cause) => set({ error: asError(cause) }));
    }

    return {
      text: '',
      labels: [],
      players: [],
      stale: false,
      error: null,
      examples: [],
      stage: null,
      revealed: false,
      enter: async () => {
        const open = project.getState().set;
        if (!open) return;
        const contest = contestOf(open);
        const key = `${open.id} ${contest.hard?.id} ${contest.soft?.id} ${open.words.map((w) => w.word).join()} ${session.getState().model.kind}`;
        if (key === readyFor) return;
        readyFor = key;
        set({ players: playersOf(open), labels: open.words.map((w) => w.label), error: null });
        await loadExamples(open);
        if (get().text === '') set({ text: get().examples[0] ?? '' });
        void session
          .getState()
          .modelReady()
          .catch(() => undefined); // its failure is shown where the model is
        await answer();
      },
      type: (text) => {
        set({ text, stale: true });
        get().stopWriting();
        clearTimeout(timer);
        timer = setTimeout(() => void answer(), PAUSE_MS);
      },
      write: async (playerId) => {
        const p = get().players.find((found) => found.id === playerId);
        if (!p) return;
        get().stopWriting();
        writing = new AbortController();
        const { signal } = writing;
        player(playerId, { written: '', writing: true });
        try {
          const { ids } = await services.data.call('encode', {
            text: putIntoTemplate(p.template, get().text, textColumn()),
          });
          const { tokenizer } = session.getState();
          const so: number[] = [];
          let shown = Promise.resolve();
          await services.engine.call(
            'generate',
            {
              ids,
              soft: p.soft,
              maxNewTokens: WRITE_TOKENS,
              temperature: 0.7,
              topP: 0.9,
              seed: 0,
              endTokenIds: tokenizer.kind === 'ready' ? tokenizer.endTokenIds : [],
            },
            {
              signal,
              onEvent: ({ id }) => {
                so.push(id);
                const all = Int32Array.from(so);
                shown = shown.then(async () => {
                  const { text } = await services.data.call('decode', { ids: all });
                  if (!signal.aborted) player(playerId, { written: text });
                });
              },
            },
          );
          await shown;
        } catch (cause) {
          const error = asError(cause);
          if (error.code !== 'cancelled') set({ error });
        } finally {
          player(playerId, { writing: false });
        }
      },
      stopWriting: () => {
        writing?.abort();
        writing = null;
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
          players: get().players.map((p) => ({ ...p, answer: known.get(keyOf(p, examples[next] ?? '')) ?? null })),
        });
        void answer();
      },
      reveal: () => set(({ revealed }) => ({ revealed: !revealed })),
    };
  });
}
