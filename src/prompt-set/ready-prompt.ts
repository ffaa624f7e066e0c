/**
 * From a handle and a stage to predictions, for programs that use the prompts: `predict({ handle, stage }, texts)`. One
 * loaded model answers for all sets, because a prompt is only text and vectors sent with each request.
 */
import { type Failure, fail, ok, type Result } from '../lib/result';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { asContinuation, cueOf, type Fields, fillTemplate } from '../task/template';
import type { HardPrompt, LabelWord } from '../task/types';
import { meanLogProbsOf } from './calibration';
import { resolveStage, resolveVersion, type StageFailure, type VersionFailure } from './stages';
import type { PromptSet } from './types';
import { tunedPrompt, type Version, wordsOf } from './versions';

/** The stage or the version must be named: there is no default. */
export type Asked =
  | { readonly handle: string; readonly stage: string }
  | { readonly handle: string; readonly version: { readonly kind: Version['kind']; readonly number: number } };

export interface ReadyPrompt {
  readonly set: PromptSet;
  readonly of: Version;
  readonly prompt: HardPrompt;
  readonly soft: SoftPrompt | null;
  /** As they follow the prompt, in the order of the labels. */
  readonly words: readonly LabelWord[];
  /** What calibration subtracts from the log-probabilities of its labels; null = nothing. */
  readonly meanLogProbs: readonly number[] | null;
  /** Answers with a lower probability go to a person; null = all are taken. */
  readonly threshold: number | null;
  /** Of the weights that its vectors were trained on; null = it has no vectors. */
  readonly modelSha256: string | null;
}

type WrapperFailure = StageFailure | VersionFailure | Failure<'no-set'>;

/** A version as text, vectors and answer words. */
export function readyPrompt(set: PromptSet, of: Version): ReadyPrompt {
  const { kind, version } = of;
  const prompt = kind === 'hard' ? version.prompt : tunedPrompt(version.template, version.settings);
  const text = prompt.chat ? '' : prompt.template;
  return {
    set,
    of,
    prompt,
    soft: kind === 'soft' ? version.soft : null,
    words: wordsOf(set, of).map(({ label, word }) => ({ label, word: asContinuation(text, word) })),
    meanLogProbs: meanLogProbsOf(version),
    threshold: version.threshold?.value ?? null,
    modelSha256: kind === 'soft' ? version.model.sha256 : null,
  };
}

/** The prompt that a handle and a stage, or a version, refer to; never another one instead. */
export function promptFor(sets: readonly PromptSet[], asked: Asked): Result<ReadyPrompt, WrapperFailure> {
  const set = sets.find(({ handle, deletedAt }) => handle === asked.handle && deletedAt === null);
  if (!set) return fail('no-set', `There is no prompt set ${asked.handle} in this library.`, { handle: asked.handle });
  const found = 'stage' in asked ? resolveStage(set, asked.stage) : resolveVersion(set, asked.version);
  return found.ok ? ok(readyPrompt(set, found.value)) : found;
}

export interface Prediction {
  readonly label: string;
  /** Probability of the label among the labels. */
  readonly confidence: number;
  /** It is less sure than the version's threshold: ask a person. False where the version has none. */
  readonly needsReview: boolean;
  /** In the order of the set's labels. */
  readonly probabilities: readonly number[];
}

/** What predictions need from a loaded model: an engine and its tokenizer. */
export interface Model {
  readonly sha256: string;
  readonly encode: (text: string) => Int32Array | Promise<Int32Array>;
  readonly score: (request: {
    readonly rows: readonly {
      readonly rowId: string;
      readonly ids: Int32Array;
      readonly cue?: number | undefined;
      readonly label: null;
    }[];
    readonly labels: readonly (LabelWord & { readonly tokenIds: readonly number[] })[];
    readonly soft: SoftPrompt | null;
    readonly cacheKey: string | null;
  }) => Promise<{ readonly rows: readonly { readonly logProbs: readonly number[] }[] }>;
}

type PredictFailure = WrapperFailure | Failure<'other-weights' | 'needs-rows'>;

/**
 * Answers texts with the prompt that was asked for. Switching prompts loads nothing.
 * @param texts a text, or the cells of a row by column, with the text as `text`
 */
export async function predict(
  model: Model,
  sets: readonly PromptSet[],
  asked: Asked,
  texts: readonly (string | Fields)[],
): Promise<Result<readonly Prediction[], PredictFailure>> {
  const found = promptFor(sets, asked);
  if (!found.ok) return found;
  const { prompt, soft, words, meanLogProbs, threshold, modelSha256, set } = found.value;
  if (modelSha256 !== null && modelSha256 !== model.sha256)
    return fail(
      'other-weights',
      `The vectors of ${set.handle} only work with the weights they were trained on, and others are loaded. Load that model.`,
    );
  if (prompt.shots > 0 || prompt.chat)
    return fail(
      'needs-rows',
      `This version of ${set.handle} shows examples or is a chat message, which predict cannot build. Run it in Batch.`,
    );
  const encoded = async (text: string) => Int32Array.from(await model.encode(text));
  const cue = prompt.splitsCue ? cueOf(prompt.template) : '';
  const cueIds = await encoded(cue);
  const rows = await Promise.all(
    texts.map(async (text, i) => {
      const filled = fillTemplate(prompt.template, typeof text === 'string' ? { text } : text, null);
      const before = await encoded(filled.slice(0, filled.length - cue.length));
      return { rowId: String(i), ids: Int32Array.from([...before, ...cueIds]), cue: cueIds.length, label: null };
    }),
  );
  const labels = await Promise.all(
    words.map(async (word) => ({ ...word, tokenIds: Array.from(await encoded(word.word)) })),
  );
  const scored = await model.score({ rows, labels, soft, cacheKey: null });
  return ok(
    scored.rows.map(({ logProbs }) => {
      const probabilities = labelProbabilities(logProbs, meanLogProbs);
      const best = argmax(probabilities);
      const confidence = probabilities[best] ?? 0;
      const needsReview = confidence < (threshold ?? 0);
      return { label: words[best]?.label ?? '', confidence, needsReview, probabilities };
    }),
  );
}
