/** What to do next: the first rule that holds decides; a measured loss outranks every answer about the project. */

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

/** A project that most people start from. */
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

/** What the newest comparison found; `nothing` = there is none. */
export const FINDINGS = [
  'nothing',
  'tuned-better',
  'hybrid-better',
  'yours-better',
  'text-does-as-well',
  'examples-do-as-well',
  'words-do-as-well',
  'probe-better',
  'nothing-beats-majority',
  'no-clear-difference',
] as const;
export type Finding = (typeof FINDINGS)[number];

export const ROW_COUNTS = ['few', 'some', 'many'] as const;
/** Labelled rows at hand: under 100, under 2,000, more. */
export type RowCount = (typeof ROW_COUNTS)[number];
export const rowCountOf = (rows: number): RowCount => (rows < 100 ? 'few' : rows < 2000 ? 'some' : 'many');

export interface Facts extends Answers {
  readonly finding: Finding;
  readonly rows: RowCount;
}

export const ADVICE = {
  keep: 'Keep your hand-written prompt',
  text: 'Use the untuned prompt',
  examples: 'Add examples to your prompt',
  tune: 'Use a tuned prompt',
  hybrid: 'Use your prompt with vectors trained on top',
  words: 'Count words',
  'fine-tune': 'Fine-tune a model',
} as const;
export type Advice = keyof typeof ADVICE;

interface Rule {
  readonly advice: Advice;
  readonly when: (facts: Facts) => boolean;
}

const mayFineTune = ({ expertise, budget, timeline, rows, serving }: Facts): boolean =>
  expertise === 'engineers' && budget === 'more' && timeline === 'months' && rows === 'many' && serving === 'weights';

/** Vectors enter below the text: a text-only API has no place for them. */
const takesVectors = ({ serving, privacy }: Facts): boolean => serving === 'weights' || privacy === 'inside';

const found =
  (...findings: readonly Finding[]) =>
  ({ finding }: Facts) =>
    findings.includes(finding);

const RULES: readonly Rule[] = [
  { advice: 'words', when: found('words-do-as-well') },
  { advice: 'fine-tune', when: (f) => f.finding === 'probe-better' && f.expertise !== 'analysts' && takesVectors(f) },
  { advice: 'keep', when: found('yours-better', 'probe-better') },
  { advice: 'text', when: found('text-does-as-well') },
  { advice: 'fine-tune', when: (f) => found('nothing-beats-majority', 'no-clear-difference')(f) && mayFineTune(f) },
  { advice: 'keep', when: found('nothing-beats-majority', 'no-clear-difference') },
  { advice: 'tune', when: (f) => f.finding === 'examples-do-as-well' && f.volume === 'high' && takesVectors(f) },
  { advice: 'examples', when: found('examples-do-as-well') },
  { advice: 'hybrid', when: (f) => f.finding === 'hybrid-better' && takesVectors(f) },
  { advice: 'tune', when: (f) => f.finding === 'tuned-better' && takesVectors(f) },
  { advice: 'examples', when: found('hybrid-better', 'tuned-better') },
  // nothing was compared yet
  { advice: 'examples', when: (f) => !takesVectors(f) || f.rows === 'few' },
  { advice: 'fine-tune', when: (f) => mayFineTune(f) && f.domain === 'specialised' },
  { advice: 'keep', when: (f) => f.timeline === 'days' && f.stage === 'idea' && f.volume !== 'high' },
  { advice: 'tune', when: (f) => f.domain === 'specialised' || f.volume === 'high' || f.stage === 'production' },
  { advice: 'examples', when: () => true },
];

interface Reason {
  readonly for: readonly Advice[];
  readonly when?: (facts: Facts) => boolean;
  readonly text: string;
}

const always = ['keep', 'text', 'examples', 'tune', 'hybrid', 'words', 'fine-tune'] as const;

