/** Many texts as two buffers, which cross between threads and to the disk as fast as their bytes. */
export interface PackedTexts {
  /** UTF-8, one text after the other. */
  readonly bytes: Uint8Array;
  /** Offset in bytes behind each text. */
  readonly ends: Uint32Array;
}

/** A letter of UTF-16 takes at most so many bytes of UTF-8. */
const MOST_BYTES = 3;

/** Packs `count` texts; one that is not well-formed UTF-16 loses the half characters in it. */
export function packTexts(count: number, textAt: (index: number) => string): PackedTexts {
  const encoder = new TextEncoder();
  const ends = new Uint32Array(count);
  let bytes = new Uint8Array(1024);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const text = textAt(i);
    const most = end + MOST_BYTES * text.length;
    if (most > bytes.length) {
      const larger = new Uint8Array(2 * most);
      larger.set(bytes.subarray(0, end));
      bytes = larger;
    }
    end += encoder.encodeInto(text, bytes.subarray(end)).written;
    ends[i] = end;
  }
  return { bytes: bytes.slice(0, end), ends };
}

// a byte order mark at the start of a text is a part of it
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const textAt = ({ bytes, ends }: PackedTexts, index: number): string =>
  decoder.decode(bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]));

/** All of them; much faster than one by one. */
export function unpackTexts({ bytes, ends }: PackedTexts): string[] {
  const all = decoder.decode(bytes);
  // one byte a letter: the offsets in bytes are those in letters
  if (all.length === bytes.length) return Array.from(ends, (end, i) => all.slice(i === 0 ? 0 : ends[i - 1], end));
  return Array.from(ends, (_, i) => textAt({ bytes, ends }, i));
}
