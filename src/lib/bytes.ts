import { StudioError } from './errors';

const hex = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('');

/** SHA-256 in lower-case hex, of bytes or of a string's UTF-8. */
export async function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return hex(await crypto.subtle.digest('SHA-256', bytes));
}

/** @throws StudioError `bad-input` if the file was changed or moved after it was chosen */
export async function fileBytes(file: Blob): Promise<Uint8Array> {
  const buffer = await file.arrayBuffer().catch((cause: unknown) => {
    throw new StudioError('bad-input', 'The file was changed or moved after you chose it. Open it again.', { cause });
  });
  return new Uint8Array(buffer);
}
