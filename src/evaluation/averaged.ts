import { present } from '../lib/assert';
import type { SoftPrompt } from '../prompt/types';
import { meanAnswers } from './mixture';

/** What the engine says of a row. */
interface Answered {
  readonly rowId: string;
  readonly logProbs: readonly number[];
  readonly tokensSent: number;
  readonly tokensComputed: number;
}

/**
 * Answers of one prompt, or the mean of several, asked one after another; tokens are those of all of them together.
 * @throws whatever `ask` throws
 */
export async function averaged(
  members: readonly (SoftPrompt | null)[],
  ask: (soft: SoftPrompt | null, member: number) => Promise<{ readonly rows: readonly Answered[] }>,
): Promise<readonly Answered[]> {
  const all: (readonly Answered[])[] = [];
  for (const [i, soft] of members.entries()) all.push((await ask(soft, i)).rows);
  const [first] = all;
  if (!first || all.length === 1) return first ?? [];
  const mean = meanAnswers(all.map((rows) => rows.map((row) => row.logProbs)));
  const total = (i: number, of: (row: Answered) => number) =>
    all.reduce((sum, rows) => sum + of(present(rows[i], 'row')), 0);
  return first.map(({ rowId }, i) => ({
    rowId,
    logProbs: present(mean[i], 'answer'),
    tokensSent: total(i, (row) => row.tokensSent),
    tokensComputed: total(i, (row) => row.tokensComputed),
  }));
}
