import { isRecord } from './assert';
import { badInput } from './errors';

async function digest(data: Uint8Array<ArrayBuffer> | string): Promise<readonly number[]> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** In lower-case hex, of bytes or of a string's UTF-8. */
export const sha256 = async (data: Uint8Array<ArrayBuffer> | string): Promise<string> =>
  (await digest(data)).map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** As a content security policy names a script. */
export const sha256Base64 = async (text: string): Promise<string> => btoa(String.fromCharCode(...(await digest(text))));

/** What decides a value, as text to remember it under, whatever the order of fields. Maps and sets: give their entries. */
export const contentKey = (...decides: readonly unknown[]): string =>
  JSON.stringify(decides, (_name, value: unknown) => {
    // as text, since JSON has neither infinity nor NaN
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>).join(' ');
    return isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  });

/** Undefined if it is not valid, or nested deeper than the stack. */
export function readJson(source: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true }).decode(source));
  } catch {
    return undefined;
  }
}

/** Null where the format is one that is read. */
export function newerFormat(value: unknown, newest: number): number | null {
  const version = isRecord(value) ? value.formatVersion : null;
  return typeof version === 'number' && version > newest ? version : null;
}

/** @throws StudioError `bad-input` if the file was changed or moved after it was chosen */
export async function fileBytes(file: Blob): Promise<Uint8Array> {
  const buffer = await file.arrayBuffer().catch((cause: unknown) => {
    throw badInput('The file was changed or moved after you chose it. Open it again.', { cause });
  });
  return new Uint8Array(buffer);
}

/** Little-endian float32, on any machine and at any alignment. */
export function readFloats(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

export function writeFloats(vectors: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(vectors.length * 4);
  const view = new DataView(bytes.buffer);
  vectors.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return bytes;
}
