import type { Dataset } from '../dataset/types';
import { unwrap } from '../lib/result';
import { wholeTemplates } from '../task/render';
import type { Prompt, Voice } from './prompt';

/**
 * The prompt with its examples in its texts, so that it answers without the rows that they are drawn from: a voice for each
 * order that they are shown in.
 * @param textColumn what its texts may call the text @throws StudioError `bad-input` where its examples are not here, or are others for each row
 */
export function wholePrompt(prompt: Prompt, dataset: Dataset | null, textColumn = dataset?.mapping.text): Prompt {
  const voices = prompt.voices.flatMap((voice): readonly Voice[] => {
    if (voice.kind === 'counts') return [voice];
    const { orders: _orders, selection: _selection, ...text } = voice;
    const templates = unwrap(wholeTemplates(dataset, voice, voice.words, textColumn));
    return templates.map((template) => ({ ...text, template, shots: 0, weight: voice.weight / templates.length }));
  });
  return { ...prompt, voices };
}
