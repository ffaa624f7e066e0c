/** A hand-written prompt tried where texts are written: what it writes on a few validation rows, against what is wanted. */
import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { targetOf } from '../../../dataset/writing';
import { exactMatch, rougeL, tokenF1 } from '../../../metrics/text';
import type { PromptSet, WritingTry } from '../../../project/types';
import type { HardPrompt } from '../../../task/types';
import type { Services } from '../../state/services';
import { longestAnswer, rowsToWrite, writeTexts } from '../../state/write-texts';

/** Writing takes a run of the model for every token: so many rows show what a prompt does. */
export const WRITING_TRY_ROWS = 20;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** @throws StudioError as the engine's write */
export async function tryWriting(
  services: Pick<Services, 'engine' | 'data'>,
  { set, dataset, prompt, ids }: { set: PromptSet; dataset: Dataset; prompt: HardPrompt; ids: readonly string[] },
  telling: Parameters<typeof writeTexts>[2],
): Promise<WritingTry> {
  const begin = performance.now();
  const longest = await longestAnswer(services, set, dataset);
  const { rows } = await rowsToWrite(services, dataset, prompt, ids, longest);
  const written = await writeTexts(services, { rows, soft: null, cacheKey: null, longest }, telling);
  const byId = rowsById(dataset.table.rows);
  const pairs = written.map(({ rowId, text }) => {
    const row = byId.get(rowId);
    return [text, row ? targetOf(row, dataset.mapping) : ''] as const;
  });
  const scores = written.flatMap(({ target }) => target ?? []);
  return {
    rows: written.length,
    rougeL: mean(pairs.map(([text, wanted]) => rougeL(text, wanted))),
    tokenF1: mean(pairs.map(([text, wanted]) => tokenF1(text, wanted))),
    exactMatch: mean(pairs.map(([text, wanted]) => exactMatch(text, wanted))),
    loss: mean(scores.map(({ logProb, tokens }) => -logProb / tokens)),
    seconds: (performance.now() - begin) / 1000,
    written: written.map(({ rowId, text }) => ({ rowId, text })),
    datasetFingerprint: dataset.fingerprint,
  };
}
