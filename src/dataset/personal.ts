import { countBy } from '../lib/collect';
import { counted, listed } from '../lib/format';

/** Only what a pattern can tell. */
type PersonalKind = 'email' | 'phone' | 'iban';

export interface PersonalSpan {
  readonly kind: PersonalKind;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Parts are bounded as RFC 5321 bounds them, so that no text takes quadratic time. */
const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}])/gu;

const IBAN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/gi;

/** With the separators that people write between digits. */
const PHONE = /(?<![\p{L}\p{N}_#/.,:-])(?:\+|00)?\(?\d(?:[\s()/.-]{0,2}\d){6,15}(?![\p{L}\p{N}_])/gu;

/** The remainder of an IBAN's number by 97 must be 1. Source: ISO 13616, check digits by ISO 7064 (MOD 97-10). */
export function isIban(text: string): boolean {
  const compact = text.replace(/\s/g, '').toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let rest = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4))
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
}

/** A date or a time is written with the same signs. */
const LOOKS_LIKE_DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:\D|$)/;

/** With the sign of a country, a zero in front, an area in brackets, or in three groups; a bare number is not one. */
function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || LOOKS_LIKE_DATE.test(text)) return false;
  if (/^(?:\+|00[1-9])/.test(text)) return digits.length >= 8;
  if (/^\(\d{2,5}\)/.test(text)) return true;
  if (/^0[1-9]/.test(text)) return /\D/.test(text) ? true : digits.length >= 10 && digits.length <= 13;
  return /^\d{3}[\s.-]\d{3}[\s.-]\d{4}$/.test(text);
}

/** In the order of the text, without overlaps. */
export function findPersonal(text: string): readonly PersonalSpan[] {
  // spares most texts the costly steps
  if (!/[@\d]/.test(text)) return [];
  const spans: PersonalSpan[] = [];
  const add = (kind: PersonalKind, pattern: RegExp, holds: (found: string) => boolean) => {
    for (const match of text.matchAll(pattern)) {
      const [found] = match;
      const start = match.index;
      const end = start + found.length;
      if (holds(found) && !spans.some((span) => start < span.end && span.start < end)) spans.push({ kind, start, end });
    }
  };
  if (text.includes('@')) add('email', EMAIL, () => true);
  add('iban', IBAN, isIban);
  add('phone', PHONE, isPhone);
  return spans.sort((a, b) => a.start - b.start);
}

export function maskPersonal(text: string): string {
  const spans = findPersonal(text);
  if (spans.length === 0) return text;
  let out = '';
  let at = 0;
  for (const { kind, start, end } of spans) {
    out += `${text.slice(at, start)}[${kind}]`;
    at = end;
  }
  return out + text.slice(at);
}

const NOUNS: readonly (readonly [PersonalKind, one: string, many?: string])[] = [
  ['email', 'e-mail address', 'e-mail addresses'],
  ['phone', 'phone number'],
  ['iban', 'IBAN'],
];

/** "2 e-mail addresses and 1 IBAN". */
export function personalWords(spans: readonly PersonalSpan[]): string {
  const counts = countBy(spans.map(({ kind }) => kind));
  return listed(
    NOUNS.flatMap(([kind, ...nouns]) => (counts.has(kind) ? counted(counts.get(kind) ?? 0, ...nouns) : [])),
  );
}
