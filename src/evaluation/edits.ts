/** Edits that change nothing of what a text means: an answer that changes with them was chance. */
import type { Rng } from '../lib/rng';

export type EditKind = 'case' | 'space' | 'typo' | 'emoji' | 'order';

export const EDIT_NAMES: Readonly<Record<EditKind, string>> = {
  case: 'written in lower case',
  space: 'a space at the end',
  typo: 'two letters of a word swapped',
  emoji: 'without emoji',
  order: 'answers named in another order',
};

/** Those that change the row's text; `order` changes the prompt around it. */
export const TEXT_EDITS = ['case', 'space', 'typo', 'emoji'] as const;

/** Two inner letters of a word of five or more swapped, where they differ: "support" -> "supoprt". */
function withTypo(text: string, rng: Rng): string {
  const words = [...text.matchAll(/\p{L}{5,}/gu)].flatMap(({ 0: word, index }) => {
    const letters = [...word];
    // letters outside the basic plane would shift the places
    if (letters.length !== word.length) return [];
    const at = letters.flatMap((letter, i) =>
      i > 0 && i < letters.length - 2 && letter !== letters[i + 1] ? [index + i] : [],
    );
    return at.length > 0 ? [at] : [];
  });
  const places = words[rng.int(Math.max(1, words.length))];
  const at = places?.[rng.int(places.length)];
  return at === undefined ? text : `${text.slice(0, at)}${text[at + 1]}${text[at]}${text.slice(at + 2)}`;
}

const EMOJI = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u{FE0F}|\u{200D}|\u{20E3}/gu;
const hasEmoji = (text: string) => /\p{Extended_Pictographic}/u.test(text);

/** The text after an edit; the text itself where there is nothing to edit. */
export function editText(kind: (typeof TEXT_EDITS)[number], text: string, rng: Rng): string {
  switch (kind) {
    case 'case': {
      const lower = text.toLowerCase();
      return lower === text ? text.charAt(0).toUpperCase() + text.slice(1) : lower;
    }
    case 'space':
      return `${text} `;
    case 'typo':
      return withTypo(text, rng);
    case 'emoji': {
      if (!hasEmoji(text)) return text;
      const bare = text.replace(EMOJI, '').replace(/ {2,}/g, ' ').trim();
      return bare === '' ? text : bare;
    }
  }
}

/** The template with its answers named in another order; null where it does not name them all. */
export function reorderAnswers(template: string, words: readonly string[]): string | null {
  const found = words.map((word) => {
    const escaped = word.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'iu').exec(template);
  });
  if (words.length < 2 || found.some((match) => match === null)) return null;
  const places = found
    .flatMap((match) => (match ? [{ at: match.index, text: match[0] }] : []))
    .sort((a, b) => a.at - b.at);
  const overlap = places.some((place, i) => {
    const next = places[i + 1];
    return next !== undefined && place.at + place.text.length > next.at;
  });
  if (overlap) return null;
  // each takes the place of the next, so that none stays where it was
  let out = '';
  let from = 0;
  places.forEach((place, i) => {
    out += template.slice(from, place.at) + (places[(i + 1) % places.length]?.text ?? '');
    from = place.at + place.text.length;
  });
  const result = out + template.slice(from);
  return result === template ? null : result;
}
