/** Prompts and runs in words, for screens and lists. */
import { clock, count, counted, LEAST_FOR_PERCENT, midSentence, ofRows, percentWhole, points } from '../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../metrics/registry';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import type { PromptSearch, PromptSet, Run, Smaller, WordSearch } from '../prompt-set/types';
import { FEWEST_OF_FEW, FEWEST_ROWS } from '../task/choose-words';
import type { PromptText } from '../task/types';
import { NUMBER_SETTINGS, settingOf } from '../training/fields';
import type { Initialisation, TrainingSettings } from '../training/settings';

export const perplexityOf = (loss: number): string => String(Number(Math.exp(loss).toPrecision(3)));

const STATUS: Readonly<Record<Run['status'], string>> = {
  running: 'open',
  paused: 'paused',
  finished: 'done',
  early: 'done, stopped early',
  stopped: 'stopped',
  failed: 'failed',
};
export const statusWords = ({ status, error }: Pick<Run, 'status' | 'error'>): string =>
  error?.code !== 'diverged' ? STATUS[status] : status === 'failed' ? 'diverged' : 'diverged, best step kept';

/** What a search for answer words came to: "These words separate your labels best: cross-validated loss 0.46 against …". */
export function searchWords({ outcome, loss, lossBefore, rows, cues }: WordSearch): string {
  if (outcome === 'too-few')
    return `Too few training rows to find answer words: at least two labels need ${FEWEST_ROWS} each, or most labels ${FEWEST_OF_FEW}.`;
  const on = `on ${counted(rows, 'training row')}`;
  if (outcome === 'kept')
    return `No other words separate your labels clearly better: cross-validated loss ${loss?.toFixed(2)} ${on}.`;
  const before = lossBefore === null ? '' : ` against ${lossBefore.toFixed(2)} for those before`;
  const cue = cues ? ` They follow the cue ${cueWords(cues.after)} in place of ${cueWords(cues.before)}.` : '';
  return `These words separate your labels best: cross-validated loss ${loss?.toFixed(2)}${before}, ${on}.${cue}`;
}

/** How a prompt was found: "Found among 100 prompts; chosen on 64 validation rows, where …". */
export function foundWords(search: PromptSearch): string {
  const { candidates, trainingRows, validationRows, pooled, loss, bareLoss } = search;
  const few = pooled ? ` and on ${counted(trainingRows, 'training row')}` : '';
  const chosen =
    validationRows > 0
      ? `chosen on ${counted(validationRows, 'validation row')}${few}`
      : `chosen on ${counted(trainingRows, 'training row')}, as no validation rows were asked`;
  const against =
    loss < bareLoss
      ? `, where its loss is ${loss.toFixed(2)} against ${bareLoss.toFixed(2)} for the template alone`
      : ', where no other prompt has a lower loss than the template alone';
  return `Found by search among ${counted(candidates, 'prompt')}; ${chosen}${against}.`;
}

const cueWords = (cue: string) => (cue.trim() === '' ? 'the text itself' : `“${cue.trim()}”`);

/** Runs of earlier days do not say on how many rows. */
const MANY = Number.POSITIVE_INFINITY;

export const reachedWords = ({
  validationAccuracy: accuracy,
  validationLoss,
  validationRows = MANY,
}: Pick<Run, 'validationAccuracy' | 'validationLoss' | 'validationRows'>): string => {
  if (validationLoss !== undefined)
    return `${midSentence(TEXT_METRICS.perplexity.name)} ${perplexityOf(validationLoss)}`;
  return accuracy === null ? '–' : ofRows(accuracy, validationRows);
};

export function startWords(start: Initialisation, set: Pick<PromptSet, 'runs'> | null): string {
  switch (start.kind) {
    case 'text':
      return 'a text';
    case 'answer-words':
      return 'answer words';
    case 'vocabulary':
      return 'sampled words';
    case 'transfer':
      return 'other tasks';
    case 'prompt': {
      const run = set?.runs.find(({ id }) => id === start.runId);
      return run ? `run ${run.number}` : 'an earlier run';
    }
  }
}

/** "after the text, 10 vectors, 150 steps, seed 0", and whatever differs from the defaults. */
export function settingsWords(settings: TrainingSettings): string {
  const { placement, virtualTokens, steps, seed, learningRate, trainRows } = settings;
  const { classWeights, answerVectors, core } = settings;
  return [
    PLACEMENT_WORDS[placement],
    counted(virtualTokens, 'vector'),
    counted(steps, 'step'),
    `seed ${seed}`,
    ...(learningRate === null ? [] : [`rate ${learningRate}`]),
    ...(trainRows ? [`on ${counted(trainRows, 'row')}`] : []),
    ...(core ? [`the first ${counted(core.steps, 'step')} on ${counted(core.rows, 'row')}`] : []),
    ...(classWeights ? ['labels weighted'] : []),
    ...(answerVectors === 'trained' ? ['answer words trained too'] : []),
  ].join(', ');
}

export const runWords = ({ handVersion, examples = [], settings }: Run): string =>
  `${handVersion ? 'hybrid, ' : ''}${examples.length > 0 ? `${counted(examples.length, 'example')}, ` : ''}${settingsWords(settings)}`;

/** "With 8 examples, the nearest, in 4 orders, as a chat". */
export function howWords({ shots, selection = 'balanced', orders = 1, chat = false }: PromptText): string {
  if (shots === 0) return chat ? 'Without examples, as a chat' : 'Without examples';
  const which = { balanced: '', random: ', at random', nearest: ', the nearest' }[selection];
  return `With ${count(shots)} examples${which}${orders > 1 ? `, in ${orders} orders` : ''}${chat ? ', as a chat' : ''}`;
}

