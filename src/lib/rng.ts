/** The state is one 32-bit number, which fits in a checkpoint. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** `createRng` continues from it. */
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

/** Fisher-Yates. */
export function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

/** FNV-1a (RFC 9923), 32 bits, over bytes or the UTF-16 units of a text. */
export function fnv1a(of: string | Uint8Array, basis = 0x811c9dc5): number {
  let hash = basis;
  for (let i = 0; i < of.length; i++)
    hash = Math.imul(hash ^ (typeof of === 'string' ? of.charCodeAt(i) : (of[i] as number)), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3 (public domain): similar numbers become unlike ones. */
export function mixed(n: number): number {
  let hash = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const UTF8 = new TextEncoder();

/**
 * In [0, 1), the same each time, evenly spread, over UTF-8.
 * @param salt another one for another roll-out, so that the same texts are not always first
 */
export const placeOf = (key: string, salt = ''): number =>
  (mixed(fnv1a(UTF8.encode(`${salt}\0${key}`))) >>> 0) / 2 ** 32;
