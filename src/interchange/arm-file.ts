/**
 * `prompt.json`: a prompt of a comparison that is no single tuned version, with everything that decides its answers: texts
 * with their examples, the vectors of several runs, the words of the training rows, calibration and threshold. `predict`
 * and predict.py answer by it alone. Read as data from a stranger.
 */

import { isRecord, present } from '../lib/assert';
import { newerFormat, readFloats, readJson, writeFloats } from '../lib/bytes';
import { base64Of, bytesOf, float64In, float64Of, orUndefined } from '../lib/exact-json';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { byName, firstFault, type Value, z } from '../lib/zod';
import { labelProbabilities } from '../metrics/calibration';
import { faultInWords, type WordModel, wordAnswers } from '../metrics/logistic';
import {
  calibrationSchema,
  countsOf,
  faultIn,
  labelsOf,
  MOST_FEATURES,
  MOST_VOICES,
  type Prompt,
  textsOf,
  textWeight,
  thresholdSchema,
  voicesOf,
} from '../prompt/prompt';
import { allFinite, PLACEMENTS, type SoftPrompt } from '../prompt/soft-prompt';
import type { AskedVersion } from '../prompt-set/ready-prompt';
import { count, id, line, many, page, share, short, some, text, time } from '../prompt-set/version-schemas';
import { tunedPrompt } from '../prompt-set/versions';
import { cueOf, otherColumns, parseTemplate, TEXT_SLOT } from '../task/template';
import { columnsSchema, sidecarSchema } from './sidecar';

export const ARM_FILE = 'prompt.json';
const ARM_FORMAT = 'softprompt-arm';
/** 2 for prompts with trained answer words: releases that read only 1 would answer without them. */
const ARM_VERSION = 2;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'must be base64');

const armSchema = z.object({
  format: z.literal(ARM_FORMAT),
  formatVersion: z.union([z.literal(1), z.literal(ARM_VERSION)]),
  producer: short,
  name: short,
  handle: id,
  createdAt: time,
  /** "Yours + 8 examples". */
  prompt: short,
  labels: z
    .array(z.object({ label: line, word: line, tokenIds: z.array(z.int().min(0)).max(256) }))
    .min(2)
    .max(1000),
  /** Null: the words answer alone. */
  model: sidecarSchema.shape.model.nullable(),
  tokenizer: sidecarSchema.shape.tokenizer.nullable(),
  columns: columnsSchema.exactOptional(),
  /** Whole templates: examples and a chat's marks are in them. Of several the mean answer counts. */
  texts: z.array(text(1_000_000)).max(MOST_VOICES),
  vectors: z
    .object({
      placement: z.enum(PLACEMENTS),
      cueTokenIds: many(z.int().min(0)),
      virtualTokens: z.int().min(1).max(1024),
      hidden: z.int().min(1).max(65_536),
      float32: z.array(base64).min(1).max(MOST_VOICES),
      /** Of trained answer words, one per set of vectors. */
      answerShift: z.array(base64).exactOptional(),
    })
    .nullable(),
  words: z
    .object({
      ngrams: z.int().min(1).max(5),
      sublinear: z.boolean(),
      features: z.array(page).max(MOST_FEATURES),
      knownLabels: some(z.int().min(0)),
      idf: base64,
      weights: base64,
    })
    .nullable(),
  /** Of the texts, from 0 to 1; the rest is that of the words. */
  weight: share,
  calibration: calibrationSchema.nullable(),
  threshold: thresholdSchema.nullable(),
  /** With the answers that they got where the file was made. */
  checkRows: some(
    z.object({
      /** With the text as `text`. */
      cells: byName('string'),
      /** Of the first text, without vectors; empty where the words answer alone. */
      inputIds: many(z.int().min(0)),
      /** By label: the log-probability that counts, mixed and calibrated. */
      logProbs: byName('number'),
    }),
  ),
  /** How many of the user's rows are in it, as examples. */
  userRows: count,
});

type ArmFile = Value<typeof armSchema>;
export type ArmCheckRow = ArmFile['checkRows'][number];

/** A prompt as it answers, with what a program needs that has neither its model nor its rows. */
export interface ArmExport
  extends Pick<ArmFile, 'producer' | 'name' | 'createdAt' | 'model' | 'columns' | 'checkRows' | 'userRows'> {
  /** Examples and a chat's marks are in its texts. Every text has the same vectors around it. */
  readonly asked: AskedVersion;
  readonly tokenizerSha256: string | null;
  /** Of the answer words, in the order of the labels; empty where word counts answer alone. */
  readonly tokenIds: readonly (readonly number[])[];
  readonly cueTokenIds: readonly number[];
}

