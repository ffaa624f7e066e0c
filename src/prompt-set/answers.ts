/** What one version said about rows on one model: a cell of the grid, as it is stored and shared. */
import type { RowsBeside } from '../dataset/families';
import type { RowAccount, TaskKind } from '../dataset/types';
import { sheetFigures } from '../evaluation/sheets';
import type { ArmResult } from '../evaluation/types';
import { type Value, z } from '../lib/zod';
import { forEachMetric, TEXT_METRICS } from '../metrics/registry';

/** Made when a file is read: a page that only shows answers does not need it. */
export function answersSchema() {
  const text = z.string().max(2000);
  const count = z.int().min(0);
  const share = z.number().min(0).max(1);
  const finite = z.number();
  const shared = {
    rowIds: z.array(text).min(1),
    /** Of all rows that were asked: only cells with equal ones are compared. */
    rowsKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
    groups: z.array(count).nullable(),
    seed: z.int(),
    tokensSentMean: z.number().min(0),
    /** Rows that do not fit the model, or have a label that the prompt does not know. */
    leftOut: count,
    /** Rows that the prompt was trained on or takes examples from; null = nobody can say. */
    known: z.object({ same: count, almost: count, isSure: z.boolean() }).nullable(),
    /** Answers below the version's threshold, which go to a person; null = it has none. */
    unsure: count.nullable(),
  };
  const labelled = { ...shared, labels: z.array(text).min(2).max(1000), probabilities: z.array(z.array(share)) };
  const figure = z.object({ value: finite, interval: z.object({ low: finite, high: finite }) });
  return z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('classify'), ...labelled, gold: z.array(count) }),
    z.object({ kind: z.literal('tag'), ...labelled, gold: z.array(z.array(count)) }),
    z.object({
      kind: z.literal('generate'),
      ...shared,
      rows: z.array(share),
      metrics: z.object(forEachMetric(TEXT_METRICS, () => figure)),
    }),
  ]);
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

/** Answers as they are in a file, before they are scored. */
export type Unscored<K extends TaskKind = TaskKind> = Extract<AnswersOfFile, { readonly kind: K }>;

/** What a version said about rows, with how good it is. No text of a row is in it, and no generated text. */
export type Sheet<K extends TaskKind = TaskKind> = {
  readonly [P in K]: Unscored<P> & Pick<ArmResult<P>, 'metrics'>;
}[K];

/**
 * Computed from the answers, so that a file cannot make scores up; those of texts, which are not kept, are the file's. Fields are
 * in one order: equal sheets give equal bytes.
 */
export function scored<K extends TaskKind>(answers: Unscored<K>): Sheet<K> {
  const fields = Object.entries({ ...answers, metrics: sheetFigures(answers) });
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1))) as Sheet<K>;
}

const ROW_LACKS = 'a row lacks an answer';

const labelFault = ({ labels, rowIds, gold, probabilities }: Unscored<'classify' | 'tag'>): string | null => {
  if (new Set(labels).size < labels.length) return 'a label appears twice';
  if (gold.length !== rowIds.length || probabilities.length !== rowIds.length) return ROW_LACKS;
  if (gold.flat().some((label) => label >= labels.length)) return 'a row has an unknown label';
  return probabilities.some((row) => row.length !== labels.length) ? 'an answer lacks a label' : null;
};

/** What is wrong with answers whose fields are of the right type; null = nothing. */
export function faultInAnswers(answers: Unscored): string | null {
  const { rowIds, groups } = answers;
  if (new Set(rowIds).size < rowIds.length) return 'a row appears twice';
  if (groups && groups.length !== rowIds.length) return ROW_LACKS;
  if ('probabilities' in answers) return labelFault(answers);
  return answers.rows.length === rowIds.length ? null : ROW_LACKS;
}

/** What a version said about rows. No text of a row is kept, and no generated text. */
export interface Said {
  readonly answers: Sheet;
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
