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

/** Finds the place of a name among many, in one buffer: a hash table with open addressing. */

/** FNV-1a over UTF-16 units, 32 bits. Source: RFC 9923. */
function hash(name: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) sum = Math.imul(sum ^ name.charCodeAt(i), 0x01000193);
  // the low bits choose the slot: the high ones must reach them
  return (sum ^ (sum >>> 15)) >>> 0;
}

/** Slots hold the place plus one, 0 = free; at most half of them are taken. Of a name that occurs twice the first counts. */
export function placesByName(count: number, nameAt: (place: number) => string): Uint32Array {
  const size = 2 ** Math.ceil(Math.log2(2 * count + 2));
  const slots = new Uint32Array(size);
  for (let place = 0; place < count; place++) {
    let slot = hash(nameAt(place)) & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = place + 1;
  }
  return slots;
}

export function findPlace(slots: Uint32Array, name: string, nameAt: (place: number) => string): number | null {
  const mask = slots.length - 1;
  for (let slot = hash(name) & mask; slots[slot]; slot = (slot + 1) & mask) {
    const place = (slots[slot] as number) - 1;
    if (nameAt(place) === name) return place;
  }
  return null;
}
