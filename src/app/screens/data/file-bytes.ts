import { MAX_BYTES } from '../../../dataset/limits';
import { StudioError } from '../../../lib/errors';
import { bytes as sizeWords } from '../../ui/format';

/** @throws StudioError `bad-input` for a file that is too large, before it is read */
export async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > MAX_BYTES)
    throw new StudioError(
      'bad-input',
      `It has ${sizeWords(file.size)}; files up to ${sizeWords(MAX_BYTES)} are read. A few thousand labelled rows are plenty: save a sample of it and open that.`,
    );
  return new Uint8Array(await file.arrayBuffer());
}
