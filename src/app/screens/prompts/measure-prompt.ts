/** What a prompt costs and how one row reads under it, in tokens: for what is in the editor now. */
import type { Dataset } from '../../../dataset/types';
import type { HardPrompt, LabelWord } from '../../../task/types';
import type { Services } from '../../state/services';
import { ownPieces } from './own-pieces';
import { cellsShown, slim } from './proposal';

export interface Cost {
  /** Tokens of the template alone. */
  readonly prompt: number;
  /** Mean and most tokens of a validation row as it goes to the model, examples included. */
  readonly mean: number;
  readonly max: number;
  /** Row ids that do not fit into the model's context. */
  readonly tooLong: readonly string[];
}

/** One row as it goes to the model. */
export interface Reading {
  readonly pieces: readonly string[];
  /** Which of them come from the row, not from the prompt. */
  readonly own: readonly boolean[];
  /** Of the text that should be written after it; empty where labels are chosen. */
  readonly target: readonly string[];
}

interface Measured {
  readonly prompt: HardPrompt;
  readonly words: readonly LabelWord[];
  readonly dataset: Dataset;
  /** The row that is shown. */
  readonly rowId: string;
  /** The rows that are counted. */
  readonly ids: readonly string[];
}

export async function measurePrompt(
  data: Services['data'],
  { prompt, words, dataset: whole, rowId, ids }: Measured,
): Promise<{ readonly cost: Cost; readonly reading: Reading }> {
  const dataset = slim(whole, [...ids, rowId], prompt.shots > 0);
  const piecesOf = async (text: string) => (await data.call('encode', { text })).pieces;
  const [rows, bare, reading] = await Promise.all([
    data.call('tokenRows', { dataset, prompt, words, split: ids }),
    data.call('encode', { text: prompt.template.replace(/\{[^{}]*\}/g, '') }),
    data.call('render', { dataset, prompt, words, split: [rowId] }).then(async ({ examples: [row] }) => {
      const pieces = await piecesOf(row?.text ?? '');
      const own = ownPieces(row?.text ?? '', pieces, cellsShown(whole, rowId, prompt.template));
      return { pieces, own, target: row?.target === undefined ? [] : await piecesOf(row.target) };
    }),
  ]);
  const { meanTokens: mean, maxTokens: max, tooLong } = rows;
  return { cost: { prompt: bare.ids.length, mean, max, tooLong }, reading };
}
