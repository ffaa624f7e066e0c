import { capitalised } from '../../lib/format';
import { type ArmReport, isLearned, type Verdict } from '../types';
import { about, points, pointsRange, pointsWithUnit } from '../words';
import { best, compareArms, type Field, type FieldInput, fieldOf, rowsToLabel } from './field';
import { levelWords, replacement } from './level';
import { aWins, bWins } from './pairs';
import {
  between,
  called,
  looksSentence,
  macroCaution,
  on,
  paragraph,
  pWords,
  rightOf,
  shots,
  sinceProduction,
  unclearSpread,
  verdict,
  wordsAgainstBest,
  wordsMayDo,
} from './titles';

type Rule = (field: Field) => Verdict | null;

/** ", and is level with your prompt with eight examples": what a headline must not leave out. */
const andLevel = (field: Field, arm: ArmReport): string => {
  const words = levelWords(field, arm);
  return words === null ? '' : `, and is ${words}`;
};

const promptsOf = ({ hand, tuned, hybrid, fewShot }: Field): readonly ArmReport[] =>
  [hand, tuned, hybrid, fewShot].filter((arm) => arm !== null);

/** How far the tuned prompt is ahead of its own text without vectors: a hand-written prompt may be worse than both. */
function trainingAdded(field: Field): string | null {
  const { untuned, tuned } = field;
  if (!untuned || (tuned.kind !== 'tuned' && tuned.kind !== 'ensemble')) return null;
  const d = compareArms(field, untuned, tuned);
  const control = `the untuned prompt, the same text without vectors, reaches ${rightOf(untuned)}`;
  if (bWins(d)) return `Training itself added ${pointsWithUnit(d.difference)}, probably ${between(d)}: ${control}.`;
  if (aWins(d)) return `Training itself made it worse by ${pointsWithUnit(-d.difference)}: ${control}.`;
  return `Training itself added nothing clear: ${control}, and ${unclearSpread(d)}.`;
}

/** A point lead over the majority line below which nothing has been shown. */
const MAJORITY_MARGIN = 0.05;

/** No arm is clearly above always choosing the most frequent label, nor ahead of it by much. */
const nothingBeatsMajority: Rule = (field) => {
  const { majority, words, probe } = field;
  if (!majority) return null;
  const others = [...promptsOf(field), words, probe].filter((arm) => arm !== null);
  const beaten = others.some((arm) => {
    const d = compareArms(field, majority, arm);
    return bWins(d) || d.difference >= MAJORITY_MARGIN;
  });
  if (beaten) return null;
  const top = best(others) as ArmReport;
  return verdict(
    'nothing-beats-majority',
    `nothing here clearly beats ${called(majority, field)}, ${on(field)}`,
    paragraph(
      `It is right on ${rightOf(majority)}; the best of the others, ${called(top, field)}, on ${rightOf(top)}.`,
      'Accuracy says little when one label is so common, or when the text does not tell the label: look at macro-F1, check the labels, or add rows with rare labels.',
      macroCaution(field),
      looksSentence(field),
    ),
  );
};

/** The hand-written prompt clearly beats the tuned one: said plainly. */
const yoursBetter: Rule = (field) => {
  const { hand, tuned } = field;
  const d = compareArms(field, hand, tuned);
  if (!aWins(d)) return null;
  // where nothing was tuned, two texts were compared, and the one without an instruction did better
  const isTrained = isLearned(tuned.kind);
  const range = `${pointsRange(-d.ci95.high, -d.ci95.low, 'and')} points (${pWords(d)})`;
  return verdict(
    'yours-better',
    `${called(hand, field)} beats ${called(tuned, field)} by ${pointsWithUnit(-d.difference)} ${on(field)}${isTrained ? ': keep it' : ''}`,
    paragraph(
      isTrained
        ? `Tuning broke ${d.aOnly} rows and fixed ${d.bOnly}. The true loss is probably between ${range}. To try again: use more training rows, other initial vectors, or a lower learning rate.`
        : `It is right on ${d.aOnly} rows that the other gets wrong, and wrong on ${d.bOnly} that the other gets right. The true gain is probably between ${range}.`,
      isTrained ? macroCaution(field) : null,
      looksSentence(field),
    ),
  );
};

/** The model's own hidden states tell the labels better than any prompt asks for them, and better than words do. */
const probeBetter: Rule = (field) => {
  const { probe, words } = field;
  if (!probe) return null;
  const top = best(promptsOf(field)) as ArmReport;
  const d = compareArms(field, top, probe);
  if (!bWins(d) || (words && !bWins(compareArms(field, words, probe)))) return null;
  return verdict(
    'probe-better',
    `a linear probe of the same model beats ${called(top, field)} by ${pointsWithUnit(d.difference)} ${on(field)}`,
    paragraph(
      `Logistic regression on the model’s hidden states reaches ${rightOf(probe)}, ${called(top, field)}, the best prompt, ${rightOf(top)}; its true lead is probably ${between(d)} (${pWords(d)}).`,
      'The model tells the labels apart, but the answer words do not bring it out: try other answer words, or another cue. The probe can be saved as a version, and used as a prompt is.',
      trainingAdded(field),
      looksSentence(field),
    ),
  );
};

