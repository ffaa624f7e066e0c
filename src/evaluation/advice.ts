import { duration } from '../lib/format';
import { MARGIN } from './classify/pairs';
import {
  beats,
  best,
  Called,
  called,
  type Field,
  type FieldArm,
  isHand,
  type Lead,
  paragraph,
  rowsToLabel,
  shownByEveryRow,
} from './field';
import { levelSentences, levelWords, replacement } from './level';
import { isLearned, type VerdictKind } from './types';
import { about } from './words';

/**
 * What to do after a comparison (`docs/method/statistics.md`): one ordered table, of which the first rule that
 * fits decides. Card, Decide, report and command line print it. It rests on the exact McNemar test (corrected by Holm
 * where several pairs were compared; by whole groups where rows belong together) and the interval of the difference
 * together, or on the interval of ROUGE-L, never on a point estimate, and on the test rows alone.
 */

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

export interface RunFacts {
  readonly stillFalling: boolean;
  /** How long it takes to check every row, where that can be done; null = not known. Left out: it cannot be done. */
  readonly everyRowSeconds?: number | null | undefined;
}

export interface Case extends RunFacts {
  readonly field: Field;
}

export interface Advice {
  readonly finding: VerdictKind;
  readonly action: Action;
  readonly version: FieldArm;
  readonly title: string;
  /** The title without what is level with the recommended prompt. */
  readonly advised: string;
  readonly why: string;
  /** What is level with the recommended prompt, and the rule that chose; may be empty. */
  readonly level: string;
}

type Settled = Omit<Advice, 'advised' | 'level'>;
type Text = string | ((of: Case, version: FieldArm) => string);

export interface Rule {
  readonly finding: VerdictKind;
  readonly when: (of: Case) => boolean;
  readonly action: Action;
  readonly version: (field: Field) => FieldArm;
  readonly title: Text;
  readonly why: Text;
}

// What the rules ask.

export const promptsOf = ({ hand, tuned, hybrid, fewShot }: Field): readonly FieldArm[] =>
  [hand, tuned, hybrid, fewShot].filter((arm) => arm !== null);

export const top = (arms: readonly (FieldArm | null)[], field: Field): FieldArm =>
  best(arms.filter((arm) => arm !== null)) ?? field.hand;

/** The prompt that stays in use where nothing is clearly better: yours, unless another hand-written one clearly beats it. */
export const keptOf = (field: Field): FieldArm => {
  const { first, hand, tuned } = field;
  const yours = isHand(first) || isLearned(tuned.kind) ? first : tuned;
  return hand !== yours && isHand(hand) && beats(field, hand, yours) ? hand : yours;
};

/** No arm is clearly above always choosing the most frequent label, nor ahead of it by much. */
const nothingBeatsMajority = ({ field }: Case): boolean => {
  const { majority, words, probe } = field;
  const isAhead = (arm: FieldArm) =>
    majority !== null && (beats(field, arm, majority) || field.compare(majority, arm).difference >= MARGIN);
  return majority !== null && ![...promptsOf(field), words, probe].some((arm) => arm !== null && isAhead(arm));
};

/** What would be recommended without the combination. */
export function alone(of: Case): FieldArm {
  const { action, version } = ruleFor(of, RULES.slice(1));
  return (action === 'probe' && of.field.probe) || version(of.field);
}

/** Several voices cost more than one, so they have to beat the one that they would replace, and what that one had to beat. */
function combinedIsBetter(of: Case): boolean {
  const { field } = of;
  const { combined, hand, majority } = field;
  return combined !== null && [hand, majority, alone(of)].every((arm) => arm === null || beats(field, combined, arm));
}

/** The model's own hidden states tell the labels better than any prompt asks for them, and better than words do. */
const probeIsBetter = ({ field }: Case): boolean => {
  const { probe, words } = field;
  if (!probe || !beats(field, probe, top(promptsOf(field), field))) return false;
  return words === null || beats(field, probe, words);
};

