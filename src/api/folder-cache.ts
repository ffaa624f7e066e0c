/** Downloaded files on the disk, under their checksums. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileCache } from '../model/download';

/** Where nothing can be written, files are fetched again next time. */
export const folderCache = (folder: string): FileCache => ({
  get: async (key) => {
    const found = await readFile(join(folder, key)).catch(() => null);
    return found && new Uint8Array(found);
  },
  put: async (key, bytes) => {
    // renamed when it is whole: another process may be reading it
    const part = join(folder, `${key}.${process.pid}`);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(part, bytes);
      await rename(part, join(folder, key));
      return true;
    } catch {
      return false;
    }
  },
  delete: (key) => rm(join(folder, key), { force: true }),
});