/** Vectors on top of the hand-written prompt beat both prompts that it is made of, and nothing cheaper is level with it. */
const hybridBetter: Rule = (field) => {
  const { hand, tuned, hybrid } = field;
  if (!hybrid || replacement(field) !== hybrid) return null;
  const overHand = compareArms(field, hand, hybrid);
  const overTuned = compareArms(field, tuned, hybrid);
  return verdict(
    'hybrid-better',
    `${called(hybrid, field)} beats ${called(hand, field)} by ${pointsWithUnit(overHand.difference)} and ${called(tuned, field)} by ${points(overTuned.difference)}, ${on(field)}${andLevel(field, hybrid)}`,
    paragraph(
      `Against ${called(hand, field)} it fixed ${overHand.bOnly} rows and broke ${overHand.aOnly}; the true gain is probably ${between(overHand)} (${pWords(overHand)}).`,
      `Against ${called(tuned, field)} the true gain is probably ${between(overTuned)} (${pWords(overTuned)}).`,
      looksSentence(field),
    ),
  );
};

/**
 * A bag of words is clearly better than the hand-written prompt, and no prompt is clearly better than it. Where it does not
 * beat that, nothing speaks for a change, and "no clear difference" says that word counts may do as well.
 */
const wordsDoAsWell: Rule = (field) => {
  const found = wordsAgainstBest(field);
  if (!found || replacement(field) !== found.words) return null;
  const { words, top, d } = found;
  const { hand, tuned } = field;
  const gain = compareArms(field, hand, tuned);
  return verdict(
    'words-do-as-well',
    `a word-count classifier ${aWins(d) ? 'beats every prompt' : `is level with ${called(top, field)}`} (${rightOf(words)}): you may not need a language model`,
    paragraph(
      `The best prompt, ${called(top, field)}, reaches ${rightOf(top)} ${on(field)}; its true lead over the word counts is probably ${between(d)} (${pWords(d)}).`,
      bWins(gain)
        ? `The tuned prompt does beat ${called(hand, field)}, by ${pointsWithUnit(gain.difference)} (${pointsRange(gain.ci95.low, gain.ci95.high)}).`
        : null,
      bWins(gain) ? trainingAdded(field) : null,
      'Where single words give the label away, TF-IDF with logistic regression is faster and needs no model.',
      looksSentence(field),
    ),
  );
};

/** Clearly ahead of every prompt, which of the prompts is better no longer matters. */
const wordsAhead: Rule = (field) =>
  field.words && promptsOf(field).every((arm) => bWins(compareArms(field, arm, field.words as ArmReport)))
    ? wordsDoAsWell(field)
    : null;

/** Whatever a prompt is not clearly ahead of, although it clearly beats the hand-written ones: examples, word counts, a probe. */
const openLeads = (field: Field, prompt: ArmReport): readonly string[] =>
  [field.fewShot, field.words, field.probe]
    .filter((arm) => arm !== null)
    .filter((arm) => !bWins(compareArms(field, arm, prompt)))
    .map((arm) => `Its lead over ${called(arm, field)} (${rightOf(arm)}) is not clear on these rows.`);

/**
 * The text that was trained with is level with its vectors, and is clearly better than the hand-written prompt: what training
 * seemed to gain may be the gain of the text.
 */
const textDoesAsWell: Rule = (field) => {
  const { untuned, hand, tuned } = field;
  if (!untuned || replacement(field) !== untuned) return null;
  const overHand = compareArms(field, hand, untuned);
  const d = compareArms(field, untuned, tuned);
  if (bWins(d)) return null;
  return verdict(
    'text-does-as-well',
    aWins(d)
      ? `${called(untuned, field)} beats ${called(tuned, field)} by ${pointsWithUnit(-d.difference)} ${on(field)}: its vectors made it worse`
      : `${called(untuned, field)} is level with ${called(tuned, field)} ${on(field)}: no vectors needed`,
    paragraph(
      `The same text without vectors reaches ${rightOf(untuned)}, ${called(tuned, field)} ${rightOf(tuned)}, ${called(hand, field)} ${rightOf(hand)}.`,
      `Over ${called(hand, field)} the text alone gains ${pointsWithUnit(overHand.difference)}, probably ${between(overHand)} (${pWords(overHand)}).`,
      aWins(d)
        ? `Its true lead over ${called(tuned, field)} is probably between ${pointsRange(-d.ci95.high, -d.ci95.low, 'and')} points (${pWords(d)}).`
        : `What training itself added is not clear: ${unclearSpread(d)}.`,
      ...openLeads(field, untuned),
      looksSentence(field),
    ),
  );
};

