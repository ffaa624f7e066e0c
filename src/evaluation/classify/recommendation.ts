import { capitalised, counted, duration } from '../../lib/format';
import {
  type ArmReport,
  type Comparison,
  type ComparisonPlan,
  isLearned,
  type PairReport,
  type VerdictKind,
} from '../types';
import { about, points, pointsRange, pointsWithUnit } from '../words';
import { best, compareArms, type Field, type FieldDuel, fieldOf, isHand, rowsToLabel, shownByEveryRow } from './field';
import { levelSentences, levelWords } from './level';
import { aWins, bWins } from './pairs';
import { called, paragraph, pWords } from './titles';

/** What to do after a comparison: one action, the prompt to use until then, and three figures that it rests on. */

export const ACTIONS = [
  'ship',
  'keep',
  'count-words',
  'probe',
  'check-labels',
  'label-more',
  'every-row',
  'train-longer',
] as const;
/** `every-row` = cross-validate over all rows. `probe` = save the linear probe of the model as a version, or look for other answer words, since it beats every prompt. */
export type Action = (typeof ACTIONS)[number];

export interface Chip {
  readonly id: 'training' | 'hand' | 'cost' | 'production';
  readonly label: string;
  readonly value: string;
  readonly detail: string;
  /** A gain or a loss only where the corrected p and the interval agree. */
  readonly tone: 'gain' | 'loss' | 'unclear';
}

export interface Recommendation {
  readonly action: Action;
  /** The arm to use now; the others are measured against it. */
  readonly armId: string;
  /** An order: "Ship the tuned prompt". */
  readonly title: string;
  readonly why: string;
  /** What costs compare: the prompt that is kept, and what would replace it. */
  readonly change: {
    /** Ids of arms; the same where there is nothing else. */
    readonly from: string;
    readonly to: string;
    /** How many pairs its p is corrected for, itself included. */
    readonly comparisons: number;
  };
  /** The last one only where another version is in production. */
  readonly chips: readonly [training: Chip, hand: Chip, cost: Chip, ...production: Chip[]];
}

/** What is known beside the comparison. */
export interface RunFacts {
  /** The validation loss was still falling when the run of the tuned prompt ended. */
  readonly stillFalling: boolean;
  /** How long it takes to check every row, where that can be done; null = not known. Left out: it cannot be done. */
  readonly everyRowSeconds?: number | null | undefined;
}

type Next = Pick<Recommendation, 'action' | 'title' | 'why'> & { readonly arm: ArmReport };

interface Case extends RunFacts {
  readonly field: Field;
  readonly rowsNeeded: number | null;
}

/** The prompt that stays in use where nothing is clearly better: yours, unless another hand-written one clearly beats it. */
const keptOf = (field: Field): ArmReport => {
  const { first, hand, tuned } = field;
  const yours = isHand(first) || isLearned(tuned.kind) ? first : tuned;
  return hand !== yours && isHand(hand) && bWins(compareArms(field, yours, hand)) ? hand : yours;
};

const keep = (field: Field, arm: ArmReport, ...why: readonly (string | null)[]): Next => ({
  action: 'keep',
  arm,
  title: `Keep ${called(arm, field)}`,
  why: paragraph(...why),
});

/** Trained vectors: they are clearly better than every hand-written prompt, or the lead over examples is open. */
const shipLearned = (field: Field, arm: ArmReport): Next => {
  const { fewShot, untuned } = field;
  const overFew = fewShot && bWins(compareArms(field, fewShot, arm));
  return {
    action: 'ship',
    arm,
    title: `Ship ${called(arm, field)}`,
    why: paragraph(
      !isHand(field.hand)
        ? 'It is clearly better than its own text without vectors. No hand-written prompt took part.'
        : `It is clearly better than ${overFew ? 'every prompt written by hand, examples included' : `${fewShot ? 'the prompts' : 'every prompt'} written by hand`}.`,
      untuned && arm.kind === 'tuned' && !bWins(compareArms(field, untuned, arm))
        ? 'The gain may come from its text: the vectors themselves added nothing clear.'
        : null,
    ),
  };
};

const CHECK_LABELS = 'Check the labels before you use a prompt';

