import { capitalised, percentWhole } from '../lib/format';
import { WORDS } from './classify/made-arms';
import { MARGIN } from './classify/pairs';
import { beats, type Field, type FieldArm, namesOf, paragraph } from './field';
import { isLearned } from './types';
import { pointsWithUnit } from './words';

/** Prompts that the test rows do not tell apart: which of them is recommended, and how titles say so. */

/** Word counts ask no model. Null = not known. */
const tokensOf = ({ id, tokensSentMean }: FieldArm): number | null => (id === WORDS ? 0 : tokensSentMean);

/** Prompts within this factor of each other send about the same number of tokens. */
const ALIKE = 1.1;

/** The fewest tokens a row; about as many: the first. @param arms the simplest first */
function cheapest(arms: readonly FieldArm[]): FieldArm | null {
  const tokens = arms.map(tokensOf);
  const least = Math.min(...tokens.map((each) => each ?? 0));
  return arms.find((_, i) => tokens.includes(null) || (tokens[i] ?? 0) <= ALIKE * least) ?? null;
}

/** What a change could go to, the simplest first: word counts, a text, a text with examples, vectors, vectors on your prompt. */
function candidates(field: Field): readonly FieldArm[] {
  const { words, majority, untuned, fewShot, tuned, hybrid } = field;
  const isTrained = isLearned(tuned.kind);
  const haveLearned = words && (!majority || beats(field, words, majority));
  const addsToBoth = hybrid && isTrained && beats(field, hybrid, tuned);
  return [
    haveLearned ? words : null,
    tuned.kind === 'tuned' || tuned.kind === 'ensemble' ? untuned : null,
    isTrained ? fewShot : null,
    tuned,
    addsToBoth ? hybrid : null,
  ].filter((arm) => arm !== null);
}

const LEVEL_RULE = 'Of prompts that are level, the one that sends the fewest tokens is recommended, then the simplest';

/**
 * What replaces the hand-written prompt; null = nothing clearly beats it. Of the arms that do, and that none of the others
 * clearly beats, it is the one with the fewest tokens, then the simplest; a trained prompt that leads that one by `MARGIN`
 * stays. One that clearly beats always giving one answer comes before one that does not.
 */
export function replacement(field: Field): FieldArm | null {
  const { hand, majority } = field;
  const all = candidates(field);
  const better = all.filter((arm) => arm !== hand && beats(field, arm, hand));
  const solid = better.filter((arm) => !majority || beats(field, arm, majority));
  const able = solid.length > 0 ? solid : better;
  const unbeaten = able.filter((arm) => !all.some((other) => beats(field, other, arm)));
  const level = unbeaten.length > 0 ? unbeaten : able;
  const least = cheapest(level);
  if (!least || isLearned(least.kind)) return least;
  const leads = (arm: FieldArm) => isLearned(arm.kind) && field.compare(least, arm).difference >= MARGIN;
  return cheapest(level.filter(leads)) ?? least;
}

const levelWith = (field: Field, arm: FieldArm): readonly FieldArm[] =>
  field.usable.filter((other) => other !== arm && field.compare(arm, other).finding === 'unclear');

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
export function levelWords(field: Field, arm: FieldArm): string | null {
  const rivals = levelWith(field, arm);
  const [only] = rivals;
  if (!only) return null;
  return `level with ${namesOf(field, rivals)}${rivals.length > 1 ? '' : shareOfTokens(tokensOf(arm), tokensOf(only))}`;
}

/** Which arms are level with a recommended one, how far ahead they may be, and the rule that chose. */
export function levelSentences(field: Field, arm: FieldArm): string | null {
  const rivals = levelWith(field, arm);
  if (rivals.length === 0) return null;
  const could = candidates(field).filter((other) => beats(field, other, field.hand));
  const equals = rivals.filter((other) => could.includes(other));
  const others = rivals.filter((other) => !could.includes(other));
  const are = (arms: readonly FieldArm[]) => `${capitalised(namesOf(field, arms))} ${arms.length === 1 ? 'is' : 'are'}`;
  const lead = Math.max(0, ...equals.map((other) => field.compare(arm, other).ci95.high));
  return paragraph(
    equals.length > 0
      ? `${are(equals)} level with it on these rows${lead > 0 ? `, and may be up to ${pointsWithUnit(lead)} ahead` : ''}. ${LEVEL_RULE}. A trained one stays where it leads by ${pointsWithUnit(MARGIN)} or more.`
      : null,
    others.length > 0
      ? `${are(others)} not clearly behind it${equals.length > 0 ? ' either' : ''}, which is no reason to use ${others.length === 1 ? 'that' : 'those'} instead.`
      : null,
  );
}