/** Examples in the prompt clearly beat the hand-written prompt alone, and the tuned prompt too or at no more tokens. */
const examplesDoAsWell: Rule = (field) => {
  const { fewShot, hand, tuned } = field;
  if (!fewShot || replacement(field) !== fewShot) return null;
  const d = compareArms(field, fewShot, tuned);
  if (bWins(d)) return null;
  const clear = aWins(d);
  const range = clear
    ? `The true lead of the examples is probably between ${pointsRange(-d.ci95.high, -d.ci95.low, 'and')} points (${pWords(d)}).`
    : `Tuning's true lead over the examples is probably ${between(d)} (${pWords(d)}).`;
  return verdict(
    'examples-do-as-well',
    clear
      ? `${shots(fewShot)} beat the tuned prompt by ${pointsWithUnit(-d.difference)} ${on(field)}: no training needed`
      : `${shots(fewShot)} are level with the tuned prompt ${on(field)}: no training needed`,
    paragraph(
      `Your prompt with ${shots(fewShot)} reaches ${rightOf(fewShot)}, the tuned prompt ${rightOf(tuned)}, ${called(hand, field)} alone ${rightOf(hand)}.`,
      range,
      looksSentence(field),
    ),
  );
};

/**
 * Clearly better than the best hand-written prompt. The headline then names the chosen one, which is the pair that the
 * figures show; the best one's result follows, and what training itself added.
 */
const tunedBetter: Rule = (field) => {
  const { hand, first, tuned } = field;
  if (replacement(field) !== tuned) return null;
  const overBest = compareArms(field, hand, tuned);
  const overFirst = compareArms(field, first, tuned);
  const [named, d] = bWins(overFirst) ? [first, overFirst] : [hand, overBest];
  const kind = isLearned(tuned.kind)
    ? 'tuned-better'
    : tuned.kind === 'few-shot'
      ? 'examples-do-as-well'
      : 'yours-better';
  return verdict(
    kind,
    `${called(tuned, field)} beats ${called(named, field)} by ${pointsWithUnit(d.difference)} ${on(field)}${andLevel(field, tuned)}`,
    paragraph(
      `It fixed ${d.bOnly} rows and broke ${d.aOnly}. With this much data the true gain is probably ${between(d)} (${pWords(d)}).`,
      named === hand
        ? null
        : `It also beats ${called(hand, field)}, the best hand-written prompt on these rows, by ${pointsWithUnit(overBest.difference)}, probably ${between(overBest)}.`,
      trainingAdded(field),
      ...openLeads(field, tuned),
      macroCaution(field),
      looksSentence(field),
    ),
  );
};

/** Neither is clearly better; how far apart they may be, and how many rows would tell. */
const noClearDifference = (field: Field): Verdict => {
  const { hand, tuned } = field;
  const d = compareArms(field, hand, tuned);
  const more = rowsToLabel(field, d);
  const seen =
    d.difference === 0
      ? `Both get ${rightOf(tuned)} right.`
      : `${capitalised(called(tuned, field))} gets ${rightOf(tuned)} right and ${called(hand, field)} ${rightOf(hand)}, which may be chance (${pWords(d)}).`;
  return verdict(
    'no-clear-difference',
    `no clear difference between ${called(tuned, field)} and ${called(hand, field)} ${on(field)}`,
    paragraph(
      seen,
      `${capitalised(unclearSpread(d))}.`,
      more === null
        ? 'If they differ at all, the difference is too small to matter at this size: keep the simpler one.'
        : `About ${about(more)} more ${field.folds ? '' : 'test '}rows would settle it, if the difference is as large as it looks.`,
      wordsMayDo(field),
      macroCaution(field),
      looksSentence(field),
    ),
    more,
  );
};

/** The first that applies decides: a probe, then word counts ahead of every prompt, vectors on top of a prompt, a loss, then results that need no training, then what training gained. */
const RULES: readonly Rule[] = [
  nothingBeatsMajority,
  probeBetter,
  wordsAhead,
  hybridBetter,
  yoursBetter,
  wordsDoAsWell,
  textDoesAsWell,
  examplesDoAsWell,
  tunedBetter,
];

/**
 * The verdict in words (`docs/method/statistics.md`). It rests on the exact McNemar test (corrected by Holm where several
 * pairs were compared; by whole groups where rows belong together) and the interval of the difference together, never on a point estimate, and on the test rows alone.
 *
 * The tuned prompt has to beat the *best* hand-written prompt on these rows: choosing that one with hindsight favours
 * the hand-written prompt, so a win is a win. `docs/method/training.md`'s three stories come out as: tweets, tuning wins; sst2, eight calibrated
 * examples do as well; intents, a bag of words does as well.
 */
export function verdictOf(input: FieldInput): Verdict {
  const field = fieldOf(input);
  if (!field)
    return verdict(
      'no-clear-difference',
      'nothing to compare yet',
      'Choose a hand-written prompt and a tuned one, and compare them on the test rows.',
    );
  const decided = RULES.reduce<Verdict | null>((found, rule) => found ?? rule(field), null) ?? noClearDifference(field);
  return { ...decided, detail: paragraph(decided.detail, isLearned(field.tuned.kind) ? sinceProduction(field) : null) };
}