/** A bag of words is clearly better than the hand-written prompt, and no prompt is clearly better than it. */
const wordsReplace = ({ field }: Case): boolean => field.words !== null && replacement(field) === field.words;

const handIsBetter = ({ field }: Case): boolean => beats(field, field.hand, field.tuned);
const isTrained = ({ field }: Case): boolean => isLearned(field.tuned.kind);
const tunedReplaces = ({ field }: Case): boolean => replacement(field) === field.tuned;

export const headlineLead = ({ hand, tuned, compare }: Field): Lead => compare(hand, tuned);
const moreRows = ({ field }: Case): number | null => rowsToLabel(field, headlineLead(field));
const everyRowShows = ({ field, everyRowSeconds }: Case, lead: Lead): number | null =>
  everyRowSeconds === undefined ? null : shownByEveryRow(field, lead);

const keep: Text = ({ field }, version) => `Keep using ${called(version, field)}`;
const use: Text = ({ field }, version) => `Use ${called(version, field)}`;
const untilThen: Text = ({ field }, version) => `Keep using ${called(version, field)} until then`;
const say = (text: Text, of: Case, version: FieldArm) => (typeof text === 'string' ? text : text(of, version));

const CHECK_LABELS = 'Check the labels before you use a prompt';
const IF_AS_LARGE = 'That would settle it, if the difference is as large as it looks.';
const NOTHING_TRAINED = 'Nothing has been trained yet.';

/** Trained vectors: they are clearly better than every hand-written prompt, or the lead over examples is open. */
const whyLearned: Text = ({ field }, version) => {
  const { fewShot, untuned, hand } = field;
  const whom =
    fewShot && beats(field, version, fewShot)
      ? 'every prompt written by hand, examples included'
      : `${fewShot ? 'the prompts' : 'every prompt'} written by hand`;
  return paragraph(
    isHand(hand)
      ? `It is clearly better than ${whom}.`
      : 'It is clearly better than its own text without vectors. No hand-written prompt took part.',
    untuned && version.kind === 'tuned' && !beats(field, version, untuned)
      ? 'The gain may come from its text: the vectors themselves added nothing clear.'
      : null,
  );
};

const LONGER = {
  action: 'train-longer',
  version: keptOf,
  title: 'Train longer',
  why: (of, version) =>
    `The validation loss was still falling when training ended. ${say(untilThen, of, version)}: nothing is clearly better yet.`,
} as const satisfies Partial<Rule>;

const COUNT_WORDS = {
  finding: 'words-do-as-well',
  action: 'count-words',
  version: (field) => field.words ?? keptOf(field),
  title: 'Use word counts',
  why: 'No prompt clearly beats TF-IDF with logistic regression here. It answers in microseconds, and needs no model.',
} as const satisfies Partial<Rule>;

const SETTLE = {
  finding: 'no-clear-difference',
  version: keptOf,
  why: (of, version) =>
    `That would settle it, if the difference is as large as it looks. ${say(untilThen, of, version)}.`,
} as const satisfies Partial<Rule>;

const KEEP = { finding: 'no-clear-difference', action: 'keep', version: keptOf, title: keep } as const;

/**
 * In order: several as one, which clearly beat what the other rules choose; one answer for every row, a probe, word counts ahead of every prompt, vectors on top of a prompt, a loss, then
 * results that need no training, then what training gained. The tuned prompt has to beat the *best* hand-written prompt on
 * these rows: choosing that one with hindsight favours the hand-written prompt, so a win is a win.
 */