/** In the order of their weight; the first three that hold are shown. Measured results come before answers. */
const REASONS: readonly Reason[] = [
  { for: ['words'], text: 'On your test rows, counting words did at least as well as the best prompt.' },
  {
    for: ['fine-tune', 'keep'],
    when: found('probe-better'),
    text: 'On your test rows, a linear probe on the model beat the tuned prompt: the vectors lose here.',
  },
  { for: ['keep'], when: found('yours-better'), text: 'On your test rows, your prompt beat the tuned one.' },
  {
    for: ['keep', 'fine-tune'],
    when: found('nothing-beats-majority'),
    text: 'No prompt clearly beat the most frequent label on your test rows.',
  },
  {
    for: ['keep', 'fine-tune'],
    when: found('no-clear-difference'),
    text: 'Your test rows show no clear difference, so there is no reason to change yet.',
  },
  { for: ['text'], text: 'On your test rows, the text that was trained with did as well without its vectors.' },
  {
    for: ['tune', 'examples'],
    when: found('examples-do-as-well'),
    text: 'On your test rows, examples did as well as training.',
  },
  { for: ['hybrid'], text: 'On your test rows, your prompt with vectors on top was the best.' },
  { for: ['tune'], when: found('tuned-better'), text: 'On your test rows, the tuned prompt was better.' },
  {
    for: ['examples'],
    when: found('tuned-better', 'hybrid-better'),
    text: 'Training was better on your test rows, but a text-only API has no place for vectors.',
  },
  {
    for: ['examples', 'keep'],
    when: (f) => !takesVectors(f) && !found('tuned-better', 'hybrid-better')(f),
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
  {
    for: ['fine-tune'],
    when: mayFineTune,
    text: 'You have the rows, the people, the time and the budget that fine-tuning takes.',
  },
  {
    for: ['tune', 'hybrid', 'fine-tune'],
    when: ({ domain }) => domain === 'specialised',
    text: 'The language of a trade is easier to learn from examples than to describe.',
  },
  {
    for: ['keep', 'text', 'examples', 'words'],
    when: ({ timeline }) => timeline === 'days',
    text: 'It is ready in days.',
  },
  {
    for: ['keep', 'text', 'examples', 'tune', 'words'],
    when: ({ expertise }) => expertise === 'analysts',
    text: 'Analysts can do it without an engineer.',
  },
  {
    for: ['tune', 'hybrid', 'words'],
    when: ({ privacy }) => privacy === 'inside',
    text: 'It is trained and run where your texts are; none of them leave.',
  },
  {
    for: ['tune', 'hybrid'],
    when: ({ stage }) => stage === 'production',
    text: 'One model serves every tuned prompt, and the way back is one change of stage.',
  },
  {
    for: ['keep', 'text', 'examples', 'words'],
    when: ({ budget }) => budget === 'hundreds',
    text: 'It costs hours, not servers.',
  },
  { for: ['words'], text: 'A word count needs no model and answers in microseconds.' },
  { for: ['words'], text: 'Every decision can be read from the words that made it.' },
  { for: ['keep', 'text'], text: 'A text costs nothing to keep, and anyone can read and change it.' },
  { for: ['examples'], text: 'Examples take minutes to add, and work with any model.' },
  { for: ['tune', 'hybrid'], text: 'A few thousand numbers are trained; the model itself stays as it is.' },
  { for: ['tune', 'hybrid'], text: 'It sends fewer tokens per row than examples do.' },
  { for: ['fine-tune'], text: 'It changes the model itself, which is what the vectors could not do.' },
  { for: ['fine-tune'], text: 'Start with the smallest form: a linear classifier on the hidden state.' },
  { for: always, text: 'You can compare again at any time: nothing that you have is lost.' },
  { for: always, text: 'More labelled rows make the next decision more certain.' },
];

/** The smallest change of the facts after which the advice is another. */
interface Flip {
  readonly sentence: string;
  readonly to: Advice;
}

export interface Strategy {
  readonly advice: Advice;
  readonly reasons: readonly [string, string, string];
  readonly flip: Flip;
}

/** Every combination of facts has exactly one advice. */
export function advise(facts: Facts): Advice {
  const rule = RULES.find(({ when }) => when(facts));
  if (!rule) throw new Error('the last rule holds for all facts');
  return rule.advice;
}

export function strategyFor(facts: Facts): Strategy {
  const advice = advise(facts);
  const reasons = REASONS.filter((reason) => reason.for.includes(advice) && (reason.when?.(facts) ?? true));
  const [first, second, third] = reasons.map(({ text }) => text);
  if (first === undefined || second === undefined || third === undefined)
    throw new Error(`fewer than three reasons for ${advice}`);
  return { advice, reasons: [first, second, third], flip: flipOf(facts, advice) };
}

/** What the next comparison could find, the one that would matter most first. */
const COULD_FIND: readonly (readonly [Finding, string])[] = [
  ['yours-better', 'the next comparison showed your prompt ahead'],
  ['tuned-better', 'the next comparison showed the tuned prompt ahead'],
  ['text-does-as-well', 'the next comparison showed that the text does as well without vectors'],
  ['examples-do-as-well', 'the next comparison showed that examples do as well'],
  ['words-do-as-well', 'the next comparison showed that counting words does as well'],
];

/** An answer first, since it can be changed today; then what a comparison could find. */
function flipOf(facts: Facts, advice: Advice): Flip {
  for (const question of Object.keys(QUESTIONS) as Question[]) {
    const { ask, answers } = QUESTIONS[question];
    for (const [answer, words] of Object.entries(answers)) {
      const to = advise({ ...facts, [question]: answer });
      if (to !== advice) return { sentence: `If “${ask}” were answered “${words}”: ${ADVICE[to].toLowerCase()}.`, to };
    }
  }
  for (const [finding, words] of COULD_FIND) {
    const to = advise({ ...facts, finding });
    if (to !== advice) return { sentence: `If ${words}: ${ADVICE[to].toLowerCase()}.`, to };
  }
  throw new Error('some finding gives another advice');
}
