import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImportedPrompt, readPromptFiles, readPromptPackage } from '../interchange/prompt-package';
import { StudioError } from '../lib/errors';
import { stamp } from '../project/prompt-set';

/** An exported prompt: a zip, or the folder that `tune` writes. @throws StudioError `bad-input` when it is none */
export async function readPrompt(path: string): Promise<ImportedPrompt> {
  const here = { ...stamp(), taken: [] };
  const isFile = (await stat(path).catch(() => null))?.isFile() ?? false;
  const read = isFile
    ? readPromptPackage(new Uint8Array(await readFile(path)), here)
    : readPromptFiles(await folderFiles(path), here);
  if (!read.ok) throw new StudioError('bad-input', `${path}: ${read.error.message}`);
  return read.value;
}

async function folderFiles(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new StudioError('bad-input', `There is neither a zip nor a folder ${folder}.`, { cause });
  });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return new Map(
    await Promise.all(names.map(async (name) => [name, new Uint8Array(await readFile(join(folder, name)))] as const)),
  );
}