const trainLonger = (field: Field): Next => ({
  action: 'train-longer',
  arm: keptOf(field),
  title: 'Train longer',
  why: `The validation loss was still falling when training ended. Keep ${called(keptOf(field), field)} until then: nothing is clearly better yet.`,
});

/** The version in production is only replaced by what clearly beats it. */
function keptInProduction(field: Field, next: Next): Next {
  const { production } = field;
  if (!production || next.action !== 'ship' || production.report === next.arm) return next;
  const d = compareArms(field, production.report, next.arm);
  const other = called(next.arm, field);
  if (bWins(d)) return next;
  return keep(
    field,
    production.report,
    `It is in use, and ${aWins(d) ? `clearly better than ${other}` : `${other} is not clearly better`}.`,
  );
}

const NEXT: Readonly<Record<VerdictKind, (of: Case) => Next>> = {
  'tuned-better': ({ field }) => shipLearned(field, field.tuned),

  'hybrid-better': ({ field }) => shipLearned(field, field.hybrid ?? field.tuned),

  'yours-better': ({ field, stillFalling }) => {
    const { first, hand, tuned } = field;
    if (isLearned(tuned.kind))
      return keep(
        field,
        hand,
        'It is clearly better than the tuned prompt.',
        stillFalling ? 'The validation loss was still falling: train longer to try again.' : null,
      );
    // nothing was trained: a prompt against the untuned one, which may be the better one
    if (aWins(compareArms(field, first, tuned)) && !isHand(first))
      return {
        action: 'train-longer',
        arm: first,
        title: 'Train a prompt',
        why: 'The text without your instruction does better, and nothing has been trained yet.',
      };
    return keep(field, best([hand, tuned]) as ArmReport, 'It is clearly better. Nothing has been trained yet.');
  },

  'text-does-as-well': ({ field, stillFalling }) => {
    const arm = field.untuned ?? field.tuned;
    return {
      action: 'ship',
      arm,
      title: `Use ${called(arm, field)}`,
      why: paragraph(
        'It is the text that the vectors were trained with, which added nothing clear to it, and any model takes a text.',
        stillFalling
          ? 'The validation loss was still falling: train longer to see whether vectors can add to it.'
          : null,
      ),
    };
  },

  'examples-do-as-well': ({ field }) => {
    const { fewShot, tuned } = field;
    const arm = fewShot ?? tuned;
    if (isHand(arm)) return keep(field, arm, 'Its examples make it clearly better. Nothing has been trained yet.');
    return {
      action: 'ship',
      arm,
      title: `Use ${called(arm, field)}`,
      why: 'The tuned prompt is not clearly better, and examples need no training. They are sent with every row: compare what a row costs.',
    };
  },

  'words-do-as-well': ({ field }) => ({
    action: 'count-words',
    arm: field.words ?? keptOf(field),
    title: 'Count words',
    why: 'No prompt clearly beats TF-IDF with logistic regression here. It answers in microseconds, and needs no model.',
  }),

  'probe-better': ({ field }) => ({
    action: 'probe',
    arm: keptOf(field),
    title: 'Save the linear probe as a version, or try other answer words',
    why: `The model tells the labels apart, as the probe shows, but no prompt brings it out. As a version the probe is used and exported like a tuned prompt. Keep ${called(keptOf(field), field)} until then.`,
  }),

  'nothing-beats-majority': ({ field, stillFalling }) =>
    stillFalling
      ? trainLonger(field)
      : {
          action: 'check-labels',
          arm: keptOf(field),
          title: CHECK_LABELS,
          why: 'No prompt clearly beats the most frequent label. Labels may be wrong or overlap, too few rows may have them, or the model may not know the language of your texts: then try another model.',
        },

  'no-clear-difference': ({ field, rowsNeeded, ...facts }) => {
    const kept = keptOf(field);
    const d = compareArms(field, field.hand, field.tuned);
    if (facts.stillFalling) return trainLonger(field);
    if (rowsNeeded === null)
      return keep(
        field,
        kept,
        'Any difference is too small to matter at this size: no realistic number of rows would show it.',
      );
    if (d.difference < 0)
      return keep(
        field,
        kept,
        `${capitalised(called(field.tuned, field))} is not ahead of it, and more test rows are unlikely to change that.`,
      );
    return {
      ...settling(field, d, rowsNeeded, facts),
      arm: kept,
      why: `That would settle it, if the difference is as large as it looks. Keep ${called(kept, field)} until then.`,
    };
  },
};

