/** What Auto trains: keys and values before the cue where the model takes them, else vectors after the text. */
import type { LabelTokens } from '../tokens/tokenizer';
import { startText, type TrainingSettings } from '../training/settings';
import type { HostEngine } from './host';
import type { RunInputs, RunRequest } from './run-rows';
import { beginsWithKeys } from './training-rows';

/** What a run trains, and the text that it starts from. */
export type Decided = Pick<RunRequest, 'settings' | 'initText'>;

export interface DecidedEvent extends Decided {
  readonly kind: 'decided';
}

/**
 * Of settings of Auto; of others, and where PEFT is to load the prompt, they stay. Asked again it changes nothing.
 * @see docs/decisions/049-auto.md
 */
export function decided(
  request: Pick<RunRequest, 'settings' | 'initText' | 'template' | 'examples'>,
  { labels, facts }: Pick<RunInputs, 'labels' | 'facts'>,
  keys: HostEngine['info']['keys'],
): Decided {
  const { initText, settings } = request;
  if (!settings.auto || settings.placement === 'prefix') return { settings, initText };
  const own = { ...trainedWords(labels), ...settings };
  if (!beginsWithKeys(request, facts.maxTokens, keys)) return { settings: { ...own, placement: 'suffix' }, initText };
  const isTransferred = keys?.transferred === settings.virtualTokens;
  return {
    settings: {
      ...own,
      placement: 'kv',
      ...(isTransferred && { initialisation: { kind: 'transfer' } }),
    },
    initText: isTransferred ? '' : startText({ placement: 'kv' }, initText),
  };
}

/** A mean of 82.0 over three sets in place of 81.0; words of several tokens cannot be trained. */
const trainedWords = (labels: readonly LabelTokens[]): Pick<TrainingSettings, 'answerVectors'> =>
  labels.every(({ tokenIds }) => tokenIds.length === 1) ? { answerVectors: 'trained' } : {};
