import { StudioError } from '../lib/errors';
import { type ModelCard, type ModelFiles, makeCard } from './card';
import { chooseFiles } from './choose-files';

export interface NamedFile {
  /** As dropped or chosen: may have the folder's own name in front. */
  readonly path: string;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
  /** In bytes, where it is known before it is read. */
  readonly size?: number;
}

/** Reads a model folder in hub layout (or flat) from disk. @throws StudioError `model-missing-file` naming what is not there */
export async function readFolder(
  files: readonly NamedFile[],
  name: string,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  const choice = chooseFiles(files.map(({ path }) => path));
  if ('missing' in choice)
    throw new StudioError(
      'model-missing-file',
      `The folder “${name}” lacks ${choice.missing.join(' and ')}. Choose the folder that holds config.json, tokenizer.json and onnx/, as on the hub.`,
      { data: { missing: choice.missing } },
    );
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const file of files) {
    const path = choice.files.get(file.path);
    if (path === undefined) continue;
    try {
      out[path] = await file.bytes();
    } catch (cause) {
      throw new StudioError(
        'model-missing-file',
        `${file.path} could not be read from disk: it was moved, changed or is too large. Open the folder again.`,
        { data: { file: file.path }, cause },
      );
    }
  }
  return { card: await makeCard(name, choice.onnx, out), files: out };
}
