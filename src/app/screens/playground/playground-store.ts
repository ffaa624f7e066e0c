import { useStore } from 'zustand';
import { inTurn } from '../../../lib/control';
import { asStudioError, StudioError } from '../../../lib/errors';
import { saidLabel } from '../../../prompt/said';
import { readAddress } from '../../../prompt-set/handle';
import type { Listing } from '../../../prompt-set/listing';
import { firstOf } from '../../../prompt-set/planned';
import type { Judged } from '../../../report/present';
import type { Fields } from '../../../task/template';
import type { Continuation, PlayedAnswer } from '../../../workflow/play';
import { type Resource, resource, steadyResource } from '../../state/resource';
import type { Services } from '../../state/services';
import { isEngineGone } from '../../state/session-state';
import { tabMemory } from '../../state/storage';
import { ActionStore, type Studio, screenStore } from '../../state/studio';
import { asAsked, asKept, type Cast, type CastKey, cellsIn, type Example, findCast, type Player } from './cast';

type Answers = Readonly<Record<string, PlayedAnswer | undefined>>;

interface Continued {
  readonly text: string;
  readonly running: boolean;
}

interface PlaygroundState {
  readonly fields: Fields;
  readonly answers: Answers;
  readonly stale: boolean;
  readonly error: StudioError | null;
  /** By player: the model's continuation of the text. */
  readonly continued: Readonly<Record<string, Continued | undefined>>;
  readonly settings: Continuation;
  readonly examples: readonly Example[];
  /** Which example is presented; null = not presenting. */
  readonly presented: number | null;
  readonly revealed: boolean;
  /** By example: what the audience says. */
  readonly guesses: Readonly<Record<number, string>>;
  /** By example: who said what, of those that were revealed and whose right answer is known. */
  readonly judged: Readonly<Record<number, Judged>>;
}

export const AUDIENCE = 'audience';

const PAUSE_MS = 250;
const REMEMBERED = 200;
const DEFAULT_CONTINUATION: Continuation = { temperature: 0.7, topP: 0.9, maxTokens: 48, seed: 0, stopAt: '' };

const typed = tabMemory<{ readonly key: string; readonly fields: Fields } | null>('playground-fields', null);
const settingsKept = tabMemory<Continuation>('playground-continuation', DEFAULT_CONTINUATION);

function noAnswer(cause: unknown): StudioError {
  const error = asStudioError(cause, 'The model gave no answer');
  // the engine speaks of rows; here there is only the typed text
  if (error.code !== 'too-long') return error;
  const { tokens, limit } = error.data;
  return new StudioError(
    'too-long',
    `With its prompt, this text has ${tokens} tokens; the model reads at most ${limit}. Shorten the text.`,
    { cause },
  );
}

/** Answers of one cast, each computed once: an example shown twice costs nothing. */
function createAnswerer({ workflow }: Pick<Services, 'workflow'>, cast: Cast) {
  const known = new Map<string, PlayedAnswer>();
  const keyOf = ({ id }: Player, fields: Fields) => JSON.stringify([id, asAsked(fields, cast.columns)]);
  return {
    cast,
    known: (fields: Fields): Answers =>
      Object.fromEntries(cast.players.map((player) => [player.id, known.get(keyOf(player, fields))])),
    answer: async (player: Player, fields: Fields, signal: AbortSignal): Promise<PlayedAnswer> => {
      const key = keyOf(player, fields);
      const before = known.get(key);
      if (before) return before;
      const answer = await workflow.call('answerText', { plan: player.plan, fields }, { signal });
      known.set(key, answer);
      const oldest = known.keys().next();
      if (known.size > REMEMBERED && !oldest.done) known.delete(oldest.value);
      return answer;
    },
  };
}

type Answerer = ReturnType<typeof createAnswerer>;

export const textIn = ({ text = '' }: Fields): string => text;

/** What a text says before it whom it asks: a prompt set of the list, or a handle that none has (`id` null); null = nothing. */
export function addressIn(fields: Fields, sets: readonly Pick<Listing, 'id' | 'handle'>[]) {
  const said = readAddress(textIn(fields));
  return said && { ...said, id: sets.find(({ handle }) => handle === said.handle)?.id ?? null };
}

const EMPTY: Omit<PlaygroundState, 'settings'> = {
  fields: {},
  answers: {},
  stale: false,
  error: null,
  continued: {},
  examples: [],
  presented: null,
  revealed: false,
  guesses: {},
  judged: {},
};