/** What would settle a difference: a check of every row, where the rows that are there are enough for it; else more rows. */
function settling(
  field: Field,
  d: FieldDuel,
  more: number,
  { everyRowSeconds: seconds }: RunFacts,
): Pick<Next, 'action' | 'title'> {
  const gain = seconds === undefined ? null : shownByEveryRow(field, d);
  if (gain !== null && seconds !== undefined)
    return {
      action: 'every-row',
      title: `Check every row${seconds === null ? '' : `, ${duration(seconds)}`}: shows gains above ${Math.round(100 * gain)} points`,
    };
  const rows = `more ${field.folds ? '' : 'test '}${more === 1 ? 'row' : 'rows'}`;
  return { action: 'label-more', title: `Label about ${about(more)} ${rows}` };
}

/**
 * A prompt is shipped only where it clearly beats one answer for every row;
 * where another is kept that does not, it is said.
 */
function againstOneAnswer(field: Field, next: Next, facts: RunFacts): Next {
  const { majority } = field;
  const { action, arm, why } = next;
  if (!majority || arm.kind === 'reference' || action === 'check-labels') return next;
  const lead = compareArms(field, majority, arm);
  if (bWins(lead)) return next;
  const behind = aWins(lead)
    ? null
    : `${capitalised(called(arm, field))} is not clearly better than always giving one answer.`;
  const open = paragraph(why, behind);
  if (action !== 'ship') return { ...next, why: open };
  const more = lead.difference > 0 ? rowsToLabel(field, lead) : null;
  if (more === null) return { ...next, action: 'check-labels', title: CHECK_LABELS, why: open };
  const { action: settles, title } = settling(field, lead, more, facts);
  return {
    ...next,
    action: settles,
    title: settles === 'every-row' ? title : `${title} before you ship ${called(arm, field)}`,
    why: paragraph(open, 'That would settle it, if the difference is as large as it looks.'),
  };
}

/** What is level with the recommended prompt is in the title: a reader of the title alone must not take a tie for a win. */
function withTies(field: Field, next: Next): Next {
  const { action, arm, title, why } = next;
  const words = action === 'ship' || action === 'keep' || action === 'count-words' ? levelWords(field, arm) : null;
  if (words === null) return next;
  return {
    ...next,
    title: `${title}: ${words}`,
    why: paragraph(why, action === 'keep' ? null : levelSentences(field, arm)),
  };
}

/** "+14 points". */
const signed = (difference: number) => `${points(difference).startsWith('−') ? '' : '+'}${pointsWithUnit(difference)}`;

/** B against A, with its interval and its corrected p. */
function differenceChip(field: Field, id: Chip['id'], label: string, a: ArmReport, b: ArmReport): Chip {
  const d = compareArms(field, a, b);
  const isClear = aWins(d) || bWins(d);
  return {
    id,
    label,
    value: signed(d.difference),
    detail: `${isClear ? 'Probably' : 'Not clear:'} ${pointsRange(d.ci95.low, d.ci95.high)} points against ${called(a, field)} (${pWords(d)})`,
    tone: bWins(d) ? 'gain' : aWins(d) ? 'loss' : 'unclear',
  };
}

export const missing = (id: Chip['id'], label: string, detail: string): Chip => ({
  id,
  label,
  value: '–',
  detail,
  tone: 'unclear',
});

/** What the vectors add to the same text without them; for a hybrid that text is the hand-written prompt. */
function trainingChip(field: Field, learned: ArmReport | null): Chip {
  const label = 'Training itself';
  const bare = field.untuned ?? (field.first.kind === 'untuned' ? field.first : null);
  const control = learned?.kind === 'hybrid' ? field.first : bare;
  if (!learned) return missing('training', label, 'No prompt was trained');
  if (!control) return missing('training', label, 'The untuned prompt was not compared');
  return differenceChip(field, 'training', label, control, learned);
}

