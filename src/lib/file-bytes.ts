import { StudioError } from './errors';

/** @throws StudioError `bad-input` when the file was changed or moved after it was chosen */
export async function fileBytes(file: Blob): Promise<Uint8Array> {
  const buffer = await file.arrayBuffer().catch((cause: unknown) => {
    throw new StudioError('bad-input', 'It was changed or moved after it was chosen: open it again.', { cause });
  });
  return new Uint8Array(buffer);
}
