import { present } from '../lib/assert';
import { logSoftmax, logSumExp } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { LabelTokens } from '../tokens/tokenizer';
import { atEnd, type Sequence, type StartedRow } from './feeds';
import { takesPast } from './program';
import { type Program, run, runEach, vocabularyLimits } from './run';

/** Then all labels are scored by their whole sequences. */
export const isSequenceScored = (labels: readonly LabelTokens[]) => labels.some((label) => label.tokenIds.length !== 1);

/**
 * log-softmax over the labels' scores: the logits of single tokens, else the mean log-probability of a label's tokens over the
 * whole vocabulary, so that longer words are not penalised. All rows must fit into one run.
 */
export const labelScores = (program: Program, asked: ToScore): Promise<number[][]> =>
  isSequenceScored(asked.labels) ? sequenceScores(program, asked) : tokenScores(program, asked);

interface ToScore {
  readonly rows: readonly StartedRow[];
  readonly labels: readonly LabelTokens[];
  readonly soft: SoftPrompt | null;
}

async function tokenScores(program: Program, { rows, labels, soft }: ToScore): Promise<number[][]> {
  const candidates = labels.map((label) => present(label.tokenIds[0], 'token of a label'));
  const options = { soft, candidates, answerShift: soft?.answerShift, keepPresent: false };
  const { logits, columns } = await run(program, rows.map(atEnd), options);
  return rows.map((_, r) => logSoftmax(logits.subarray(r * columns, (r + 1) * columns)));
}

/** A label after a row. */
interface Continuation {
  readonly row: number;
  readonly label: number;
  readonly sequence: Sequence;
  /** Tokens to score at the sequence's reads. */
  readonly targets: readonly number[];
}

async function sequenceScores(program: Program, asked: ToScore): Promise<number[][]> {
  const { rows, labels, soft } = asked;
  const { sums, rest } = takesPast(program.spec)
    ? await firstTokens(program, asked)
    : { sums: rows.map(() => labels.map(() => 0)), rest: wholeSequences(asked) };
  const sequences = rest.map(({ sequence }) => sequence);
  const limits = vocabularyLimits(program.spec);
  await runEach(program, sequences, limits, { soft, keepPresent: false }, (i, logits, columns) => {
    const { row, label, targets } = present(rest[i], 'continuation');
    const sum = present(sums[row], 'row');
    const own = targets.reduce((total, id, t) => {
      const read = logits.subarray(t * columns, (t + 1) * columns);
      return total + ((read[id] ?? 0) - logSumExp(read));
    }, 0);
    sum[label] = (sum[label] ?? 0) + own;
  });
  return sums.map((row) => logSoftmax(row.map((sum, label) => sum / (labels[label]?.tokenIds.length ?? 1))));
}

/** One run scores every label's first token; longer labels continue from the row's keys and values. */
async function firstTokens(program: Program, { rows, labels, soft }: ToScore) {
  const { logits, columns, present: kv } = await run(program, rows.map(atEnd), { soft, keepPresent: true });
  const sums = rows.map((_, r) => {
    const row = logits.subarray(r * columns, (r + 1) * columns);
    const normaliser = logSumExp(row);
    return labels.map(({ tokenIds }) => (row[tokenIds[0] ?? 0] ?? 0) - normaliser);
  });
  const rest = rows.flatMap((_, row) =>
    labels.flatMap(({ tokenIds }, label) => {
      if (tokenIds.length === 1) return [];
      const tokens = Int32Array.from(tokenIds.slice(0, -1));
      const sequence = { tokens, past: kv[row] ?? null, reads: [...tokens.keys()] };
      return [{ row, label, sequence, targets: tokenIds.slice(1) }];
    }),
  );
  return { sums, rest };
}

/** For models without past inputs: each row once per label. */
const wholeSequences = ({ rows, labels }: ToScore): Continuation[] =>
  rows.flatMap(({ tokens, past }, row) =>
    labels.map(({ tokenIds }, label) => {
      const reads = tokenIds.map((_, t) => tokens.length - 1 + t);
      const sequence = { tokens: Int32Array.from([...tokens, ...tokenIds.slice(0, -1)]), past, reads };
      return { row, label, sequence, targets: tokenIds };
    }),
  );
