import { groupColumn, together } from '../../dataset/families';
import { isUsable, labelOf, rowsOf, textKey } from '../../dataset/labels';
import { twinFamilies } from '../../dataset/near-twins';
import { drawnFamilies, labelTally } from '../../dataset/split';
import type { ColumnMapping, Dataset, Row } from '../../dataset/types';
import { bytes, capitalised, count, duration, ofRows, percent } from '../../lib/format';
import { createRng, type Rng, shuffled } from '../../lib/rng';
import type { Value } from '../../lib/zod';
import { wilson } from '../../metrics/intervals';
import { accuracyComparison } from '../../metrics/mcnemar';
import { ownWord } from '../../task/template';
import { asSubject, inText } from '../arm-names';
import type { consistencySchema, fineTuningSchema } from '../schemas';
import { type ComparisonPlan, isLearned } from '../types';
import { pointsRange, pointsWithUnit, pValue } from '../words';

/** How many answers survive harmless edits of the text, for both prompts on the same rows. */

/** One arm's answers: as they were, and under each edit; null where an edit changed nothing of the row. */
export interface EditedAnswers {
  readonly armId: string;
  readonly before: readonly number[];
  readonly after: Readonly<Partial<Record<EditKind, readonly (number | null)[]>>>;
}

export type ConsistencyReport = Value<typeof consistencySchema>;

const KINDS: readonly EditKind[] = ['case', 'space', 'typo', 'emoji', 'order'];

export function consistencyOf(answers: readonly EditedAnswers[]): ConsistencyReport {
  const rows = answers[0]?.before.length ?? 0;
  const steadyRows = answers.map(({ before, after }) =>
    before.map((label, i) => KINDS.every((kind) => (after[kind]?.[i] ?? label) === label)),
  );
  const arms = answers.map(({ armId, before, after }, a) => {
    const steady = steadyRows[a]?.filter(Boolean).length ?? 0;
    const edits = KINDS.flatMap((kind) => {
      const edited = after[kind];
      if (!edited) return [];
      const changed = edited.flatMap((label, i) => (label === null ? [] : [label === before[i]]));
      return [{ kind, changed: changed.length, kept: changed.filter(Boolean).length }];
    });
    return { armId, steady, ci95: wilson(steady, rows), edits };
  });
  const [first, second] = steadyRows;
  if (!first || !second) return { rows, arms, pair: null };
  const [ofFirst, ofSecond] = [first.map(Number), second.map(Number)];
  const all = first.map(() => 1);
  const { aOnly, bOnly, difference, ci95, p } = accuracyComparison(all, ofFirst, ofSecond, {});
  return { rows, arms, pair: { aOnly, bOnly, difference, ci95, p } };
}

export function consistencySentence(
  { rows, arms, pair }: ConsistencyReport,
  nameOf: (armId: string) => string,
): string {
  const shares = arms.map(
    ({ armId, steady, ci95 }) =>
      `${inText(nameOf(armId))} keeps its answer on ${ofRows(steady / rows, rows, 'row')} (${percent(ci95.low)} to ${percent(ci95.high)})`,
  );
  const [a, b] = arms;
  if (!pair || !a || !b) return `${capitalised(shares.join('; '))}.`;
  const clear = pair.p < 0.05 && (pair.ci95.low > 0 || pair.ci95.high < 0);
  const range = `${pointsRange(pair.ci95.low, pair.ci95.high)}, exact ${pValue(pair.p)}`;
  const found = clear
    ? `${asSubject(nameOf(pair.difference > 0 ? b.armId : a.armId))} is steadier by ${pointsWithUnit(Math.abs(pair.difference))} (${range})`
    : `No clear difference in steadiness (${range})`;
  return `${found}. ${shares.map(capitalised).join('. ')}.`;
}

/** Edits that change nothing of what a text means: an answer that changes with them was chance. */

export type EditKind = ConsistencyReport['arms'][number]['edits'][number]['kind'];

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

