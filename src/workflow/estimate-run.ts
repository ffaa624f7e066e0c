/** Verbs: what a run would read, and how fast this machine reads. */
import { createRng, shuffled } from '../lib/rng';
import { scoringTargets } from './generated-texts';
import type { Verb } from './host';
import { type RunRows, runInputs, type TrainRunRequest } from './train';
import { type Timing, timingOf } from './validation';

type Asked = Pick<TrainRunRequest, 'dataset' | 'template' | 'words'>;

export const countRows: Verb<Asked, never, RunRows> = async (host, request, { control }) =>
  (await runInputs(host, request, control)).facts;

/** A mean over fewer tokens would mostly measure what a call costs. */
const TIMED_TOKENS = 600;

/** Forward passes over a few training rows; null when they were answered from memory. */
export const timeTokens: Verb<Asked, never, Timing | null> = async (host, request, { control }) => {
  const { train: rowsInOrder, labels } = await runInputs(host, request, control);
  // a file may be sorted by length
  const train = shuffled(rowsInOrder, createRng(request.dataset.seed));
  const time = async (count: number): Promise<Timing | null> => {
    const rows = train.slice(0, count);
    if (labels.length > 0)
      return timingOf(await host.engine.score({ rows, labels, soft: null, cacheKey: null }, control));
    const begin = performance.now();
    await host.engine.write(scoringTargets(rows, null), control);
    const tokens = rows.reduce((sum, { ids, target }) => sum + ids.length + (target?.length ?? 0), 0);
    return { tokens, seconds: (performance.now() - begin) / 1000 };
  };
  await time(1); // the first call of a fresh session takes longer than any other
  return time(rowsForTokens(train.map(({ ids }) => ids.length)));
};

function rowsForTokens(lengths: readonly number[]): number {
  let tokens = 0;
  const enough = lengths.findIndex((length) => {
    tokens += length;
    return tokens >= TIMED_TOKENS;
  });
  return enough < 0 ? lengths.length : enough + 1;
}
