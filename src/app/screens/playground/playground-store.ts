/** The playground: a text, every prompt's answer to it as it is typed, and the presentation that shows examples to a room. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { asStudioError, StudioError } from '../../../lib/errors';
import { isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import type { Continuation, PlayedAnswer } from '../../../workflow/play';
import { longestAnswer } from '../../state/longest-answer';
import { type Resource, resource } from '../../state/resource';
import { screenStore } from '../../state/screen-store';
import type { Services } from '../../state/services';
import type { SessionState } from '../../state/session-state';
import type { Studio } from '../../state/studio';
import { tabMemory } from '../../state/tab-memory';
import { type Cast, type Player, playedPrompt, setCast, shippedCast } from './cast';

type Answers = Readonly<Record<string, PlayedAnswer | undefined>>;

interface Continued {
  readonly text: string;
  readonly running: boolean;
}

interface PlaygroundState {
  readonly text: string;
  /** By player. */
  readonly answers: Answers;
  /** The answers belong to an earlier text. */
  readonly stale: boolean;
  readonly error: StudioError | null;
  /** By player: the model's continuation of the text. */
  readonly continued: Readonly<Record<string, Continued | undefined>>;
  readonly settings: Continuation;
  readonly examples: readonly string[];
  /** Which example is presented; null = not presenting. */
  readonly presented: number | null;
  readonly revealed: boolean;
  readonly type: (text: string) => void;
  readonly setContinuation: (change: Partial<Continuation>) => void;
  readonly continueWith: (player: Player) => Promise<void>;
  readonly stopContinuing: () => void;
  readonly keepExample: () => Promise<void>;
  readonly dropExample: (index: number) => Promise<void>;
  readonly present: () => void;
  readonly leave: () => void;
  readonly go: (by: 1 | -1) => void;
  readonly reveal: () => void;
}

export interface CastKey {
  readonly setId: string | null;
  readonly chosenHard: string | null;
  readonly chosenSoft: string | null;
  readonly words: PromptSet['words'] | null;
  readonly moves: PromptSet['moves'];
  readonly longest: number | null;
  readonly extra: string;
  /** The loaded weights; null = none yet. */
  readonly model: string | null;
}

/** What the cast depends on; as the screen loads it. */
export const castKey = (set: PromptSet | null, extra: string, { model }: Pick<SessionState, 'model'>): CastKey => ({
  setId: set?.id ?? null,
  chosenHard: set?.chosenHard ?? null,
  chosenSoft: set?.chosenSoft ?? null,
  words: set?.words ?? null,
  moves: set?.moves,
  longest: set?.writing?.longest ?? null,
  extra: set ? extra : '',
  model: model.kind === 'ready' ? model.info.sha256 : null,
});

export interface Playground extends StoreApi<PlaygroundState> {
  /** Null = there is nothing to ask yet. */
  readonly cast: Resource<CastKey, Cast | null>;
}

const PAUSE_MS = 250;
const REMEMBERED = 200;
const DEFAULT_CONTINUATION: Continuation = { temperature: 0.7, topP: 0.9, maxTokens: 48, seed: 0, stopAt: '' };

const typed = tabMemory<{ readonly key: string; readonly text: string } | null>('playground-text', null);
const settingsKept = tabMemory<Continuation>('playground-continuation', DEFAULT_CONTINUATION);

/** Why a text got no answer. */
function noAnswer(cause: unknown): StudioError {
  const error = asStudioError(cause, 'The model gave no answer');
  // the engine speaks of rows; here is only what was typed
  if (error.code !== 'too-long') return error;
  const { tokens, limit } = error.data;
  return new StudioError(
    'too-long',
    `With its prompt, this text has ${tokens} tokens; the model reads at most ${limit}. Shorten the text.`,
    { cause },
  );
}

/** The open prompt set's prompts, or the shipped one; null when there is nothing to ask. */
async function findCast({ services, stores }: Studio, { extra }: CastKey): Promise<Cast | null> {
  const { set, dataset } = stores.project.getState();
  const sample = await services.loadSample().catch(() => null);
  const cast = set ? await castOfSet(set) : await castOfShipped();
  if (!cast || cast.players.length === 0) return null;
  const kept = await services.store.settings.get<readonly string[]>(cast.examplesKey);
  return kept ? { ...cast, examples: kept } : cast;

  async function castOfSet(open: PromptSet): Promise<Cast> {
    if (!isWriting(open)) return setCast(open, dataset, sample, { extra });
    await stores.session.getState().tokenizerReady();
    return setCast(open, dataset, sample, { extra, longest: await longestAnswer(services, open, dataset) });
  }
  async function castOfShipped(): Promise<Cast | null> {
    const shipped = await services.loadShippedPrompt().catch(() => null);
    const { model } = stores.session.getState();
    return shipped && shippedCast(shipped, sample, model.kind === 'ready' ? model.info.sha256 : null);
  }
}

/** Answers of one cast, each computed once: an example shown twice costs nothing. */
function createAnswerer({ workflow }: Pick<Services, 'workflow'>, cast: Cast) {
  const known = new Map<string, PlayedAnswer>();
  const keyOf = ({ id }: Player, text: string) => `${id} ${text}`;
  return {
    cast,
    known: (text: string): Answers =>
      Object.fromEntries(cast.players.map((player) => [player.id, known.get(keyOf(player, text))])),
    answer: async (player: Player, text: string, signal: AbortSignal): Promise<PlayedAnswer> => {
      const key = keyOf(player, text);
      const before = known.get(key);
      if (before) return before;
      const answer = await workflow.call('answerText', { prompt: playedPrompt(cast, player), text }, { signal });
      known.set(key, answer);
      const oldest = known.keys().next();
      if (known.size > REMEMBERED && !oldest.done) known.delete(oldest.value);
      return answer;
    },
  };
}

