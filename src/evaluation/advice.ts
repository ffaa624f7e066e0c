import { capitalised, counted, duration } from '../lib/format';
import { isClose, MARGIN } from './classify/pairs';
import {
  beats,
  best,
  between,
  betweenBack,
  Called,
  called,
  type Field,
  type FieldArm,
  isHand,
  type Lead,
  looksSentence,
  on,
  paragraph,
  pointsOf,
  pWords,
  rightOf,
  rowsToLabel,
  shots,
  shownByEveryRow,
  unclearSpread,
} from './field';
import { levelSentences, levelWords, replacement } from './level';
import { isLearned, type Verdict, type VerdictKind } from './types';
import { about, points, pointsRange, pointsWithUnit } from './words';

/**
 * What a comparison found, and what to do (`docs/method/statistics.md`): one ordered table, of which the first rule that
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

const promptsOf = ({ hand, tuned, hybrid, fewShot }: Field): readonly FieldArm[] =>
  [hand, tuned, hybrid, fewShot].filter((arm) => arm !== null);

const top = (arms: readonly (FieldArm | null)[], field: Field): FieldArm =>
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
function alone(of: Case): FieldArm {
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

const headlineLead = ({ hand, tuned, compare }: Field): Lead => compare(hand, tuned);
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

// What was found, whatever is done about it: a headline, effect first, and what it rests on.

interface Found {
  readonly headline: (field: Field) => string;
  readonly detail: (field: Field) => readonly (string | null)[];
}

/** ". It is level with your prompt with eight examples": what a headline must not leave out. */
const andLevel = (field: Field, arm: FieldArm): string => {
  const words = levelWords(field, arm);
  return words === null ? '' : `. It is ${words}`;
};

/** How far the tuned prompt is ahead of its own text without vectors: a hand-written prompt may be worse than both. */
function trainingAdded(field: Field): string | null {
  const { untuned, tuned } = field;
  if (!untuned || (tuned.kind !== 'tuned' && tuned.kind !== 'ensemble')) return null;
  const lead = field.compare(untuned, tuned);
  const control = `The untuned prompt, the same text without vectors, reaches ${rightOf(untuned)}`;
  return {
    'b-better': `Training itself added ${pointsWithUnit(lead.difference)}, probably ${between(lead)}. ${control}.`,
    'a-better': `Training itself made it worse by ${pointsWithUnit(-lead.difference)}. ${control}.`,
    unclear: `Training itself added nothing clear. ${control}. ${capitalised(unclearSpread(lead))}.`,
  }[lead.finding];
}

/** Whatever a prompt is not clearly ahead of, although it clearly beats the hand-written ones: examples, word counts, a probe. */
const openLeads = (field: Field, prompt: FieldArm): readonly string[] =>
  [field.fewShot, field.words, field.probe]
    .filter((arm) => arm !== null && !beats(field, prompt, arm))
    .map((arm) => arm && `Its lead over ${called(arm, field)} (${rightOf(arm)}) is not clear on these rows.`)
    .filter((sentence) => sentence !== null);

/** Where nothing is clearly better: word counts that no prompt can be far ahead of. Null where one can, or none were made. */
function wordsMayDo(field: Field): string | null {
  const { words, majority, hand, tuned, fewShot } = field;
  if (!words || (majority && !beats(field, words, majority))) return null;
  const lead = field.compare(words, top([hand, tuned, fewShot], field));
  return lead.finding !== 'b-better' && isClose(lead)
    ? `A word-count classifier reaches ${rightOf(words)}, and needs no model. No prompt is likely to be ${pointsWithUnit(MARGIN)} ahead of it.`
    : null;
}