export const RULES: readonly Rule[] = [
  {
    finding: 'combined-better',
    when: combinedIsBetter,
    action: 'ship',
    version: (field) => field.combined ?? field.tuned,
    title: use,
    why: (of) => `It is clearly better than ${called(alone(of), of.field)}, the best choice without it.`,
  },
  { ...LONGER, finding: 'nothing-beats-majority', when: (of) => nothingBeatsMajority(of) && of.stillFalling },
  {
    finding: 'nothing-beats-majority',
    when: nothingBeatsMajority,
    action: 'check-labels',
    version: keptOf,
    title: CHECK_LABELS,
    why: 'No prompt clearly beats the most frequent label. Labels may be wrong, overlap, or have too few rows. If the model does not know the language of your texts, try another.',
  },
  {
    finding: 'probe-better',
    when: probeIsBetter,
    action: 'probe',
    version: keptOf,
    title: ({ field }) =>
      field.keepsProbe ? 'Save the linear probe as a version, or try other answer words' : 'Try other answer words',
    why: (of, version) =>
      paragraph(
        'The model tells the labels apart, as the probe shows, but no prompt brings it out.',
        of.field.keepsProbe ? 'As a version the probe is used and exported like a tuned prompt.' : null,
        `${say(untilThen, of, version)}.`,
      ),
  },
  {
    ...COUNT_WORDS,
    when: (of) =>
      wordsReplace(of) && promptsOf(of.field).every((arm) => beats(of.field, of.field.words ?? of.field.hand, arm)),
  },
  {
    finding: 'hybrid-better',
    when: ({ field }) => field.hybrid !== null && replacement(field) === field.hybrid,
    action: 'ship',
    version: (field) => field.hybrid ?? field.tuned,
    title: use,
    why: whyLearned,
  },
  {
    finding: 'yours-better',
    when: (of) => handIsBetter(of) && isTrained(of),
    action: 'keep',
    version: ({ hand }) => hand,
    title: keep,
    why: ({ stillFalling }) =>
      `It is clearly better than the tuned prompt.${stillFalling ? ' The validation loss was still falling: train longer to try again.' : ''}`,
  },
  {
    finding: 'yours-better',
    when: (of) => handIsBetter(of) && !isHand(of.field.first),
    action: 'train-longer',
    version: ({ first }) => first,
    title: 'Train a prompt',
    why: 'The text without your instruction does better, and nothing has been trained yet.',
  },
  {
    finding: 'yours-better',
    when: handIsBetter,
    action: 'keep',
    version: ({ hand }) => hand,
    title: keep,
    why: `It is clearly better. ${NOTHING_TRAINED}`,
  },
  { ...COUNT_WORDS, when: wordsReplace },
  {
    finding: 'text-does-as-well',
    when: ({ field }) =>
      field.untuned !== null && replacement(field) === field.untuned && !beats(field, field.tuned, field.untuned),
    action: 'ship',
    version: (field) => field.untuned ?? field.tuned,
    title: use,
    why: ({ stillFalling }) =>
      `The vectors added nothing clear to this text, and any model takes a text.${stillFalling ? ' The validation loss was still falling: train longer to see whether vectors can add to it.' : ''}`,
  },
  {
    finding: 'examples-do-as-well',
    when: ({ field }) =>
      field.fewShot !== null && replacement(field) === field.fewShot && !beats(field, field.tuned, field.fewShot),
    action: 'ship',
    version: (field) => field.fewShot ?? field.tuned,
    title: use,
    why: 'The tuned prompt is not clearly better, and examples need no training. They are sent with every row: compare what a row costs.',
  },
  {
    finding: 'tuned-better',
    when: (of) => tunedReplaces(of) && isTrained(of),
    action: 'ship',
    version: ({ tuned }) => tuned,
    title: use,
    why: whyLearned,
  },
  {
    finding: 'yours-better',
    when: (of) => tunedReplaces(of) && isHand(of.field.first),
    action: 'ship',
    version: ({ tuned }) => tuned,
    title: use,
    why: `It is clearly better. ${NOTHING_TRAINED}`,
  },
  {
    finding: 'yours-better',
    when: tunedReplaces,
    action: 'keep',
    version: ({ tuned }) => tuned,
    title: keep,
    why: `It is clearly better. ${NOTHING_TRAINED}`,
  },
  { ...LONGER, finding: 'no-clear-difference', when: ({ stillFalling }) => stillFalling },
  {
    ...KEEP,
    when: ({ field }) => headlineLead(field).comparisons === 0,
    why: (of) =>
      isTrained(of) ? `${Called(of.field.tuned, of.field)} is not clearly closer to your texts.` : NOTHING_TRAINED,
  },
  {
    ...KEEP,
    when: (of) => moreRows(of) === null,
    why: 'Any difference is too small to matter at this size: no realistic number of rows would show it.',
  },
  {
    ...KEEP,
    when: ({ field }) => headlineLead(field).difference < 0,
    why: ({ field }) =>
      `${Called(field.tuned, field)} is not ahead of it, and more test rows are unlikely to change that.`,
  },
  {
    ...SETTLE,
    when: (of) => everyRowShows(of, headlineLead(of.field)) !== null,
    action: 'every-row',
    title: (of) => everyRowTitle(of, headlineLead(of.field)),
  },
  {
    ...SETTLE,
    when: () => true,
    action: 'label-more',
    title: (of) => labelTitle(of.field, moreRows(of) ?? 0),
  },
];