type Answerer = ReturnType<typeof createAnswerer>;

export function createPlayground(studio: Studio): Playground {
  const { services, stores } = studio;
  const { session } = stores;
  const cast = resource((key: CastKey) => findCast(studio, key), { keepPrevious: true });
  let answerer: Answerer | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let continuing: AbortController | null = null;

  const store = createStore<PlaygroundState>((set, get) => ({
    text: '',
    answers: {},
    stale: false,
    error: null,
    continued: {},
    settings: settingsKept.read(),
    examples: [],
    presented: null,
    revealed: false,
    type: (text) => {
      answering.clear(); // an answer under way is one to the earlier text
      set({ text, stale: true });
      if (answerer) typed.write({ key: answerer.cast.examplesKey, text });
      get().stopContinuing();
      clearTimeout(timer);
      timer = setTimeout(answer, PAUSE_MS);
    },
    setContinuation: (change) => {
      set(({ settings }) => ({ settings: { ...settings, ...change } }));
      settingsKept.write(get().settings);
    },
    continueWith: async (player) => {
      if (!answerer) return;
      get().stopContinuing();
      continuing = new AbortController();
      const show = (change: Partial<Continued>) =>
        set(({ continued }) => ({
          continued: {
            ...continued,
            [player.id]: { ...(continued[player.id] ?? { text: '', running: false }), ...change },
          },
        }));
      show({ text: '', running: true });
      const { text, settings } = get();
      try {
        await services.workflow.call(
          'continueText',
          { prompt: playedPrompt(answerer.cast, player), text, settings },
          { signal: continuing.signal, onEvent: (soFar) => show({ text: soFar }) },
        );
      } catch (cause) {
        const error = noAnswer(cause);
        if (error.code !== 'cancelled') set({ error });
      }
      show({ running: false });
    },
    stopContinuing: () => continuing?.abort(),
    keepExample: async () => {
      const text = get().text.trim();
      if (text !== '' && !get().examples.includes(text)) await saveExamples([...get().examples, text]);
    },
    dropExample: (index) => saveExamples(get().examples.filter((_, i) => i !== index)),
    present: () => {
      const { examples, text } = get();
      if (examples.length === 0 && text.trim() === '') return;
      const found = Math.max(0, examples.indexOf(text.trim()));
      set({ presented: found, revealed: false, examples: examples.length > 0 ? examples : [text.trim()] });
      answer();
    },
    leave: () => {
      const { presented, examples, text } = get();
      set({ presented: null, revealed: false, text: examples[presented ?? 0] ?? text });
    },
    go: (by) => {
      const { presented, examples } = get();
      if (presented === null) return;
      const next = Math.min(examples.length - 1, Math.max(0, presented + by));
      if (next === presented) return;
      set({ presented: next, revealed: false, answers: answerer?.known(examples[next] ?? '') ?? {} });
      answer();
    },
    reveal: () => set(({ revealed }) => ({ revealed: !revealed })),
  }));

  /** Every prompt's answer to a text, one after another; a newer text takes over at once. */
  const answering = resource<readonly [answerer: Answerer, text: string], null>(async ([by, text], signal) => {
    store.setState({ stale: true, error: null });
    try {
      for (const player of by.cast.players) {
        const found = await by.answer(player, text, signal);
        if (signal.aborted) return null;
        store.setState(({ answers }) => ({ answers: { ...answers, [player.id]: found } }));
      }
      store.setState({ stale: false });
      // while the room reads, the next example is answered
      const { presented, examples } = store.getState();
      const next = presented === null ? undefined : examples[presented + 1];
      if (next !== undefined) for (const player of by.cast.players) await by.answer(player, next, signal);
    } catch (cause) {
      const error = noAnswer(cause);
      if (error.code !== 'cancelled' && !signal.aborted) store.setState({ error, stale: false });
    }
    return null;
  });

  function answer(): void {
    const { text, presented, examples } = store.getState();
    const asked = presented === null ? text.trim() : (examples[presented] ?? '');
    answering.clear();
    if (asked === '') store.setState({ stale: false, answers: {} });
    else if (answerer && session.getState().model.kind === 'ready') void answering.load([answerer, asked]);
  }

  async function saveExamples(examples: readonly string[]): Promise<void> {
    store.setState({ examples });
    if (!answerer) return;
    const { examplesKey } = answerer.cast;
    await services.store.settings
      .set(examplesKey, examples)
      .catch((cause) => store.setState({ error: noAnswer(cause) }));
  }

  cast.subscribe(({ status, value, error }) => {
    if (status === 'failed') store.setState({ error });
    if (status !== 'ready' || value === answerer?.cast) return;
    const isOther = value?.examplesKey !== answerer?.cast.examplesKey;
    answerer = value && createAnswerer(services, value);
    if (!value) return store.setState({ examples: [], answers: {} });
    const { text, examples } = store.getState();
    const kept = typed.read();
    const before = kept?.key === value.examplesKey ? kept.text : '';
    const now = isOther ? value.examples : examples;
    store.setState({
      examples: now,
      answers: {},
      error: null,
      ...(isOther ? { text: before || (now[0] ?? '') } : { text: text || (now[0] ?? '') }),
    });
    session
      .getState()
      .modelReady()
      .catch(() => undefined); // its failure is shown where the model is
    answer();
  });

  return Object.assign(store, { cast });
}

export const usePlayground = screenStore(createPlayground);