/** The texts of a prompt, each once, and the vectors around each of them. */
export function partsOf(prompt: Prompt): { readonly texts: readonly string[]; readonly softs: readonly SoftPrompt[] } {
  const voices = textsOf(prompt);
  const texts = [...new Set(voices.map(({ template }) => template))];
  return { texts, softs: voices.flatMap(({ template, soft }) => (template === texts[0] && soft ? [soft] : [])) };
}

/** The file, one line for each of its parts. */
export function armJson(arm: ArmExport): string {
  const { producer, name, createdAt, asked, tokenIds, model, tokenizerSha256, columns, cueTokenIds } = arm;
  const { calibration, threshold } = asked.prompt;
  const { texts, softs } = partsOf(asked.prompt);
  const [soft] = softs;
  const shifts = softs.flatMap(({ answerShift }) => answerShift ?? []);
  const counts = countsOf(asked.prompt);
  const words = textsOf(asked.prompt)[0]?.words ?? labelsOf(asked.prompt).map((label) => ({ label, word: label }));
  const file: ArmFile = {
    format: ARM_FORMAT,
    formatVersion: shifts.length > 0 ? ARM_VERSION : 1,
    ...{ producer, name, handle: asked.handle, createdAt, prompt: asked.name },
    labels: words.map(({ label, word }, i) => ({ label, word, tokenIds: [...(tokenIds[i] ?? [])] })),
    model,
    tokenizer: tokenizerSha256 === null ? null : { sha256: tokenizerSha256 },
    ...(columns && { columns }),
    texts,
    vectors: soft
      ? {
          placement: soft.placement,
          cueTokenIds: soft.placement === 'infix' ? cueTokenIds : [],
          virtualTokens: soft.virtualTokens,
          hidden: soft.hidden,
          float32: softs.map(({ vectors }) => base64Of(writeFloats(vectors))),
          ...(shifts.length > 0 && { answerShift: shifts.map((shift) => base64Of(writeFloats(shift))) }),
        }
      : null,
    words: counts && {
      ...{ ngrams: counts.ngrams, sublinear: counts.sublinear, features: counts.vocabulary, knownLabels: counts.known },
      ...{ idf: float64Of(counts.idf), weights: float64Of(counts.weights) },
    },
    ...{ weight: counts ? textWeight(asked.prompt) : 1, calibration, threshold },
    ...{ checkRows: arm.checkRows, userRows: arm.userRows },
  };
  const parts = Object.entries(file).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${parts.join(',\n')}\n}\n`;
}

export const isArmJson = (value: unknown): boolean => isRecord(value) && value.format === ARM_FORMAT;

export type ArmFailure = Failure<'bad-json' | 'newer-version' | 'bad-arm'>;

const NOTHING = 'Nothing was imported.';
const bad = (what: string) => fail('bad-arm', `Its ${ARM_FILE} is not in the expected format (${what}). ${NOTHING}`);

export function readArm(bytes: Uint8Array): Result<ArmExport, ArmFailure> {
  const value = readJson(bytes);
  if (value === undefined)
    return fail('bad-json', `Its ${ARM_FILE} is not valid JSON. Was it edited by hand? ${NOTHING}`);
  if (!isArmJson(value)) return bad(`its format is not ${ARM_FORMAT}`);
  const version = newerFormat(value, ARM_VERSION);
  if (version !== null)
    return fail(
      'newer-version',
      `This prompt was exported by a newer version of Softprompt Studio (format ${version}; this one reads up to ${ARM_VERSION}). Get the newest version. ${NOTHING}`,
    );
  const parsed = armSchema.safeParse(value);
  if (!parsed.success) return bad(`at ${firstFault(parsed.error)}`);
  const fault = faultInFile(parsed.data);
  if (fault) return bad(fault);
  const softs = softsIn(parsed.data);
  if (typeof softs === 'string') return bad(softs);
  const words = wordsIn(parsed.data);
  if (typeof words === 'string') return bad(words);
  const asked = askedIn(parsed.data, softs, words);
  const wrong = faultIn(asked.prompt);
  if (wrong) return bad(wrong);
  const names = labelsOf(asked.prompt);
  if (parsed.data.checkRows.some(({ logProbs }) => names.some((name) => !Object.hasOwn(logProbs, name))))
    return bad('a check row has no value for a label');
  const { producer, name, createdAt, model, columns, checkRows, userRows, labels, tokenizer, vectors } = parsed.data;
  return ok({
    ...{ producer, name, createdAt, model, checkRows, userRows, asked },
    ...(columns && { columns }),
    tokenIds: model ? labels.map(({ tokenIds }) => tokenIds) : [],
    tokenizerSha256: tokenizer?.sha256 ?? null,
    cueTokenIds: vectors?.cueTokenIds ?? [],
  });
}

/** The prompt of a file as it is asked. */
function askedIn(file: ArmFile, softs: readonly SoftPrompt[], counts: WordModel | null): AskedVersion {
  const { handle, prompt: name, texts, weight, calibration, threshold, model } = file;
  const words = file.labels.map(({ label, word }) => ({ label, word }));
  const [soft] = softs;
  const voices = texts.flatMap((template) => {
    const text = soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 };
    const share = weight / (texts.length * Math.max(1, softs.length));
    return voicesOf(text, words, softs).map((voice) => ({ ...voice, weight: share }));
  });
  const counting = counts ? [{ kind: 'counts', weight: 1 - weight, counts } as const] : [];
  const task = { kind: 'classify', labels: words.map(({ label }) => label) } as const;
  const tuned = counts ? 'combined' : softs.length > 1 ? 'ensemble' : 'tuned';
  const route = soft ? tuned : texts.length > 0 ? 'hand-written' : 'counts';
  const prompt = { task, voices: [...voices, ...counting], calibration, threshold };
  return { handle, name, route, prompt, model: soft ? model : null, dataset: null };
}

/** What does not fit together, or null. */
function faultInFile(file: ArmFile): string | null {
  if (file.texts.length === 0 && file.vectors) return 'there are vectors, but no text around them';
  if (file.texts.length === 0 && file.weight > 0) return 'there is no text that the weight could belong to';
  if (file.texts.length > 0 && (!file.model || !file.tokenizer)) return 'a text needs a model and its tokenizer';
  if (file.texts.length > 0 && file.labels.some(({ tokenIds }) => tokenIds.length === 0))
    return 'an answer word has no token';
  if (!file.words && file.weight !== 1) return 'the weight leaves room for word counts, but there are none';
  for (const each of file.texts) {
    const parsed = parseTemplate(each);
    if (!parsed.ok) return `a text is not a template: ${parsed.error.message}`;
    if (!parsed.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
      return 'a text has no place for {text}';
  }
  return null;
}

function softsIn({ vectors, texts, labels }: ArmFile): readonly SoftPrompt[] | string {
  if (!vectors) return [];
  const { placement, virtualTokens, hidden, float32, answerShift } = vectors;
  const cue = placement === 'infix' ? cueOf(texts[0] ?? '') : '';
  if (placement === 'infix' && texts.some((each) => cueOf(each) !== cue)) return 'the texts end in different cues';
  const tables = float32In(float32, virtualTokens * hidden);
  if (!tables) return `vectors are not ${virtualTokens} of ${hidden} numbers, each finite`;
  const prompt = { placement, virtualTokens, hidden };
  if (!answerShift) return tables.map((numbers) => ({ ...prompt, vectors: numbers }));
  const shifts = float32In(answerShift, labels.length * hidden);
  if (shifts?.length !== tables.length || labels.some(({ tokenIds }) => tokenIds.length !== 1))
    return `trained answer words are not ${labels.length} of one token and ${hidden} numbers, each finite, beside all vectors`;
  return tables.map((numbers, i) => ({ ...prompt, vectors: numbers, answerShift: present(shifts[i], 'shift') }));
}

/** Null where one holds another number of values, or one that is not finite. */
function float32In(coded: readonly string[], length: number): readonly Float32Array[] | null {
  const tables = coded.map((each) => orUndefined(() => bytesOf(each)));
  const numbers = tables.flatMap((bytes) => (bytes?.length === 4 * length ? [readFloats(bytes)] : []));
  return numbers.length === tables.length && numbers.every(allFinite) ? numbers : null;
}

function wordsIn({ words, labels }: ArmFile): WordModel | null | string {
  if (!words) return null;
  const { ngrams, sublinear, features: vocabulary, knownLabels: known } = words;
  const [idf, weights] = [words.idf, words.weights].map((coded) => orUndefined(() => float64In(coded)));
  const numbers = { idf: Array.from(idf ?? []), weights: weights ?? new Float64Array() };
  const model = { ngrams, sublinear, vocabulary, classes: labels.length, known, ...numbers };
  return faultInWords(model) ?? model;
}

/** The columns that every row must have besides the text. */
export const columnsOf = ({ asked }: Pick<ArmExport, 'asked'>): readonly string[] => [
  ...new Set(textsOf(asked.prompt).flatMap(({ template }) => otherColumns(template, TEXT_SLOT))),
];

/** What word counts alone say about texts, calibrated: no model is asked. */
export function wordProbabilities(prompt: Prompt, texts: readonly string[]): readonly (readonly number[])[] {
  const counts = countsOf(prompt);
  const answers = counts ? wordAnswers(counts)(texts) : [];
  return answers.map((each) => labelProbabilities(each, prompt.calibration?.meanLogProbs ?? null));
}
