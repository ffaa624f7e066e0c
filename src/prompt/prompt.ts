/** What answers a row: one plain, immutable value for everything that is compared, played, stored and exported. */

import { present } from '../lib/assert';
import { contentKey, sha256 } from '../lib/bytes';
import { count, line, share, some, type Value, z } from '../lib/zod';
import { faultInWords, type WordModel } from '../metrics/logistic';
import type { AnswerWord, PromptText } from '../task/types';
import { allFinite, numbersEach, PLACEMENTS, type SoftPrompt, splitsCueAt } from './soft-prompt';

/** Texts, sets of vectors and word counts that may answer together. */
const MOST_VOICES = 64;
/** Words and word sequences that may be counted. */
const MOST_FEATURES = 2_000_000;

export const finite = z.instanceof(Float32Array).refine(allFinite, 'contains numbers that are not finite');

export const answerWords = some(z.object({ label: line, word: line }));

export const calibrationSchema = z.object({ meanLogProbs: some(z.number()), rows: count });
/** Contextual calibration: the mean log-probability of each label over unlabelled rows is subtracted. */
export type CalibrationFit = Value<typeof calibrationSchema>;

/** Below which probability a person is asked, and what that gave on validation rows. */
export const thresholdSchema = z.object({
  value: share,
  rows: count,
  answered: count,
  /** Of the answered rows. */
  correct: count,
  /** Of the share right on new rows: each end holds in 90% of prompts, whichever threshold was chosen (`promisedShare`). */
  interval: z.object({ low: share, high: share }).optional(),
});
export type ReviewThreshold = Value<typeof thresholdSchema>;

/** @see Heads */
export const headsSchema = z.strictObject({
  layers: z.int().min(1).max(1000),
  kvHeads: z.int().min(1).max(1000),
  headDim: z.int().min(1).max(65_536),
  position: count.nullable(),
});

const softSchema = z
  .strictObject({
    placement: z.enum(PLACEMENTS),
    vectors: finite,
    virtualTokens: z.int().min(1).max(1024),
    hidden: z.int().min(1).max(65_536),
    heads: headsSchema.exactOptional(),
    answerShift: finite.exactOptional(),
  })
  .refine((soft) => soft.vectors.length === soft.virtualTokens * numbersEach(soft), 'has other numbers')
  .refine(
    ({ placement, heads }) => (placement === 'kv') === (heads !== undefined),
    'has heads exactly for keys and values',
  );

/** A text around a row. */
const textSchema = z.object({
  /** `{column}` is replaced by the row's cell; `{text}` always by the text column. */
  template: z.string().max(1_000_000),
  shots: z.int().min(0).max(1000),
  shotSeed: z.int(),
  selection: z.enum(['balanced', 'random', 'nearest']).optional(),
  orders: z.int().min(1).max(MOST_VOICES).optional(),
  chat: z.boolean().optional(),
  splitsCue: z.boolean().optional(),
  inText: z.array(line).max(1e6).optional(),
});

const wordModelSchema = z
  .object({
    ngrams: z.int().min(1).max(5),
    sublinear: z.boolean(),
    vocabulary: z.array(z.string().max(200_000)).max(MOST_FEATURES),
    idf: z.array(z.number()).max(MOST_FEATURES),
    classes: z.int().min(2).max(1000),
    known: some(z.int().min(0)),
    weights: z.instanceof(Float64Array),
  })
  .refine((model) => faultInWords(model) === null, 'words that do not fit together');

const voiceSchema = z.discriminatedUnion('kind', [
  /** The model reads a text, with vectors around it or none; a linear probe is a text whose answer words are trained. */
  z.object({
    kind: z.literal('text'),
    weight: z.number().min(0).max(10),
    ...textSchema.shape,
    /** As they follow the text, in the order of the labels; empty where texts are generated. */
    words: answerWords,
    soft: softSchema.nullable(),
  }),
  /** Word counts with logistic regression; without any word it is always the same answer. */
  z.object({ kind: z.literal('counts'), weight: z.number().min(0).max(10), counts: wordModelSchema }),
]);
/** Of several the log-probabilities are added by weight. */
const voicesSchema = z.array(voiceSchema).min(1).max(MOST_VOICES);
export type Voice = Value<typeof voiceSchema>;
export type TextVoice = Extract<Voice, { readonly kind: 'text' }>;

const taskSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('classify'), labels: some(line) }),
  /** Every label is given or not by itself, against the last one, which stands for none of them. */
  z.object({ kind: z.literal('tag'), labels: some(line) }),
  /** Most tokens of an answer; null = as the texts of the data set suggest. */
  z.object({ kind: z.literal('generate'), longest: count.nullable() }),
]);

export const promptSchema = z
  .object({
    task: taskSchema,
    voices: voicesSchema,
    /** What is subtracted from the log-probabilities of the labels; where several are given, the cut of each. Null = nothing. */
    calibration: calibrationSchema.nullable(),
    /** Answers with a lower probability go to a person; null = all are taken. */
    threshold: thresholdSchema.nullable(),
  })
  .superRefine((prompt, context) => {
    const fault = misfitIn(prompt);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  });
