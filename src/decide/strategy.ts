/** What to do next: after a comparison what its card says, before one what the answers about the project suggest. */

import type { VerdictCard } from '../evaluation/card';
import { type ArmKind, isLearned } from '../evaluation/types';
import { counted } from '../lib/format';
import { drawsExamples } from '../prompt/prompt';
import { chosenWritten } from '../prompt-set/make-versions';
import { stagesOf } from '../prompt-set/stages';
import type { PromptSet } from '../prompt-set/types';
import { isTuned, versionsOf } from '../prompt-set/versions';

export const QUESTIONS = {
  timeline: { ask: 'When is it needed?', answers: { days: 'in days', weeks: 'in weeks', months: 'in months' } },
  expertise: {
    ask: 'Who builds it?',
    answers: { analysts: 'analysts', developers: 'developers', engineers: 'machine learning engineers' },
  },
  privacy: {
    ask: 'Where may the texts go?',
    answers: { anywhere: 'to a provider', inside: 'nowhere: they stay inside' },
  },
  serving: {
    ask: 'What will answer?',
    answers: { weights: 'a model whose weights you have', api: 'a text-only API' },
  },
  domain: {
    ask: 'How are the texts written?',
    answers: { everyday: 'in everyday words', specialised: 'in the terms of a company or trade' },
  },
  budget: { ask: 'What may it cost?', answers: { hundreds: 'hundreds', thousands: 'thousands', more: 'more' } },
  stage: {
    ask: 'How far along is it?',
    answers: { idea: 'an idea', pilot: 'a pilot', production: 'in production' },
  },
  volume: {
    ask: 'How many rows a month?',
    answers: { low: 'under 1,000', middle: '1,000 to 100,000', high: 'over 100,000' },
  },
} as const;

export type Question = keyof typeof QUESTIONS;
export type Answers = { readonly [Q in Question]: keyof (typeof QUESTIONS)[Q]['answers'] };

export const FIRST_ANSWERS: Answers = {
  timeline: 'weeks',
  expertise: 'analysts',
  privacy: 'inside',
  serving: 'weights',
  domain: 'specialised',
  budget: 'hundreds',
  stage: 'pilot',
  volume: 'middle',
};

export const ROW_COUNTS = ['few', 'some', 'many'] as const;
/** Labelled rows at hand: under 100, under 2,000, more. */
export type RowCount = (typeof ROW_COUNTS)[number];
export const rowCountOf = (rows: number): RowCount => (rows < 100 ? 'few' : rows < 2000 ? 'some' : 'many');

export interface Facts extends Answers {
  readonly rows: RowCount;
}

export type Advice = Pick<VerdictCard, 'action' | 'armId' | 'title' | 'why' | 'level' | 'caution' | 'change'>;

export const STARTS = {
  keep: 'Keep using your prompt',
  examples: 'Add examples to your prompt',
  tune: 'Use a tuned prompt',
  'fine-tune': 'Fine-tune a model',
} as const;
type Start = keyof typeof STARTS;

const mayFineTune = ({ expertise, budget, timeline, rows, serving }: Facts): boolean =>
  expertise === 'engineers' && budget === 'more' && timeline === 'months' && rows === 'many' && serving === 'weights';

/** Vectors enter below the text: a text-only API has no place for them. */
const takesVectors = ({ serving, privacy }: Facts): boolean => serving === 'weights' || privacy === 'inside';

const RULES: readonly { readonly start: Start; readonly when: (facts: Facts) => boolean }[] = [
  { start: 'examples', when: (f) => !takesVectors(f) || f.rows === 'few' },
  { start: 'fine-tune', when: (f) => mayFineTune(f) && f.domain === 'specialised' },
  { start: 'keep', when: (f) => f.timeline === 'days' && f.stage === 'idea' && f.volume !== 'high' },
  { start: 'tune', when: (f) => f.domain === 'specialised' || f.volume === 'high' || f.stage === 'production' },
  { start: 'examples', when: () => true },
];

interface Reason {
  readonly for: readonly Start[];
  readonly when?: (facts: Facts) => boolean;
  readonly text: string;
}

/** In the order of their weight; the first three that hold are shown. */
const REASONS: readonly Reason[] = [
  {
    for: ['examples', 'keep'],
    when: (f) => !takesVectors(f),
    text: 'A text-only API has no place for vectors.',
  },
  {
    for: ['tune'],
    when: ({ volume }) => volume === 'high',
    text: 'With over 100,000 rows a month, the tokens that examples cost add up.',
  },
  {
    for: ['examples', 'keep'],
    when: ({ rows }) => rows === 'few',
    text: 'Fewer than 100 labelled rows are not much to train and test on.',
  },
  { for: ['fine-tune'], text: 'You have the rows, the people, the time and the budget that fine-tuning takes.' },
  {
    for: ['tune', 'fine-tune'],
    when: ({ domain }) => domain === 'specialised',
    text: 'The language of a trade is easier to learn from examples than to describe.',
  },
  { for: ['keep', 'examples'], when: ({ timeline }) => timeline === 'days', text: 'It is ready in days.' },
  {
    for: ['keep', 'examples', 'tune'],
    when: ({ expertise }) => expertise === 'analysts',
    text: 'Analysts can do it without an engineer.',
  },
  {
    for: ['tune'],
    when: ({ privacy }) => privacy === 'inside',
    text: 'It is trained and run where your texts are; none of them leave.',
  },
  {
    for: ['tune'],
    when: ({ stage }) => stage === 'production',
    text: 'One model serves every tuned prompt, and the way back is one change of stage.',
  },
  {
    for: ['keep', 'examples'],
    when: ({ budget }) => budget === 'hundreds',
    text: 'It costs hours, not servers.',
  },
  { for: ['keep'], text: 'A text costs nothing to keep, and anyone can read and change it.' },
  { for: ['examples'], text: 'Examples take minutes to add, and work with any model.' },
  { for: ['tune'], text: 'A few thousand numbers are trained; the model itself stays as it is.' },
  { for: ['tune'], text: 'It sends fewer tokens per row than examples do.' },
  { for: ['fine-tune'], text: 'Start with the smallest form: a linear classifier on the hidden state.' },
  {
    for: ['keep', 'examples', 'tune', 'fine-tune'],
    text: 'A comparison on your test rows comes before all of these answers.',
  },
  { for: ['keep', 'examples', 'tune', 'fine-tune'], text: 'More labelled rows make the next decision more certain.' },
];

