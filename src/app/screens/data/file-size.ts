import { MAX_BYTES } from '../../../dataset/limits';
import { StudioError } from '../../../lib/errors';
import { bytes as sizeWords } from '../../ui/format';

/** The file. @throws StudioError `bad-input` where it is too large, before it is read */
export function notTooLarge(file: File): File {
  if (file.size <= MAX_BYTES) return file;
  throw new StudioError(
    'bad-input',
    `It has ${sizeWords(file.size)}; files up to ${sizeWords(MAX_BYTES)} are read. A few thousand labelled rows are plenty: save a sample of it and open that.`,
  );
}