/** What the tuned prompt gained over the version in production, on the same rows, and what it has learned from since. */
function sinceProduction(field: Field): string | null {
  const { production, tuned } = field;
  if (!production || production.report === tuned || !isLearned(tuned.kind)) return null;
  const lead = field.compare(production.report, tuned);
  const rows = production.addedRows;
  const since = rows > 0 ? ` ${counted(rows, 'training row was', 'training rows were')} added since.` : '';
  const against = `Against ${called(production.report, field)}, ${called(tuned, field)} is`;
  const found = {
    'b-better': `${against} better by ${pointsWithUnit(lead.difference)}. The gain is probably ${between(lead)} (${pWords(lead)}).`,
    'a-better': `${against} worse by ${pointsWithUnit(-lead.difference)}. The change is probably ${between(lead)} (${pWords(lead)}).`,
    unclear: `${against} not clearly better or worse. The difference is ${pointsWithUnit(lead.difference)}, probably ${between(lead)}.`,
  }[lead.finding];
  return found + since;
}

/** Of two prompts, which leads on the rows, in a headline. */
const beatsBy = (field: Field, a: FieldArm, b: FieldArm): string =>
  `${called(a, field)} beats ${called(b, field)} by ${pointsOf(field, field.compare(b, a).difference)} ${on(field)}`;

/** The chosen hand-written prompt, where the tuned one beats it: the pair that the figures show; else the best one. */
const namedHand = (field: Field): FieldArm => (beats(field, field.tuned, field.first) ? field.first : field.hand);

const gained: Found = {
  headline: (field) => `${beatsBy(field, field.tuned, namedHand(field))}${andLevel(field, field.tuned)}`,
  detail: (field) => {
    const { hand, tuned } = field;
    const lead = field.compare(namedHand(field), tuned);
    const overBest = field.compare(hand, tuned);
    return [
      `It ${field.changed(lead)}. With this much data the true gain is probably ${between(lead)} (${pWords(lead)}).`,
      namedHand(field) === hand
        ? null
        : `It also beats ${called(hand, field)}, the best hand-written prompt on these rows, by ${pointsWithUnit(overBest.difference)}. That is probably ${between(overBest)}.`,
      trainingAdded(field),
      ...openLeads(field, tuned),
      field.caution,
    ];
  },
};