export interface Strategy {
  readonly title: string;
  readonly reasons: readonly string[];
  readonly flip: string;
}

export function startFor(facts: Facts): Start {
  const rule = RULES.find(({ when }) => when(facts));
  if (!rule) throw new Error('the last rule holds for all facts');
  return rule.start;
}

const ANOTHER = 'Another comparison would change it: more test rows, another version, or another model.';

/** After a comparison title and first reason are the card’s; the answers only add what they mean for it. */
export function strategyFor(facts: Facts, advice: Advice | null, kind: ArmKind | null): Strategy {
  if (advice)
    return {
      title: advice.title,
      reasons: [
        ...[advice.why, advice.caution].filter(Boolean),
        ...CONDITIONS.flatMap(({ when, text }) => (when(facts, advice, kind) ? [text] : [])),
      ],
      flip: [advice.level, ANOTHER].filter(Boolean).join(' '),
    };
  const start = startFor(facts);
  const reasons = REASONS.filter((reason) => reason.for.includes(start) && (reason.when?.(facts) ?? true));
  return { title: STARTS[start], reasons: reasons.slice(0, 3).map(({ text }) => text), flip: flipOf(facts, start) };
}

const CONDITIONS: readonly {
  readonly when: (facts: Facts, advice: Advice, kind: ArmKind | null) => boolean;
  readonly text: string;
}[] = [
  {
    when: (f, { action }, kind) => !takesVectors(f) && (action === 'probe' || (kind !== null && isLearned(kind))),
    text: 'A text-only API has no place for vectors: it needs a machine that runs the model.',
  },
  {
    when: ({ volume }, { action }, kind) => volume === 'high' && action === 'ship' && kind === 'few-shot',
    text: 'With over 100,000 rows a month, the tokens that examples cost add up: see what it costs.',
  },
  {
    when: (f, { action }) => mayFineTune(f) && action !== 'ship' && action !== 'count-words',
    text: 'You have the rows, people, time and budget for fine-tuning. “How sure is that?” on Compare measures its smallest form.',
  },
  {
    when: ({ rows }) => rows === 'few',
    text: 'Fewer than 100 labelled rows are not much to train and test on.',
  },
];

/** The smallest change of the answers after which the start is another; else a comparison changes it. */
function flipOf(facts: Facts, start: Start): string {
  for (const question of Object.keys(QUESTIONS) as Question[]) {
    const { ask, answers } = QUESTIONS[question];
    for (const [answer, words] of Object.entries(answers)) {
      const to = startFor({ ...facts, [question]: answer });
      if (to !== start) return `If “${ask}” were answered “${words}”: ${STARTS[to].toLowerCase()}.`;
    }
  }
  return 'A comparison of your prompts would change it.';
}

export interface Upkeep {
  readonly id: 'model' | 'labels' | 'policy' | 'data';
  readonly event: string;
  /** Each a sentence about this set's versions; empty = nothing to do. */
  readonly forces: readonly string[];
}

export function upkeepOf(set: PromptSet): readonly Upkeep[] {
  const trained = set.versions.filter(isTuned).length;
  const written = versionsOf(set, 'written').length;
  const runs = counted(trained, 'tuned prompt');
  const texts = counted(written, 'hand-written prompt');
  const inUse = stagesOf(set).map(({ name }) => name);
  const stages = inUse.length > 0 ? [`Move ${inUse.join(', ')} only after a new comparison.`] : [];
  const yours = chosenWritten(set);
  const hasExamples = yours !== null && drawsExamples(yours.prompt);
  const hasLabels = set.words.length > 0;
  const retrain = trained > 0 ? [`Train again: ${runs} learned from the old rows.`] : [];
  return [
    {
      id: 'model',
      event: 'The model changes',
      forces: [
        ...(trained > 0 ? [`Train again: the vectors of ${runs} fit the old weights only.`] : []),
        ...(written > 0 ? [`Measure ${texts} again: their scores are the old model’s.`] : []),
        'The Library’s grid then compares old and new on the same test rows.',
        ...stages,
      ],
    },
    {
      id: 'labels',
      event: hasLabels ? 'A label is added, renamed or dropped' : 'The form of the expected texts changes',
      forces: [...(hasLabels ? ['Choose its answer word.'] : []), 'Label rows for it.', ...retrain, ...stages],
    },
    {
      id: 'policy',
      event: 'The policy behind the labels changes',
      forces: [
        'Relabel the rows that it affects: their old labels teach the old policy.',
        ...(written > 0 ? ['State the new policy in your prompt.'] : []),
        ...(hasExamples ? ['Check the examples in your prompt.'] : []),
        ...retrain,
        ...stages,
      ],
    },
    {
      id: 'data',
      event: 'The texts change',
      forces: [
        'Measure the version in use on about 100 new labelled rows (assumed: more rows show smaller losses).',
        ...(trained > 0 ? ['If it got worse, add them and train again.'] : []),
      ],
    },
  ];
}
