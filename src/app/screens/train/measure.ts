/** What a run has to go through, and how fast this machine is: counted and measured when the screen is shown. */
import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import type { Work } from '../../../training/estimate';
import type { ModelInfo, ScoreResult } from '../../../worker/protocol';
import { cacheKeyOf } from '../../../workflow/training-rows';
import type { Services } from '../../state/services';
import type { Speedometer } from '../../state/speedometer';
import { foreseeing } from './foresee';
import { type RunInputs, tokenise } from './run-inputs';

/** A mean over fewer tokens would be mostly what a call costs. */
const TELLING_TOKENS = 600;

export async function measureWork(
  services: Services,
  dataset: Dataset,
  open: PromptSet,
  template: string,
  rowsInCache: ReadonlyMap<string, number>,
): Promise<{ readonly inputs: RunInputs; readonly work: Work }> {
  const inputs = await tokenise(services, dataset, open, template);
  const work = {
    trainRows: inputs.train.length,
    validationRows: inputs.validation.length,
    meanTokens: inputs.meanTokens,
    answerTokens: inputs.answerTokens,
    cachedRows: rowsInCache.get(cacheKeyOf(dataset.fingerprint, template)) ?? 0,
  };
  return { inputs, work };
}

/**
 * A few rows through the model, once, when nothing was measured on this machine yet.
 * @param idle false = a run was asked for, which is never kept waiting
 */
export async function measureSpeed(
  { engine }: Pick<Services, 'engine'>,
  speedometer: Speedometer,
  info: ModelInfo,
  { train, labels }: RunInputs,
  idle: () => boolean,
): Promise<void> {
  if (!idle()) return;
  const score = async (count: number): Promise<ScoreResult> => {
    const rows = train.slice(0, count);
    if (labels.length > 0) return engine.call('score', { rows, labels, soft: null, cacheKey: null });
    const begin = performance.now();
    await engine.call('write', foreseeing(rows, null));
    const counted = rows.map(({ rowId, ids, target }) => {
      const tokens = ids.length + (target?.length ?? 0);
      return { rowId, logProbs: [], tokensSent: tokens, tokensComputed: tokens };
    });
    return { rows: counted, rowsRun: count, seconds: (performance.now() - begin) / 1000 };
  };
  await score(1); // the first call of a fresh session takes longer than any other
  if (idle()) await speedometer.learnTokens(info, await score(tellingRows(train)));
}

function tellingRows(rows: RunInputs['train']): number {
  let tokens = 0;
  const enough = rows.findIndex(({ ids }) => {
    tokens += ids.length;
    return tokens >= TELLING_TOKENS;
  });
  return enough < 0 ? rows.length : enough + 1;
}
