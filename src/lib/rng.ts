/** A seeded generator whose state is one 32-bit number, which fits in a checkpoint. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Pass it to `createRng` to continue from here. */
  state(): number;
}

/** mulberry32. Source: Tommy Ettinger, public domain. */
export function createRng(seed: number): Rng {
  let s = seed >>> 0;
  const next = () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = s;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    int: (n) => Math.floor(next() * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => s,
  };
}

/** A new array in seeded random order (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

const UTF8 = new TextEncoder();

/**
 * The place of a text or id in [0, 1), the same one each time, evenly spread: it is in every share above its place. FNV-1a
 * over its UTF-8, mixed by the finaliser of MurmurHash3, both public domain.
 * @param salt another one for another roll-out, so that the same texts are not always first
 */
export function placeOf(key: string, salt = ''): number {
  let hash = 0x811c9dc5;
  for (const byte of UTF8.encode(`${salt}\0${key}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
