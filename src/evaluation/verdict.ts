/** What a comparison found, whatever is done about it: a headline, effect first, and what it rests on. */
import { capitalised, counted } from '../lib/format';
import { alone, headlineLead, promptsOf, ruleFor, top } from './advice';
import { isClose, MARGIN } from './classify/pairs';
import {
  beats,
  between,
  betweenBack,
  Called,
  called,
  type Field,
  type FieldArm,
  looksSentence,
  on,
  paragraph,
  pointsOf,
  pWords,
  rightOf,
  rowsToLabel,
  shots,
  unclearSpread,
} from './field';
import { levelWords } from './level';
import { isLearned, type Verdict, type VerdictKind } from './types';
import { about, points, pointsRange, pointsWithUnit } from './words';

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