const everyRowTitle = (of: Case, lead: Lead): string => {
  const { everyRowSeconds: seconds } = of;
  return `Check every row${seconds == null ? '' : `, ${duration(seconds)}`}: shows gains above ${Math.round(100 * (everyRowShows(of, lead) ?? 0))} points`;
};

const labelTitle = ({ folds }: Field, more: number): string =>
  `Label about ${about(more)} more ${folds ? '' : 'test '}${more === 1 ? 'row' : 'rows'}`;

function keptInProduction({ field }: Case, advice: Settled): Settled {
  const { production } = field;
  const { version, action } = advice;
  if (!production || action !== 'ship' || production.report === version || beats(field, version, production.report))
    return advice;
  const other = called(version, field);
  return {
    ...advice,
    action: 'keep',
    version: production.report,
    title: `Keep using ${called(production.report, field)}`,
    why: `It is in use, and ${beats(field, production.report, version) ? `clearly better than ${other}` : `${other} is not clearly better`}.`,
  };
}

/** Nothing is shipped that does not clearly beat one answer for every row; where it is kept, that is said. */
function againstOneAnswer(of: Case, advice: Settled): Settled {
  const { field } = of;
  const { majority } = field;
  const { action, version, why } = advice;
  if (!majority || version.kind === 'reference' || action === 'check-labels') return advice;
  const lead = field.compare(majority, version);
  if (lead.finding === 'b-better') return advice;
  const open = paragraph(
    why,
    lead.finding === 'a-better'
      ? null
      : `${Called(version, field)} is not clearly better than always giving one answer.`,
  );
  if (action !== 'ship') return { ...advice, why: open };
  const more = lead.difference > 0 ? rowsToLabel(field, lead) : null;
  if (more === null) return { ...advice, action: 'check-labels', title: CHECK_LABELS, why: open };
  const settled = { ...advice, why: paragraph(open, IF_AS_LARGE) };
  return everyRowShows(of, lead) === null
    ? {
        ...settled,
        action: 'label-more',
        title: `${labelTitle(field, more)} before you use ${called(version, field)}`,
      }
    : { ...settled, action: 'every-row', title: everyRowTitle(of, lead) };
}

/** What is level with the recommended prompt is in the title: a reader of the title alone must not take a tie for a win. */
function withTies({ field }: Case, advice: Settled): Advice {
  const { action, version, title } = advice;
  const words = ['ship', 'keep', 'count-words'].includes(action) ? levelWords(field, version) : null;
  if (words === null) return { ...advice, advised: title, level: '' };
  return {
    ...advice,
    advised: title,
    title: `${title}: ${words}`,
    level: (action === 'keep' ? null : levelSentences(field, version)) ?? '',
  };
}

export function ruleFor(of: Case, rules = RULES): Rule {
  const rule = rules.find(({ when }) => when(of));
  if (!rule) throw new Error('the last rule fits every comparison');
  return rule;
}

export function adviceOf(of: Case): Advice {
  const { finding, action, ...rule } = ruleFor(of);
  const version = rule.version(of.field);
  const advice = { finding, action, version, title: say(rule.title, of, version), why: say(rule.why, of, version) };
  return withTies(of, againstOneAnswer(of, keptInProduction(of, advice)));
}
