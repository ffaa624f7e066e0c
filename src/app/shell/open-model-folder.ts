import { chooseFiles } from '../../model/folder';
import type { Stores } from '../state/stores';
import { toastError } from '../ui/toast';
import type { Dropped } from './dropped-files';

/** Loads a folder in place of the present model, unless it is no model folder or a job is running. */
export function openModelFolder(
  { session, models }: Pick<Stores, 'session' | 'models'>,
  { name, files }: Dropped,
): void {
  const { job, capabilities } = session.getState();
  const choice = chooseFiles(files.map(({ path }) => path));
  if ('missing' in choice)
    toastError(
      `“${name}” is not a model folder`,
      `It has no ${choice.missing.join(' and no ')}. Choose the folder with config.json, tokenizer.json and onnx/, as on the hub. The loaded model stays.`,
    );
  else if (job || capabilities.trainingOff)
    toastError(
      `“${name}” was not loaded`,
      capabilities.trainingOff ??
        `The model is busy (${job?.title}). Stop that, or open the folder again when it has ended.`,
    );
  else void models.getState().choose({ kind: 'folder', name, files });
}