/** "259 tokens a row become 41: 84% saved. Same answer on 60 of 64 validation rows." */
export function smallerWords({ tokensBefore, tokensAfter, same, rows }: Smaller): string {
  const [before, after] = [Math.round(tokensBefore), Math.round(tokensAfter)];
  const saved = after < before ? `: ${percentWhole(1 - tokensAfter / tokensBefore)} saved` : ', which saves none';
  const agreed = rows === 0 ? '' : ` Same answer on ${count(same)} of ${counted(rows, 'validation row')}.`;
  return `${count(before)} tokens a row become ${count(after)}${saved}.${agreed}`;
}

/** "2.1 points below tuned 1 on 64 validation rows", "12 of 20 validation rows right, and 14 by tuned 1". @param teacher whose answers it learned */
export function twinWords({ rightBefore, rightAfter, rows }: Smaller, teacher: string): string {
  if (rows === 0) return `No validation row compares it with ${teacher}`;
  const all = counted(rows, 'validation row');
  if (rows < LEAST_FOR_PERCENT) return `${count(rightAfter)} of ${all} right, and ${count(rightBefore)} by ${teacher}`;
  if (rightBefore === rightAfter) return `As many right as ${teacher} on ${all}`;
  const by = points(Math.abs(rightAfter - rightBefore) / rows).slice(1);
  return `${by} points ${rightAfter < rightBefore ? 'below' : 'above'} ${teacher} on ${all}`;
}

/** A lead on validation rows is called a lead, never a win. */
export function besideTitle(runs: readonly Run[]): string {
  const [lowest, nextLowest] = ranked(runs, ({ validationLoss = null }) => validationLoss);
  if (lowest && nextLowest)
    return `Run ${lowest.number} has the lowest perplexity on the validation rows: ${perplexityOf(lowest.value)}; the next ${perplexityOf(nextLowest.value)}`;
  const [best, next] = ranked(runs, ({ validationAccuracy }) => validationAccuracy).toReversed();
  if (!best || !next) return 'Runs side by side';
  if (best.value === next.value) return `The best runs are equal on the validation rows: ${best.right}`;
  return `Run ${best.number} is best on the validation rows: ${best.right}; the next reaches ${next.right}`;
}

const ranked = (runs: readonly Run[], of: (run: Run) => number | null) =>
  runs
    .flatMap((run) => {
      const value = of(run);
      const right = ofRows(value ?? 0, run.validationRows ?? MANY, undefined, percentWhole);
      return value === null ? [] : [{ number: run.number, value, right }];
    })
    .sort((a, b) => a.value - b.value);

export interface RunFact {
  readonly name: string;
  readonly values: readonly string[];
  readonly differs: boolean;
}

type Fact = readonly [name: string, of: (run: Run) => string];

const yesNo = (on: boolean | undefined) => (on ? 'yes' : 'no');

const RESULTS: readonly Fact[] = [
  ['Result on validation rows', reachedWords],
  ['Best step', (run) => (run.bestStep === null ? '–' : String(run.bestStep))],
  ['Time', (run) => (run.seconds === null ? '–' : clock(run.seconds))],
  ['State', statusWords],
];

const NUMBERS: readonly Fact[] = NUMBER_SETTINGS.map((setting) => [
  setting.label,
  ({ settings }) => {
    const value = settingOf(settings, setting.key);
    return value === null ? (setting.empty ?? '–') : String(value);
  },
]);

const HIDDEN: readonly Fact[] = (
  [
    ['Weight decay', 'weightDecay'],
    ['Beta 1', 'beta1'],
    ['Beta 2', 'beta2'],
    ['Epsilon', 'epsilon'],
    ['Checkpoint every', 'checkpointEvery'],
  ] as const
).map(([name, key]) => [name, ({ settings }) => String(settings[key])]);

const { accuracy, macroF1 } = LABEL_METRICS;
const BEST_BY = { accuracy: midSentence(accuracy.name), 'macro-f1': midSentence(macroF1.name), loss: 'loss' } as const;

export function runFacts(runs: readonly Run[], set: Pick<PromptSet, 'runs'>): readonly RunFact[] {
  const facts: readonly Fact[] = [
    ...RESULTS,
    ['Placement', ({ settings }) => PLACEMENT_WORDS[settings.placement]],
    ['Added to', (run) => (run.handVersion ? 'your prompt' : 'the text alone')],
    ['Examples in the text', (run) => String(run.examples?.length ?? 0)],
    ['Learns from', (run) => (run.distilled ? 'a prompt’s answers' : 'labels')],
    ['Starts from', (run) => startWords(run.settings.initialisation, set)],
    ['Start text', (run) => (run.initText === '\n' ? 'line breaks' : run.initText || '–')],
    ...NUMBERS,
    ['Step kept by', ({ settings }) => BEST_BY[settings.metric]],
    ['Labels weighted equally', ({ settings }) => yesNo(settings.classWeights)],
    ['Answer words trained too', ({ settings }) => yesNo(settings.answerVectors === 'trained')],
    ...HIDDEN,
    ['Template', (run) => run.template],
    ['Model', (run) => `${run.model.id} (${run.model.dtype})`],
  ];
  return facts.map(([name, of]) => {
    const values = runs.map(of);
    return { name, values, differs: new Set(values).size > 1 };
  });
}

/** What sets one run apart from the others of a list: the settings in which they differ; empty where none does. */
export function distinction(facts: readonly RunFact[], place: number): string {
  const own = facts
    .slice(RESULTS.length)
    .filter(({ differs, name }) => differs && name !== 'Start text' && name !== 'Template')
    .map(({ name, values }) => `${name.toLowerCase()} ${values[place] as string}`);
  return own.join(', ');
}
