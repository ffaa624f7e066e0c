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
