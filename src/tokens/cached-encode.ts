import type { Tokenizer } from './types';

/** Characters of rendered text whose token ids are kept. */
const CACHE_CHARACTERS = 8_000_000;

/** Remembers token ids by text; forgets the oldest half when full. */
export function cachedEncode(tokenizer: Tokenizer): (text: string) => Int32Array {
  const known = new Map<string, Int32Array>();
  let characters = 0;
  const forgetHalf = () => {
    for (const text of known.keys()) {
      if (characters <= CACHE_CHARACTERS / 2) return;
      known.delete(text);
      characters -= text.length;
    }
  };
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const ids = tokenizer.encode(text);
    known.set(text, ids);
    characters += text.length;
    if (characters > CACHE_CHARACTERS) forgetHalf();
    return ids;
  };
}
