/** Two texts (or labels) with the same key say the same: compatibility forms, case and spacing are ignored. */
export function textKey(text: string): string {
  const folded = (isAscii(text) ? text : text.normalize('NFKC')).toLowerCase();
  return hasOddSpace(folded) ? folded.replace(/\s+/g, ' ').trim() : folded;
}

// Most texts are plain: these two tests spare them the costly steps, which counts in files of half a million rows.
const isAscii = (text: string) => !/[^\u0020-\u007e\s]/.test(text);
const hasOddSpace = (text: string) => /^\s|\s$|\s\s|[^\S ]/.test(text);

/** The text with lone surrogates replaced, since UTF-8 cannot encode them. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
