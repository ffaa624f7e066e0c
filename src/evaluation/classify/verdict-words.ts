import { capitalised, midSentence } from '../../lib/format';
import type { ArmReport, Verdict } from '../types';
import { numberWord, percent, pointsRange, pointsWithUnit, pValue, times } from '../words';
import { best, compareArms, type Field, type FieldDuel } from './field';
import { MAJORITY, PROBE, WORDS } from './made-arms';
import { aWins, bWins, type Duel, isClose, MARGIN } from './pairs';

/** The sentences that the verdict's rules share: the names of prompts, the rows, and how often these were used. */

/** The name of an arm inside a sentence. */
export function called(arm: ArmReport, field: Field): string {
  if (arm === field.production?.report) return `the version in production (${field.production.name})`;
  if (arm.kind === 'tuned') return 'the tuned prompt';
  if (arm.kind === 'hybrid') return 'your prompt with vectors';
  if (arm.kind === 'ensemble') return 'the mean of several tuned prompts';
  if (arm.kind === 'combined') return 'the tuned prompt with word counts';
  if (arm.kind === 'untuned') return 'the untuned prompt';
  if (arm.kind === 'few-shot' && /^yours-\d+$/.test(arm.id)) return `your prompt with ${shots(arm)}`;
  if (arm.id === MAJORITY) return `always answering ${arm.name.replace(/^Always /, '')}`;
  if (arm.id === WORDS) return 'a word-count classifier';
  if (arm.id === PROBE) return 'a linear probe of the model';
  if (arm.kind === 'reference') return midSentence(arm.name);
  return arm.id === field.first.id ||
    (arm.id === 'yours' && field.first.kind !== 'zero-shot' && field.first.kind !== 'few-shot')
    ? 'your prompt'
    : `“${arm.name}”`;
}

/** `Yours + 8 examples` -> `eight examples`. */
export function shots(arm: ArmReport): string {
  const count = /\d+/.exec(arm.name)?.[0] ?? /\d+/.exec(arm.id)?.[0];
  return count === undefined ? 'examples' : `${numberWord(Number(count))} ${count === '1' ? 'example' : 'examples'}`;
}

export function on({ n, groups }: Field): string {
  const rows = `on ${n.toLocaleString('en')} test ${n === 1 ? 'row' : 'rows'}`;
  return groups ? `${rows} from ${new Set(groups).size.toLocaleString('en')} groups` : rows;
}

/** "exact p = 0.0015"; "p = 0.0030, corrected for 2 comparisons" where it is one of several. */
export const pWords = ({ pExact, pHolm, comparisons }: FieldDuel): string =>
  comparisons < 2 ? `exact ${pValue(pExact)}` : `${pValue(pHolm)}, corrected for ${comparisons} comparisons`;

export const between = ({ ci95 }: Pick<Duel, 'ci95'>) => `between ${pointsRange(ci95.low, ci95.high, 'and')} points`;

/** Of an unclear difference: its interval may leave out 0 where the corrected p does not call it clear. */
export const unclearSpread = (d: Pick<Duel, 'ci95'>): string =>
  d.ci95.low > 0 || d.ci95.high < 0
    ? `this pair’s interval taken alone, ${between(d)}, does not count the other comparisons`
    : `the true difference is probably ${between(d)}`;

/** Every use of the same rows makes a lucky result more likely, so the count is always given. */
export const looksSentence = ({ looks }: Field) =>
  looks <= 1
    ? 'These test rows have been used once.'
    : `These test rows have been used ${times(looks)}: each use makes a lucky result more likely.`;

/** Where nothing is clearly better: word counts that no prompt can be far ahead of. Null where one can, or none were made. */
export function wordsMayDo(field: Field): string | null {
  const { words, majority, hand, tuned, fewShot } = field;
  if (!words || (majority && !bWins(compareArms(field, majority, words)))) return null;
  const top = best([hand, tuned, fewShot].filter((arm) => arm !== null)) as ArmReport;
  const d = compareArms(field, words, top);
  return !bWins(d) && isClose(d)
    ? `A word-count classifier reaches ${percent(words.accuracy)}, and no prompt is likely to be ${pointsWithUnit(MARGIN)} ahead of it: it needs no model.`
    : null;
}

/** What the tuned prompt gained over the version in production, on the same rows, and what it has learned from since. */
export function sinceProduction(field: Field): string | null {
  const { production, tuned } = field;
  if (!production || production.report === tuned) return null;
  const d = compareArms(field, production.report, tuned);
  const rows = production.addedRows;
  const since =
    rows > 0 ? `, with ${rows.toLocaleString('en')} training ${rows === 1 ? 'row' : 'rows'} added since` : '';
  const against = `Against ${called(production.report, field)}${since}, ${called(tuned, field)} is`;
  const range = `between ${pointsRange(d.ci95.low, d.ci95.high, 'and')} points`;
  if (bWins(d)) return `${against} better by ${pointsWithUnit(d.difference)}, probably ${range} (${pWords(d)}).`;
  if (aWins(d))
    return `${against} worse by ${pointsWithUnit(-d.difference)}, a change probably ${range} (${pWords(d)}).`;
  return `${against} not clearly better or worse: ${pointsWithUnit(d.difference)}, probably ${range}.`;
}

/** What accuracy hides where one label is common. */
export function macroCaution({ pairs: [headline] }: Field): string | null {
  if (!headline) return null;
  const { macroF1Ci95, macroF1Difference, difference } = headline;
  if (difference > 0 && macroF1Ci95.high < 0)
    return `Mind the rare labels: macro-F1 is ${pointsWithUnit(-macroF1Difference)} lower.`;
  if (difference <= 0 && macroF1Ci95.low > 0)
    return `On the rare labels the tuned prompt helps: macro-F1 is ${pointsWithUnit(macroF1Difference)} higher.`;
  return null;
}

export const paragraph = (...sentences: readonly (string | null)[]) => sentences.filter((s) => s !== null).join(' ');

export const verdict = (
  kind: Verdict['kind'],
  headline: string,
  detail: string,
  rowsNeeded: number | null = null,
): Verdict => ({ kind, headline: capitalised(headline), detail, rowsNeeded });