function handChip(field: Field, learned: ArmReport | null): Chip {
  const label = 'Against the best hand-written prompt';
  const hands = [field.hand, field.tuned, field.fewShot].filter((arm) => arm !== null && !isLearned(arm.kind));
  const top = best(hands.filter((arm) => arm !== null && arm.kind !== 'untuned') as readonly ArmReport[]);
  if (!learned) return missing('hand', label, 'No prompt was trained');
  if (!top) return missing('hand', label, 'No hand-written prompt was compared');
  return differenceChip(field, 'hand', label, top, learned);
}

/** What the tuned prompt gained over the version in production, and what it has learned from since. */
function productionChip(field: Field): readonly Chip[] {
  const { production, tuned } = field;
  if (!production || !isLearned(tuned.kind)) return [];
  const chip = differenceChip(field, 'production', 'Against production', production.report, tuned);
  const rows = production.addedRows;
  return [rows === 0 ? chip : { ...chip, detail: `${chip.detail}; ${counted(rows, 'training row')} added since` }];
}

const tokens = (arm: ArmReport) => Math.round(arm.tokensSentMean ?? 0);

export const COST = 'Cost a row';

/** Tokens that a row of `to` sends more or fewer than one of `from`. */
function costChip(field: Field, pairs: readonly PairReport[], from: ArmReport, to: ArmReport): Chip {
  if (to.kind === 'reference')
    return {
      ...missing('cost', COST, `No model is asked; ${called(from, field)} sends ${tokens(from)}`),
      value: '0 tokens',
    };
  if (from.tokensSentMean === null || to.tokensSentMean === null || from === to)
    return missing('cost', COST, 'Not measured for two prompts');
  const more = tokens(to) - tokens(from);
  const range = pairs.find(({ a, b }) => a === from.id && b === to.id)?.tokens?.ci95;
  const ends = range && [range.low, range.high].map((end) => Math.round(Math.abs(end))).sort((x, y) => x - y);
  return tokensChip(
    more,
    `${counted(tokens(to), 'token')} with ${called(to, field)}, ${tokens(from)} with ${called(from, field)}${ends && ends[0] !== ends[1] ? ` (95% interval of the difference ${ends.join(' to ')})` : ''}`,
  );
}

/** @param more tokens that a row sends, below 0 for fewer */
export const tokensChip = (more: number, detail: string): Chip => ({
  id: 'cost',
  label: COST,
  value: more === 0 ? 'the same' : `${counted(Math.abs(more), 'token')} ${more < 0 ? 'fewer' : 'more'}`,
  detail,
  tone: more < 0 ? 'gain' : more > 0 ? 'loss' : 'unclear',
});

export interface Compared {
  readonly plan: Pick<ComparisonPlan, 'gold' | 'groups' | 'folds' | 'file' | 'seed' | 'pairs' | 'looks' | 'production'>;
  readonly comparison: Pick<Comparison, 'arms' | 'pairs' | 'verdict'>;
}

/**
 * One action for one comparison (`docs/method/statistics.md`). It follows the verdict, so it rests on p-values corrected
 * by Holm, never on a point estimate. Null where the plan's first pair does not name two arms.
 */
export function recommendationOf({ plan, comparison }: Compared, facts: RunFacts): Recommendation | null {
  const { arms, pairs, verdict } = comparison;
  const field = fieldOf({ plan, arms, pairs });
  if (!field) return null;
  const decided = NEXT[verdict.kind]({ ...facts, field, rowsNeeded: verdict.rowsNeeded });
  const { arm, ...next } = withTies(field, againstOneAnswer(field, keptInProduction(field, decided), facts));
  const learned = isLearned(arm.kind) ? arm : isLearned(field.tuned.kind) ? field.tuned : null;
  const kept = arm === field.production?.report ? arm : keptOf(field);
  const rivals = [learned, isLearned(field.tuned.kind) ? field.tuned : null, field.fewShot];
  const to = arm === kept ? (rivals.find((rival) => rival !== null && rival !== kept) ?? kept) : arm;
  const { comparisons } = compareArms(field, kept, to);
  return {
    ...next,
    armId: arm.id,
    change: { from: kept.id, to: to.id, comparisons },
    chips: [
      trainingChip(field, learned),
      handChip(field, learned),
      costChip(field, pairs, kept, to),
      ...productionChip(field),
    ],
  };
}
