import { capitalised, percentWhole } from '../../lib/format';
import { type ArmReport, isLearned } from '../types';
import { pointsWithUnit } from '../words';
import { compareArms, type Field } from './field';
import { WORDS } from './made-arms';
import { aWins, bWins, MARGIN } from './pairs';
import { called, paragraph } from './titles';

/** Prompts that the test rows do not tell apart: which of them is recommended, and how titles say so. */

/** Word counts ask no model. Null = not known. */
const tokensOf = ({ id, tokensSentMean }: ArmReport): number | null => (id === WORDS ? 0 : tokensSentMean);

/** Prompts within this factor of each other send about the same number of tokens. */
const ALIKE = 1.1;

/** The fewest tokens a row; about as many: the first. @param arms the simplest first */
function cheapest(arms: readonly ArmReport[]): ArmReport | null {
  const tokens = arms.map(tokensOf);
  const least = Math.min(...tokens.map((each) => each ?? 0));
  return arms.find((_, i) => tokens.includes(null) || (tokens[i] ?? 0) <= ALIKE * least) ?? null;
}

/** What a change could go to, the simplest first: word counts, a text, a text with examples, vectors, vectors on your prompt. */
function candidates(field: Field): readonly ArmReport[] {
  const { words, majority, untuned, fewShot, tuned, hybrid } = field;
  const isTrained = isLearned(tuned.kind);
  const haveLearned = words && (!majority || bWins(compareArms(field, majority, words)));
  const addsToBoth = hybrid && isTrained && bWins(compareArms(field, tuned, hybrid));
  return [
    haveLearned ? words : null,
    tuned.kind === 'tuned' || tuned.kind === 'ensemble' ? untuned : null,
    isTrained ? fewShot : null,
    tuned,
    addsToBoth ? hybrid : null,
  ].filter((arm) => arm !== null);
}

/** How one of several level prompts is chosen. */
export const LEVEL_RULE =
  'Of prompts that are level, the one that sends the fewest tokens is recommended, then the simplest';

/**
 * What replaces the hand-written prompt; null = nothing clearly beats it. Of the arms that do, and that none of the others
 * clearly beats, it is the one with the fewest tokens, then the simplest; a trained prompt that leads that one by `MARGIN`
 * stays. One that clearly beats always giving one answer comes before one that does not.
 */
export function replacement(field: Field): ArmReport | null {
  const { hand, majority } = field;
  const beats = (arm: ArmReport, other: ArmReport) => bWins(compareArms(field, other, arm));
  const all = candidates(field);
  const better = all.filter((arm) => arm !== hand && beats(arm, hand));
  const solid = better.filter((arm) => !majority || beats(arm, majority));
  const able = solid.length > 0 ? solid : better;
  const unbeaten = able.filter((arm) => !all.some((other) => beats(other, arm)));
  const level = unbeaten.length > 0 ? unbeaten : able;
  const least = cheapest(level);
  if (!least || isLearned(least.kind)) return least;
  const leads = (arm: ArmReport) => isLearned(arm.kind) && compareArms(field, least, arm).difference >= MARGIN;
  return cheapest(level.filter(leads)) ?? least;
}

/** Arms that are neither clearly better nor clearly worse than this one. */
const levelWith = (field: Field, arm: ArmReport): readonly ArmReport[] =>
  field.usable.filter((other) => {
    if (other === arm) return false;
    const d = compareArms(field, arm, other);
    return !aWins(d) && !bWins(d);
  });

const names = (field: Field, arms: readonly ArmReport[]): string =>
  arms.length > 2 ? `${arms.length} others` : arms.map((arm) => called(arm, field)).join(' and ');

const PARTS = ['', '', 'half', 'a third of', 'a quarter of'];

/** ", at a third of the tokens"; empty where they are about the same, or not known. */
export function shareOfTokens(tokens: number | null, others: number | null): string {
  if (tokens === null || !others) return '';
  if (tokens === 0) return ', without a model';
  const share = tokens / others;
  if (share > ALIKE) return ', with more tokens';
  if (share >= 1 / ALIKE) return '';
  const part = PARTS.find((_, i) => i > 1 && Math.abs(share * i - 1) < 0.1);
  return `, at ${part ?? `${percentWhole(share)} of`} the tokens`;
}

/** "level with your prompt with eight examples, at a third of the tokens"; null where nothing is. */
export function levelWords(field: Field, arm: ArmReport): string | null {
  const rivals = levelWith(field, arm);
  const [only] = rivals;
  if (!only) return null;
  return `level with ${names(field, rivals)}${rivals.length > 1 ? '' : shareOfTokens(tokensOf(arm), tokensOf(only))}`;
}

/** Which arms are level with a recommended one, how far ahead they may be, and the rule that chose. */
export function levelSentences(field: Field, arm: ArmReport): string | null {
  const rivals = levelWith(field, arm);
  if (rivals.length === 0) return null;
  const could = candidates(field).filter((other) => bWins(compareArms(field, field.hand, other)));
  const equals = rivals.filter((other) => could.includes(other));
  const others = rivals.filter((other) => !could.includes(other));
  const are = (arms: readonly ArmReport[]) => `${capitalised(names(field, arms))} ${arms.length === 1 ? 'is' : 'are'}`;
  const lead = Math.max(0, ...equals.map((other) => compareArms(field, arm, other).ci95.high));
  return paragraph(
    equals.length > 0
      ? `${are(equals)} level with it on these rows${lead > 0 ? `, and may be up to ${pointsWithUnit(lead)} ahead` : ''}. ${LEVEL_RULE}; a trained one stays where it leads by ${pointsWithUnit(MARGIN)} or more.`
      : null,
    others.length > 0
      ? `${are(others)} not clearly behind it${equals.length > 0 ? ' either' : ''}, which is no reason to use ${others.length === 1 ? 'that' : 'those'} instead.`
      : null,
  );
}
