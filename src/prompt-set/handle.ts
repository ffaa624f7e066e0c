/**
 * The handle is the name that programs use for a prompt set. A set gets it from its first name; renaming the set does not
 * change it.
 */
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { PromptSet } from './types';

const LONGEST = 48;

/** `Support tone!` -> `SUPPORT_TONE`. Letters of other scripts have no plain form and are dropped; never empty. */
export function toHandle(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, LONGEST)
    .replace(/_+$/, '');
  if (plain === '') return 'PROMPT_SET';
  return /^[0-9]/.test(plain) ? `SET_${plain}` : plain;
}

/** The handle of `name`, numbered (`_2`, `_3`, …) until no handle in `taken` equals it. */
export const uniqueHandle = (name: string, taken: Iterable<string>): string => freeHandle(toHandle(name), taken);

/** `handle` itself if it is free, else numbered: for a set that is restored or imported. */
export function freeHandle(handle: string, taken: Iterable<string>): string {
  const base = isHandle(handle) ? handle : toHandle(handle);
  const used = new Set(taken);
  if (!used.has(base)) return base;
  let n = 2;
  while (used.has(`${base}_${n}`)) n++;
  return `${base}_${n}`;
}

/** Leaves room for the number of a handle that was taken. */
const isHandle = (text: string): boolean => text.length <= LONGEST + 8 && /^[A-Z][A-Z0-9_]*$/.test(text);

export type HandleFailure = Failure<'not-a-handle' | 'taken'>;

/** A typed handle: letters become capitals, and nothing else is corrected. */
export function readHandle(typed: string, taken: Iterable<string>): Result<string, HandleFailure> {
  const handle = typed.trim().toUpperCase();
  if (!isHandle(handle) || handle.length > LONGEST)
    return fail(
      'not-a-handle',
      `A handle has at most ${LONGEST} capital letters, digits and underscores, and starts with a letter.`,
    );
  return new Set(taken).has(handle)
    ? fail('taken', `Another prompt set has the handle ${handle}. Choose another one.`)
    : ok(handle);
}

/** @param handle from `readHandle` or `freeHandle` */
export const changeHandle = (set: PromptSet, handle: string, now: string): PromptSet =>
  handle === set.handle ? set : { ...set, handle, updatedAt: now };

/** A text that names who is asked: `[SUPPORT_TONE] …`, or `[SUPPORT_TONE/production] …` for a stage. */
export interface AddressedText {
  readonly handle: string;
  readonly stage: string | null;
  /** What is asked. */
  readonly text: string;
}

/** Null where the text begins with nothing that could be a handle. */
export function readAddress(typed: string): AddressedText | null {
  const [all, handle, stage] = /^\s*\[([A-Za-z]\w*)(?:\/([^\]\s]+))?\]\s*/.exec(typed) ?? [];
  return all === undefined || handle === undefined
    ? null
    : { handle: handle.toUpperCase(), stage: stage?.toLowerCase() ?? null, text: typed.slice(all.length) };
}
