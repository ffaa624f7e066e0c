import { chooseFiles } from '../../model/folder';
import type { Stores } from '../state/stores';
import { toastError } from '../ui/toast';
import type { Dropped } from './dropped-files';

/** Loads a folder in place of the present model, unless it has no model in it or the model is at work. */
export function openModelFolder(
  { session, models }: Pick<Stores, 'session' | 'models'>,
  { name, files }: Dropped,
): void {
  const { job, capabilities } = session.getState();
  const choice = chooseFiles(files.map(({ path }) => path));
  if ('missing' in choice)
    toastError(
      `“${name}” is no model folder`,
      `It lacks ${choice.missing.join(' and ')}. Take the folder that holds config.json, tokenizer.json and onnx/, as on the hub. The model that is loaded stays.`,
    );
  else if (job || capabilities.trainingOff)
    toastError(
      `“${name}” was not loaded`,
      capabilities.trainingOff ?? `The model is at work (${job?.title}). Stop that, or open the folder again after it.`,
    );
  else void models.getState().choose({ kind: 'folder', name, files });
}