const FOUND: Readonly<Record<VerdictKind, Found>> = {
  'nothing-beats-majority': {
    headline: (field) => `nothing here clearly beats ${called(field.majority ?? field.hand, field)}, ${on(field)}`,
    detail: (field) => {
      const other = top([...promptsOf(field), field.words, field.probe], field);
      return [
        `It is right on ${rightOf(field.majority ?? field.hand)}; the best of the others, ${called(other, field)}, on ${rightOf(other)}.`,
        'Accuracy says little when one label is so common, or when the text does not tell the label. Look at macro-F1, check the labels, or add rows with rare labels.',
        field.caution,
      ];
    },
  },

  'probe-better': {
    headline: (field) => {
      const prompt = top(promptsOf(field), field);
      const { difference } = field.compare(prompt, field.probe ?? prompt);
      return `a linear probe of the same model beats ${called(prompt, field)} by ${pointsOf(field, difference)} ${on(field)}`;
    },
    detail: (field) => {
      const prompt = top(promptsOf(field), field);
      const lead = field.compare(prompt, field.probe ?? prompt);
      return [
        `Logistic regression on the model’s hidden states reaches ${rightOf(field.probe ?? prompt)}, ${called(prompt, field)}, the best prompt, ${rightOf(prompt)}. Its true lead is probably ${between(lead)} (${pWords(lead)}).`,
        `The model tells the labels apart, but the answer words do not bring it out. Try other answer words, or another cue.${field.keepsProbe ? ' The probe can be saved as a version, and used as a prompt is.' : ''}`,
        trainingAdded(field),
      ];
    },
  },

  'combined-better': {
    headline: (field) => {
      const combined = field.combined ?? field.tuned;
      const rival = alone({ field, stillFalling: false });
      return `${beatsBy(field, combined, rival)}${andLevel(field, combined)}`;
    },
    detail: (field) => {
      const combined = field.combined ?? field.tuned;
      const lead = field.compare(alone({ field, stillFalling: false }), combined);
      const overHand = field.compare(field.hand, combined);
      return [
        `It ${field.changed(lead)}. The true gain is probably ${between(lead)} (${pWords(lead)}).`,
        `Over ${called(field.hand, field)} it gains ${pointsWithUnit(overHand.difference)}, probably ${between(overHand)} (${pWords(overHand)}).`,
        trainingAdded(field),
        field.caution,
      ];
    },
  },

  'hybrid-better': {
    headline: (field) => {
      const { hand, tuned, hybrid } = field;
      const vectors = hybrid ?? tuned;
      return `${called(vectors, field)} beats ${called(hand, field)} by ${pointsWithUnit(field.compare(hand, vectors).difference)} and ${called(tuned, field)} by ${points(field.compare(tuned, vectors).difference)}${field.metric}, ${on(field)}${andLevel(field, vectors)}`;
    },
    detail: (field) => {
      const vectors = field.hybrid ?? field.tuned;
      const [overHand, overTuned] = [field.compare(field.hand, vectors), field.compare(field.tuned, vectors)];
      return [
        `Against ${called(field.hand, field)} it ${field.changed(overHand)}. The true gain is probably ${between(overHand)} (${pWords(overHand)}).`,
        `Against ${called(field.tuned, field)} the true gain is probably ${between(overTuned)} (${pWords(overTuned)}).`,
      ];
    },
  },

  'yours-better': {
    headline: (field) => {
      if (!beats(field, field.hand, field.tuned)) return gained.headline(field);
      return `${beatsBy(field, field.hand, field.tuned)}${isLearned(field.tuned.kind) ? ': keep it' : ''}`;
    },
    detail: (field) => {
      const { hand, tuned } = field;
      const lead = field.compare(hand, tuned);
      if (lead.finding !== 'a-better') return gained.detail(field);
      return isLearned(tuned.kind)
        ? [
            `Tuning ${field.changed(lead)}. The true loss is probably ${betweenBack(lead)} (${pWords(lead)}). To try again: use more training rows, other initial vectors, or a lower learning rate.`,
            field.caution,
          ]
        : [
            `Against it ${called(tuned, field)} ${field.changed(lead)}. The true gain is probably ${betweenBack(lead)} (${pWords(lead)}).`,
          ];
    },
  },

  'words-do-as-well': {
    headline: (field) => {
      const { hand, tuned, fewShot, words } = field;
      const prompt = top([hand, tuned, fewShot], field);
      return `a word-count classifier ${beats(field, words ?? hand, prompt) ? 'beats every prompt' : `is level with ${called(prompt, field)}`} (${rightOf(words ?? hand)}): you may not need a language model`;
    },
    detail: (field) => {
      const { hand, tuned, fewShot, words } = field;
      const prompt = top([hand, tuned, fewShot], field);
      const [lead, gain] = [field.compare(words ?? hand, prompt), field.compare(hand, tuned)];
      const isGain = gain.finding === 'b-better';
      return [
        `The best prompt, ${called(prompt, field)}, reaches ${rightOf(prompt)} ${on(field)}. Its true lead over the word counts is probably ${between(lead)} (${pWords(lead)}).`,
        isGain
          ? `The tuned prompt does beat ${called(hand, field)}, by ${pointsWithUnit(gain.difference)} (${pointsRange(gain.ci95.low, gain.ci95.high)}).`
          : null,
        isGain ? trainingAdded(field) : null,
        'Where single words give the label away, TF-IDF with logistic regression is faster and needs no model.',
      ];
    },
  },

  'text-does-as-well': {
    headline: (field) => {
      const text = field.untuned ?? field.tuned;
      return beats(field, text, field.tuned)
        ? `${beatsBy(field, text, field.tuned)}: its vectors made it worse`
        : `${called(text, field)} is level with ${called(field.tuned, field)} ${on(field)}: no vectors needed`;
    },
    detail: (field) => {
      const { hand, tuned } = field;
      const text = field.untuned ?? tuned;
      const [overHand, lead] = [field.compare(hand, text), field.compare(text, tuned)];
      return [
        `The same text without vectors reaches ${rightOf(text)}, ${called(tuned, field)} ${rightOf(tuned)}, ${called(hand, field)} ${rightOf(hand)}.`,
        `Over ${called(hand, field)} the text alone gains ${pointsWithUnit(overHand.difference)}. That is probably ${between(overHand)} (${pWords(overHand)}).`,
        lead.finding === 'a-better'
          ? `Its true lead over ${called(tuned, field)} is probably ${betweenBack(lead)} (${pWords(lead)}).`
          : `What training itself added is not clear. ${capitalised(unclearSpread(lead))}.`,
        ...openLeads(field, text),
      ];
    },
  },

  'examples-do-as-well': {
    headline: (field) => {
      const { fewShot, tuned } = field;
      if (!fewShot) return gained.headline(field);
      return beats(field, fewShot, tuned)
        ? `${shots(fewShot)} beat the tuned prompt by ${pointsOf(field, -field.compare(fewShot, tuned).difference)} ${on(field)}: no training needed`
        : `${shots(fewShot)} are level with the tuned prompt ${on(field)}: no training needed`;
    },
    detail: (field) => {
      const { fewShot, hand, tuned } = field;
      if (!fewShot) return gained.detail(field);
      const lead = field.compare(fewShot, tuned);
      return [
        `Your prompt with ${shots(fewShot)} reaches ${rightOf(fewShot)}, the tuned prompt ${rightOf(tuned)}, ${called(hand, field)} alone ${rightOf(hand)}.`,
        lead.finding === 'a-better'
          ? `The true lead of the examples is probably ${betweenBack(lead)} (${pWords(lead)}).`
          : `Tuning's true lead over the examples is probably ${between(lead)} (${pWords(lead)}).`,
      ];
    },
  },

  'tuned-better': gained,

  'no-clear-difference': {
    headline: (field) =>
      `no clear difference between ${called(field.tuned, field)} and ${called(field.hand, field)} ${on(field)}`,
    detail: (field) => {
      const { hand, tuned } = field;
      const lead = field.compare(hand, tuned);
      const more = rowsToLabel(field, lead);
      return [
        lead.difference === 0
          ? `Both reach ${rightOf(tuned)}.`
          : `${Called(tuned, field)} reaches ${rightOf(tuned)} and ${called(hand, field)} ${rightOf(hand)}. That may be chance (${pWords(lead)}).`,
        `${capitalised(unclearSpread(lead))}.`,
        more !== null
          ? `About ${about(more)} more ${field.folds ? '' : 'test '}rows would settle it, if the difference is as large as it looks.`
          : lead.comparisons === 0
            ? null
            : 'If they differ at all, the difference is too small to matter at this size: keep the simpler one.',
        wordsMayDo(field),
        field.caution,
      ];
    },
  },
};

/** What a comparison found. @param field null where the plan's first pair does not name two arms */
export function verdictOf(field: Field | null): Verdict {
  if (!field)
    return {
      kind: 'no-clear-difference',
      headline: 'Nothing to compare yet',
      detail: 'Choose a hand-written prompt and a tuned one, and compare them on the test rows.',
      rowsNeeded: null,
    };
  const { finding } = ruleFor({ field, stillFalling: false });
  const { headline, detail } = FOUND[finding];
  return {
    kind: finding,
    headline: capitalised(headline(field)),
    detail: paragraph(...detail(field), looksSentence(field), sinceProduction(field)),
    rowsNeeded: finding === 'no-clear-difference' ? rowsToLabel(field, headlineLead(field)) : null,
  };
}
