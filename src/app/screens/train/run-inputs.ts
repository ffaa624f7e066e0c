/** From the open set to what the engine is given: token rows, answer tokens, first vectors. */
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import type { PromptSet, SoftVersion } from '../../../project/types';
import { wordsFor } from '../../../task/words-for';
import type { LabelTokens, TokenRow } from '../../../tokens/types';
import { readCheckpoint } from '../../../training/checkpoint';
import type { TrainRequest } from '../../../worker/protocol';
import { trainingIds, validationIds } from '../../../workflow/training-rows';
import type { Services } from '../../state/services';

export interface RunInputs {
  readonly train: readonly TokenRow[];
  readonly validation: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly tooLong: readonly string[];
  readonly meanTokens: number;
  /** Mean tokens of a text to be written; 0 where labels are chosen. */
  readonly answerTokens: number;
}

export async function tokenise(
  services: Services,
  dataset: Dataset,
  set: Pick<PromptSet, 'words'>,
  template: string,
): Promise<RunInputs> {
  const prompt = { template, shots: 0, shotSeed: 0 };
  const words = wordsFor(template, set.words);
  const [train, validation, { labels }] = await Promise.all([
    services.data.call('tokenRows', { dataset, prompt, words, split: trainingIds(dataset) }),
    services.data.call('tokenRows', { dataset, prompt, words, split: validationIds(dataset) }),
    services.data.call('labelTokens', { words }),
  ]);
  if (train.rows.length === 0)
    throw new StudioError(
      'bad-input',
      'There are no training rows that fit the model. Hold back fewer rows on the Data screen, or shorten the template on the Prompts screen.',
    );
  return {
    train: train.rows,
    validation: validation.rows,
    labels,
    tooLong: [...train.tooLong, ...validation.tooLong],
    meanTokens: train.meanTokens,
    answerTokens: train.rows.reduce((sum, { target }) => sum + (target?.length ?? 0), 0) / train.rows.length,
  };
}

/** Token ids of the initialisation; the engine cuts or repeats them to the number of virtual tokens. */
export async function initialIds(
  services: Services,
  run: Pick<SoftVersion, 'settings' | 'initText'>,
  labels: readonly LabelTokens[],
): Promise<Int32Array> {
  const { initialisation } = run.settings;
  switch (initialisation.kind) {
    case 'text':
      return (await services.data.call('encode', { text: run.initText })).ids;
    case 'prompt':
      return new Int32Array(0);
    case 'answer-words':
      return Int32Array.from(labels.flatMap((label) => [...label.tokenIds]));
    case 'vocabulary':
      return new Int32Array(0); // the engine draws them
  }
}

/** Vectors of the earlier prompt that the run starts from, when it does. @throws StudioError `bad-input` when they are gone */
export async function initialVectors(
  { store }: Pick<Services, 'store'>,
  set: PromptSet,
  { settings: { initialisation } }: Pick<SoftVersion, 'settings'>,
): Promise<TrainRequest['initFrom'] | null> {
  if (initialisation.kind !== 'prompt') return null;
  const run = set.soft.find(({ id }) => id === initialisation.runId);
  const stored = (await store.checkpoints.get(initialisation.runId))?.checkpoint;
  const checkpoint = stored ? readCheckpoint(stored, run?.writes ? 'generate' : 'classify') : null;
  const kept = run?.soft?.vectors ?? null;
  const best = kept ?? checkpoint?.best?.vectors ?? null;
  if (initialisation.at === 'best' && best) return { vectors: best };
  if (checkpoint) return { vectors: checkpoint.vectors, ...(checkpoint.net && { netWeights: checkpoint.net.weights }) };
  if (best) return { vectors: best };
  throw new StudioError(
    'bad-input',
    'The prompt that this run should start from has no vectors any more. Choose another start under “All settings”.',
  );
}