export function editText(kind: (typeof TEXT_EDITS)[number], text: string, rng: Rng): string {
  switch (kind) {
    case 'case': {
      const lower = text.toLowerCase();
      return lower === text ? capitalised(text) : lower;
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
  const found = words.map((word) => ownWord(word).exec(template));
  if (words.length < 2 || found.some((match) => match === null)) return null;
  const places = found
    .flatMap((match) => (match ? [{ at: match.index, text: match[0] }] : []))
    .sort((a, b) => a.at - b.at);
  const overlap = places.some((place, i) => {
    const next = places[i + 1];
    return next !== undefined && place.at + place.text.length > next.at;
  });
  if (overlap) return null;
  // each replaces the next, so that none stays where it was
  let out = '';
  let from = 0;
  places.forEach((place, i) => {
    out += template.slice(from, place.at) + (places[(i + 1) % places.length]?.text ?? '');
    from = place.at + place.text.length;
  });
  const result = out + template.slice(from);
  return result === template ? null : result;
}

/** Every labelled row answered by a prompt that was trained without it: k folds, which say how well the recipe works. */

export const FOLDS = 5;

export interface Fold {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  /** Answered by the prompt that was trained on the others. */
  readonly test: readonly string[];
}

const VALIDATION_SHARE = 0.15;

/** A family that fills a fold, or half of a label, would leave the others nothing to learn that from: it is dealt out by the row. */
function keptFamilies(usable: readonly Row[], mapping: ColumnMapping) {
  const labels = labelTally(usable, mapping);
  const most = ([first]: readonly Row[]) =>
    Math.min(usable.length / FOLDS, (labels.get(textKey(labelOf(first as Row, mapping))) ?? 0) / 2);
  return twinFamilies(usable, mapping).families.filter((family) => family.length <= most(family));
}

/** Stratified, seeded; families are in one fold, the largest dealt out first to where the label has the fewest rows. */
export function foldsOf(dataset: Dataset, seed: number): readonly Fold[] {
  const { mapping, split } = dataset;
  const placed = rowsOf(dataset, [...split.train, ...split.validation, ...split.test]);
  const rng = createRng(seed);
  const usable = shuffled(
    placed.filter((row) => isUsable(row, mapping)),
    rng,
  );
  const groups = together(usable, mapping, groupColumn(dataset), keptFamilies(usable, mapping));
  const labelOfGroup = ([first]: readonly Row[]) => textKey(labelOf(first as Row, mapping));
  const parts = Array.from({ length: FOLDS }, () => [] as string[]);
  for (const label of new Set(groups.map(labelOfGroup))) {
    const ofLabel = parts.map(() => 0);
    const own = groups.filter((group) => labelOfGroup(group) === label);
    for (const group of own.toSorted((a, b) => b.length - a.length)) {
      const rowsIn = (f: number) => (ofLabel[f] as number) * usable.length + (parts[f] as string[]).length;
      const fold = parts.reduce((best, _, f) => (rowsIn(f) < rowsIn(best) ? f : best), 0);
      ofLabel[fold] = (ofLabel[fold] as number) + group.length;
      parts[fold]?.push(...group.map(({ id }) => id));
    }
  }
  return parts.map((test, f) => {
    const others = shuffled(
      parts.flatMap((part, i) => (i === f ? [] : part)),
      rng,
    );
    const validation = drawnFamilies(dataset, others, Math.max(1, Math.round(VALIDATION_SHARE * others.length)));
    const validating = new Set(validation);
    return { test, validation, train: others.filter((id) => !validating.has(id)) };
  });
}

interface TunedRun {
  readonly seconds: number | null;
  readonly settings: { readonly initialisation: { readonly kind: string } };
}

export function whyNotEveryRow(run: TunedRun | null, { arms }: Pick<ComparisonPlan, 'arms'>): string | null {
  const ids = arms.map(({ id }) => id);
  if (!run || !ids.includes('yours') || !ids.includes('tuned'))
    return 'This check needs a comparison with a hand-written and a tuned prompt.';
  if (run.settings.initialisation.kind === 'prompt')
    return 'This prompt continues an earlier one, which has seen rows of every fold. Compare a run that started from scratch.';
  return null;
}

/**
 * About how many seconds a cross-validation takes, from what the run and the comparison took: as many runs as folds, and every
 * prompt that takes part answers all rows. Null where the run does not say; undefined where the check cannot be made.
 */
export function everyRowSeconds(
  run: TunedRun | null,
  { arms, file }: Pick<ComparisonPlan, 'arms' | 'file'>,
): number | null | undefined {
  if (whyNotEveryRow(run, { arms }) !== null || !file) return undefined;
  const asked = arms.filter(({ id, kind }) => id === 'tuned' || !isLearned(kind));
  const rowMs = asked.reduce((sum, { latencyMsMedian }) => sum + (latencyMsMedian ?? 0), 0);
  return run?.seconds ? FOLDS * run.seconds + (file.rows * rowMs) / 1000 : null;
}

/** Low-rank adapters of the model's last layer, trained and measured as a prompt is: a fine-tuning to compare with. */
export type FineTuningReport = Value<typeof fineTuningSchema>;

export const fineTuningSentence = ({ numbers, accuracy, ci95, ...of }: FineTuningReport): string =>
  `Low-rank adapters of the model’s last layer are right on ${ofRows(accuracy, of.rows, 'test row')}, interval ${percent(ci95.low)} to ${percent(ci95.high)}. They have ${count(numbers)} numbers (${bytes(4 * numbers)}), trained in ${duration(of.seconds)} on ${count(of.trainingRows)} rows. They are measured for comparison only: they are not a prompt, and cannot be exported.`;