export class Playground extends ActionStore<PlaygroundState> {
  readonly cast: Resource<CastKey, Cast | null>;
  readonly #turn = inTurn();
  #answerer: Answerer | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** By player; several write at the same time. */
  readonly #continuing = new Map<string, AbortController>();
  readonly #answering: Resource<readonly [Answerer, Fields], null> = resource(async ([by, fields], signal) => {
    await this.#answerAll(by, fields, signal);
    return null;
  });

  constructor(studio: Studio) {
    super(studio, { ...EMPTY, settings: settingsKept.read() });
    this.cast = steadyResource((key: CastKey) => findCast(studio, key));
    this.cast.subscribe(({ status, value, error }) => {
      if (status === 'failed') this.set({ error });
      if (status === 'ready' && value !== this.#answerer?.cast) this.#ask(value);
    });
  }

  /** Another cast is asked: the text that was typed for it is there again, else its first example. */
  #ask(cast: Cast | null): void {
    const isOther = cast?.examplesKey !== this.#answerer?.cast.examplesKey;
    this.#answerer = cast && createAnswerer(this.services, cast);
    this.#dropContinued();
    if (!cast) {
      this.set({ examples: [], answers: {} });
      return;
    }
    const { fields: before, examples: shown } = this.getState();
    const kept = typed.read();
    const typedBefore = isOther ? (kept?.key === this.#typedKey() ? kept.fields : {}) : before;
    const examples = isOther ? cast.examples : shown;
    const first = examples[0]?.fields ?? {};
    // a column that is new to the prompts is filled as in the first example
    const fields = textIn(typedBefore) === '' ? first : { ...cellsIn(first, cast.columns), ...typedBefore };
    this.set({ examples, answers: {}, error: null, fields });
    this.session.modelReady().catch(() => undefined); // its failure is shown where the model is
    this.#answer();
  }

  readonly setContinuation = (change: Partial<Continuation>): void => {
    const settings = { ...this.getState().settings, ...change };
    this.set({ settings });
    settingsKept.write(settings);
  };

  readonly type = (change: Fields): void => {
    this.#answering.clear(); // an answer under way is one to the earlier text
    const fields = { ...this.getState().fields, ...change };
    this.set({ fields, stale: true });
    typed.write({ key: this.#typedKey(), fields });
    this.#dropContinued();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#answer(), PAUSE_MS);
  };

  /** A typed text belongs to the open prompt set, also where it asks another one. */
  readonly #typedKey = (): string => this.sets.set?.id ?? '';

  /** The row as it is asked: without the handle of a prompt set, and without white space around the text. */
  readonly asked = (fields: Fields): Fields => {
    const to = addressIn(fields, this.sets.sets);
    return { ...fields, text: (to?.id ? to.text : textIn(fields)).trim() };
  };

  #answer(): void {
    const { fields, presented, examples } = this.getState();
    const asked = presented === null ? this.asked(fields) : (examples[presented]?.fields ?? {});
    this.#answering.clear();
    if (textIn(asked) === '') this.set({ stale: false, answers: {} });
    else if (this.#answerer && this.session.model.kind === 'ready') void this.#answering.load([this.#answerer, asked]);
  }

  async #answerAll(by: Answerer, fields: Fields, signal: AbortSignal): Promise<void> {
    this.set({ stale: true, error: null });
    try {
      for (const player of by.cast.players) {
        const found = await by.answer(player, fields, signal);
        if (signal.aborted) return;
        this.set(({ answers }) => ({ answers: { ...answers, [player.id]: found } }));
      }
      this.set({ stale: false });
      this.#judge();
      // while the room reads, the next example is answered
      const { presented, examples } = this.getState();
      const next = presented === null ? undefined : examples[presented + 1]?.fields;
      if (next !== undefined) for (const player of by.cast.players) await by.answer(player, next, signal);
    } catch (cause) {
      const error = this.#noAnswer(cause);
      // answers to the text before are not answers to this one
      if (error.code !== 'cancelled' && !signal.aborted) this.set({ error, stale: false, answers: by.known(fields) });
    }
  }

  /** An engine that has ended is started again by the next question. */
  #noAnswer(cause: unknown): StudioError {
    const error = noAnswer(cause);
    if (isEngineGone(error)) this.session.engineLost(error);
    return error;
  }

  readonly continueWith = async (player: Player): Promise<void> => {
    const answerer = this.#answerer;
    if (!answerer) return;
    this.stopContinuing(player.id);
    const own = new AbortController();
    this.#continuing.set(player.id, own);
    const show = (text: string, running: boolean) => {
      if (this.#continuing.get(player.id) === own)
        this.set(({ continued }) => ({ continued: { ...continued, [player.id]: { text, running } } }));
    };
    let soFar = '';
    show(soFar, true);
    const { fields, settings } = this.getState();
    const onEvent = (written: string) => {
      soFar = written;
      show(soFar, true);
    };
    try {
      const version = firstOf(player.plan);
      await this.services.workflow.call(
        'continueText',
        { version, fields: this.asked(fields), settings },
        { signal: own.signal, onEvent },
      );
    } catch (cause) {
      const error = this.#noAnswer(cause);
      if (error.code !== 'cancelled') this.set({ error });
    }
    show(soFar, false);
  };

  /** All prompts side by side, a token each, with one seed. */
  readonly continueAll = (): Promise<unknown> =>
    Promise.all((this.#answerer?.cast.players ?? []).map((player) => this.continueWith(player)));

  readonly stopContinuing = (id?: string): void => {
    for (const [player, running] of this.#continuing) if (id === undefined || id === player) running.abort();
  };

  /** The fields or the prompts are others now, and what continues the earlier ones is no longer shown. */
  #dropContinued(): void {
    this.stopContinuing();
    this.#continuing.clear();
    this.set({ continued: {} });
  }

  readonly keepExample = async (): Promise<void> => {
    const fresh = this.asked(this.getState().fields);
    if (textIn(fresh) !== '')
      await this.#saveExamples((all) => (this.#placeOf(fresh) < 0 ? [...all, { fields: fresh, right: null }] : all));
  };

  readonly dropExample = (index: number): Promise<void> =>
    this.#saveExamples((all) => all.filter((_, i) => i !== index));

  readonly setRight = async (index: number, right: string | null): Promise<void> => {
    await this.#saveExamples((all) => all.map((each, i) => (i === index ? { ...each, right } : each)));
    this.#judge();
  };

  readonly isExample = (): boolean => this.#placeOf(this.asked(this.getState().fields)) >= 0;

  #placeOf(fields: Fields): number {
    const columns = this.#answerer?.cast.columns ?? [];
    const words = (of: Fields) => JSON.stringify(asAsked(of, columns));
    return this.getState().examples.findIndex((example) => words(example.fields) === words(fields));
  }

  #saveExamples(change: (examples: readonly Example[]) => readonly Example[]): Promise<void> {
    return this.#turn(async () => {
      const examples = change(this.getState().examples);
      if (this.#answerer) {
        const { examplesKey, columns } = this.#answerer.cast;
        const kept = examples.map((example) => asKept(example, columns));
        await this.services.store.settings
          .set(examplesKey, kept)
          .catch((cause) => this.set({ error: noAnswer(cause) }));
      }
      this.set({ examples });
    });
  }

  /** Begins with the typed row, which is kept as the first example if it is none yet. */
  readonly present = async (): Promise<void> => {
    const { examples, fields } = this.getState();
    const now = this.asked(fields);
    const place = this.#placeOf(now);
    const isFresh = place < 0 && textIn(now) !== '';
    if (examples.length === 0 && !isFresh) return;
    if (isFresh) await this.#saveExamples((all) => [{ fields: now, right: null }, ...all]);
    this.set({ presented: Math.max(0, place), revealed: false, guesses: {}, judged: {} });
    this.#answer();
  };

  readonly go = (by: 1 | -1): void => {
    const { presented, examples } = this.getState();
    if (presented === null) return;
    const next = Math.min(examples.length - 1, Math.max(0, presented + by));
    if (next === presented) return;
    const answers = this.#answerer?.known(examples[next]?.fields ?? {}) ?? {};
    this.set({ presented: next, revealed: false, answers });
    this.#answer();
  };

  /** Back to the typed row, or to the example that was presented last, asked of the same prompt set. */
  readonly leave = (): void => {
    const { presented, examples, fields } = this.getState();
    this.set({ presented: null, revealed: false });
    const shown = examples[presented ?? 0]?.fields;
    if (!shown || this.#placeOf(this.asked(fields)) === presented) return;
    const to = addressIn(fields, this.sets.sets);
    const handle = to?.id ? textIn(fields).slice(0, -to.text.length || undefined) : '';
    this.type({ ...shown, text: handle + textIn(shown) });
  };

  readonly reveal = (): void => {
    this.set(({ revealed }) => ({ revealed: !revealed }));
    this.#judge();
  };

  readonly guess = (label: string): void => {
    const { presented, revealed, guesses } = this.getState();
    if (presented !== null && !revealed) this.set({ guesses: { ...guesses, [presented]: label } });
  };

  /** Counts who is right on the example on the screen, once it is revealed and every prompt has answered. */
  #judge(): void {
    const { presented, revealed, stale, examples, answers, guesses, judged } = this.getState();
    const right = presented === null ? null : examples[presented]?.right;
    if (!this.#answerer || presented === null || !revealed || stale || right == null) return;
    const { players, labels } = this.#answerer.cast;
    const said = players.flatMap(({ id }) => {
      const answer = answers[id];
      return answer && 'probabilities' in answer ? [[id, saidLabel(answer, labels)]] : [];
    });
    const guess = guesses[presented];
    const all = Object.fromEntries(guess === undefined ? said : [[AUDIENCE, guess], ...said]);
    this.set({ judged: { ...judged, [presented]: { right, said: all } } });
  }
}

export const usePlayground = screenStore((studio: Studio) => new Playground(studio));

const NOBODY: Pick<Cast, 'players' | 'labels' | 'columns'> = { players: [], labels: [], columns: [] };

/** Who is asked, with the labels to choose from (none where texts are generated) and the columns that are shown. */
export const useCast = () => useStore(usePlayground.use().cast, ({ value }) => value ?? NOBODY);

export const usePresented = (): Fields => usePlayground((s) => s.examples[s.presented ?? 0]?.fields) ?? NO_FIELDS;

const NO_FIELDS: Fields = {};