export type Prompt = Value<typeof promptSchema>;

/** Why it cannot answer; null = it can. */
export function faultIn(prompt: Prompt): string | null {
  const { kind } = prompt.task;
  const { length } = labelsOf(prompt);
  if (kind === 'classify' && length < 2) return 'a choice needs at least two labels';
  if (kind === 'tag' && length < 3) return 'several labels are at least two, and one that stands for none';
  return misfitIn(prompt);
}

/** What does not fit together; null = nothing. */
function misfitIn({ task, voices, calibration }: Prompt): string | null {
  const labels = labelsOf({ task });
  if (new Set(labels).size !== labels.length) return 'two labels are equal';
  if (!('labels' in task) && (voices.length > 1 || voices[0]?.kind !== 'text')) return 'one text generates an answer';
  if (calibration && calibration.meanLogProbs.length !== labels.length)
    return 'calibration must have one value per label';
  for (const voice of voices) {
    if (voice.kind === 'counts' ? voice.counts.classes !== labels.length : !isOf(labels, voice.words))
      return 'answer words or word counts are not in the order of the labels';
    if (voice.kind === 'counts') continue;
    const { soft, splitsCue = false } = voice;
    if (soft && splitsCue !== splitsCueAt(soft.placement))
      return 'the cue is apart exactly where vectors come before it';
    if (soft?.answerShift && soft.answerShift.length !== labels.length * soft.hidden)
      return `trained answer words are not ${labels.length} of ${soft.hidden} numbers`;
  }
  return null;
}

const isOf = (labels: readonly string[], words: readonly AnswerWord[]) =>
  words.length === labels.length && words.every(({ label }, i) => label === labels[i]);

/**
 * The voices of one text. @param words as they follow the text, in the order of the labels
 * @param softs vectors around the text; of several the mean answer counts. None = the text alone
 */
export const voicesOf = (
  text: PromptText,
  words: readonly AnswerWord[],
  softs: readonly SoftPrompt[] = [],
): readonly TextVoice[] =>
  (softs.length > 0 ? softs : [null]).map((soft, _, { length }) => ({
    kind: 'text',
    weight: 1 / length,
    ...text,
    words,
    soft,
  }));

/** Empty where texts are generated. */
export const labelsOf = ({ task }: Pick<Prompt, 'task'>): readonly string[] => ('labels' in task ? task.labels : []);

/** Those of its voices that the model reads. */
export const textsOf = ({ voices }: Pick<Prompt, 'voices'>): readonly TextVoice[] =>
  voices.filter((voice) => voice.kind === 'text');

/** Only a text, without vectors. */
export const isText = ({ voices }: Pick<Prompt, 'voices'>): boolean =>
  voices.length === 1 && voices[0]?.kind === 'text' && voices[0].soft === null;

/** What is shown of a prompt that the model reads, and what it costs. */
export const firstText = (prompt: Pick<Prompt, 'voices'>): TextVoice => present(textsOf(prompt)[0], 'a text');

/** The texts of its voices, each once: the seeds of a mean share one, a linear probe has its own. */
export const templatesOf = (prompt: Pick<Prompt, 'voices'>): readonly string[] => [
  ...new Set(textsOf(prompt).map(({ template }) => template)),
];

export const weightOf = (voices: Prompt['voices']): number => voices.reduce((sum, { weight }) => sum + weight, 0);

/** Share of the weights that its word counts have, 0 to 1. */
export const countsShare = ({ voices }: Pick<Prompt, 'voices'>): number =>
  weightOf(voices.filter(({ kind }) => kind === 'counts')) / weightOf(voices);

/** Its vectors; of several the mean answers. */
export const softsOf = (prompt: Pick<Prompt, 'voices'>): readonly SoftPrompt[] =>
  textsOf(prompt).flatMap(({ soft }) => soft ?? []);

/** Its word counts; null = it counts no words. */
export const countsOf = ({ voices }: Pick<Prompt, 'voices'>): WordModel | null =>
  voices.flatMap((voice) => (voice.kind === 'counts' ? [voice.counts] : []))[0] ?? null;

/** Of its first text. */
export const softOf = (prompt: Pick<Prompt, 'voices'>): SoftPrompt | null => textsOf(prompt)[0]?.soft ?? null;

/**
 * SHA-256 of what decides its answers: two prompts with one id answer alike.
 * @param rows key of the rows that its examples are drawn from, where it draws some
 */
export const promptId = (prompt: Prompt, rows: string | null = null): Promise<string> =>
  sha256(contentKey(prompt, drawsExamples(prompt) ? rows : null));

/** Whether some text of it shows examples that are drawn from the rows of its prompt set. */
export const drawsExamples = (prompt: Pick<Prompt, 'voices'>): boolean =>
  textsOf(prompt).some(({ shots }) => shots > 0);
