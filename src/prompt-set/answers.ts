/** What one version said about rows on one model: a cell of the grid, as it is stored and shared. */
import type { RowsBeside } from '../dataset/families';
import type { RowAccount } from '../dataset/types';
import type { ArmResult } from '../evaluation/types';
import { type Value, z } from '../lib/zod';
import { argmax } from '../metrics/classification';
import { labelFigures } from '../metrics/registry';

/** Made when a file is read: a page that only shows answers does not need it. */
export function answersSchema() {
  const text = z.string().max(2000);
  const count = z.int().min(0);
  const share = z.number().min(0).max(1);
  return z.object({
    labels: z.array(text).min(2).max(1000),
    rowIds: z.array(text).min(1),
    /** Of all rows that were asked: only cells with equal ones are compared. */
    rowsKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
    gold: z.array(count),
    probabilities: z.array(z.array(share)),
    groups: z.array(count).nullable(),
    seed: z.int(),
    tokensSentMean: z.number().min(0),
    /** Rows that do not fit the model, or have a label that the prompt does not know. */
    leftOut: count,
    /** Rows that the prompt was trained on or takes examples from; null = nobody can say. */
    known: z.object({ same: count, almost: count, isSure: z.boolean() }).nullable(),
    /** Answers with a lower probability go to a person; null = all are taken. */
    threshold: share.nullable(),
  });
}

type AnswersOfFile = Value<ReturnType<typeof answersSchema>>;

/** Rows that a version may have seen in training, among those that it was asked. */
export interface KnownRows {
  /** Their very text was in its training or validation rows. */
  readonly same: number;
  /** Near-twins of such rows, with the same answer. */
  readonly almost: number;
  /** It was trained on exactly these rows; else at most so many are known, because the rows have changed since. */
  readonly isSure: boolean;
}

/** Labels that were chosen. */
export interface LabelAnswers extends AnswersOfFile, Pick<ArmResult, 'metrics'> {}

export function scored(answers: AnswersOfFile): LabelAnswers {
  const { gold, labels, seed, groups, probabilities } = answers;
  const of = { gold, predicted: probabilities.map(argmax), classes: labels.length };
  return { ...answers, metrics: labelFigures(of, { seed, ...(groups ? { groups } : {}) }) };
}

/** What is wrong with answers whose fields are of the right type; null = nothing. */
export function faultInAnswers({ labels, rowIds, gold, probabilities, groups }: AnswersOfFile): string | null {
  if (new Set(labels).size < labels.length) return 'a label appears twice';
  if (new Set(rowIds).size < rowIds.length) return 'a row appears twice';
  if ([gold, probabilities, groups ?? gold].some(({ length }) => length !== rowIds.length))
    return 'a row lacks an answer';
  if (gold.some((label) => label >= labels.length)) return 'a row has an unknown label';
  return probabilities.some((row) => row.length !== labels.length) ? 'an answer lacks a label' : null;
}

/** Of generated texts. */
export type TextScores = Pick<ArmResult<'generate'>, 'metrics' | 'rows'>;

export interface TextAnswers
  extends TextScores,
    Pick<LabelAnswers, 'rowIds' | 'rowsKey' | 'leftOut' | 'known' | 'tokensSentMean'> {}

/** What a version said about rows. No text of a row is kept, and no generated text. */
export interface Said {
  /** Null where texts are generated. */
  readonly answers: LabelAnswers | null;
  /** Null where labels are chosen. */
  readonly wrote: TextAnswers | null;
  /** What became of the rows. */
  readonly account: RowAccount;
  /** Answers with an equal one are about the same rows with the same labels, in the same order. */
  readonly fingerprint: string;
  /** Of the rows of a file: their families, and which of them trained or chose a prompt; null = nobody can say. */
  readonly beside: RowsBeside | null;
}

/** Stored with the set of its version. Answers of a set's own test rows, or of the rows of a file. */
export interface Answers extends Said {
  /** Of version, model and rows: what is asked again replaces it. */
  readonly id: string;
  readonly setId: string;
  /** Or that of a mean over seeds. */
  readonly versionId: string;
  readonly createdAt: string;
  /** SHA-256 over version, model and rows: another one is about what is no longer there. */
  readonly key: string;
  readonly data: {
    readonly kind: 'test' | 'file';
    /** Of the prompt set whose test rows they are; of a file the key of its rows. */
    readonly id: string;
    /** Of the file. */
    readonly name: string;
  };
  readonly model: { readonly id: string; readonly sha256: string };
}
