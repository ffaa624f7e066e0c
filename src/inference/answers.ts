import type { SoftPrompt } from '../prompt/soft-prompt';
import type { LabelTokens } from '../tokens/tokenizer';
import type { RowTokens } from './feeds';

type LogProbs = readonly number[];

/** Most characters of keys to keep: about ten thousand short texts. */
const MAX_CHARACTERS = 16_000_000;

/**
 * Remembers the model's answers, so that comparing one more prompt costs only that prompt. Keys are the whole input (tokens,
 * answer words, vectors), so an answer can never be returned for another input. The least recently used prompts are dropped
 * first.
 */
export class Answers {
  /** By prompt, least recently used first; then by text. */
  readonly #prompts = new Map<string, Map<string, LogProbs>>();
  readonly #limit: number;
  #characters = 0;

  constructor(limit = MAX_CHARACTERS) {
    this.#limit = limit;
  }

  /** The answers of one prompt. */
  of(labels: readonly LabelTokens[], soft: SoftPrompt | null): PromptAnswers {
    const words = labels.map(({ tokenIds }) => tokenIds.join(' ')).join('|');
    const prompt = soft ? `${words}|${keyOfSoft(soft)}` : words;
    const known = this.#prompts.get(prompt) ?? new Map<string, LogProbs>();
    this.#prompts.delete(prompt);
    this.#prompts.set(prompt, known);
    const keyOf = ({ ids, cue }: RowTokens) =>
      soft?.placement === 'infix' ? `${ids.join(' ')}|${cue}` : ids.join(' ');
    return {
      get: (row) => known.get(keyOf(row)),
      put: (row, logProbs) => {
        const key = keyOf(row);
        if (!known.has(key)) this.#characters += key.length;
        this.#makeRoom(known);
        known.set(key, logProbs);
      },
    };
  }

  #makeRoom(current: Map<string, LogProbs>): void {
    for (const [prompt, answers] of this.#prompts) {
      if (this.#characters <= this.#limit) return;
      for (const key of answers.keys()) this.#characters -= key.length;
      if (answers === current) answers.clear();
      else this.#prompts.delete(prompt);
    }
  }
}

const keyOfSoft = ({ placement, virtualTokens, vectors, answerShift }: SoftPrompt): string =>
  [placement, virtualTokens, vectors.join(' '), ...(answerShift ? [answerShift.join(' ')] : [])].join('|');

export interface PromptAnswers {
  get(row: RowTokens): LogProbs | undefined;
  put(row: RowTokens, logProbs: LogProbs): void;
}
