import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { goldOf } from '../../src/dataset/labels';
import { uninterrupted } from '../../src/lib/control';
import { pooledAnswers } from '../../src/metrics/calibration';
import { accuracy, argmax } from '../../src/metrics/classification';
import { wilson } from '../../src/metrics/intervals';
import { type SoftPrompt, trainedPrompt } from '../../src/prompt/soft-prompt';
import { tunedPrompt } from '../../src/prompt-set/versions';
import { labelTokens } from '../../src/tokens/tokenizer';
import { accuracyOf } from '../../src/training/checkpoint';
import type { Checkpoint, Trained, ValidationPoint } from '../../src/training/events';
import { PRESETS, STANDARD, startText, type TrainingSettings } from '../../src/training/settings';
import { initialText } from '../../src/workflow/runs';
import { tokenRows } from '../../src/workflow/token-rows';
import { type TrainRunEvent, train } from '../../src/workflow/train';
import { cacheKeyOf } from '../../src/workflow/training-rows';
import { openSet } from '../../src/workflow/tune';
import { readOptions } from './read-options.mjs';
import { readSet, SETS, sizesOf } from './sets';

/** Where nothing is decided. */
const { auto: _, ...AUTO } = PRESETS.auto.settings;
const AS_AUTO = { ...AUTO, placement: 'infix', answerVectors: 'trained' } as const;

const VARIANTS: Readonly<Record<string, Partial<TrainingSettings>>> = {
  standard: {},
  suffix: { placement: 'suffix' },
  infix: { placement: 'infix' },
  'batch 16': { batchSize: 16 },
  'answer words': { answerVectors: 'trained' },
  'infix and answer words': { placement: 'infix', answerVectors: 'trained' },
  'infix as auto': AS_AUTO,
  keys: { ...AS_AUTO, placement: 'kv' },
  'keys, 80 steps': { ...AS_AUTO, placement: 'kv', steps: 80 },
  'keys, 0.02': { ...AS_AUTO, placement: 'kv', learningRate: 0.02 },
  quick: PRESETS.quick.settings,
  auto: PRESETS.auto.settings,
  thorough: PRESETS.thorough.settings,
};

const { values, positionals } = readOptions({
  variants: 'standard',
  seeds: '0,1,2',
  backend: 'node-wasm',
  'train-rows': 256,
  'test-rows': null,
  letters: false,
  'as-dropped': false,
  steps: null,
  'validate-every': null,
});
const [data = '', name = ''] = positionals;
const set = SETS[name as keyof typeof SETS];
if (!set) {
  console.error(`Name the folder and one of ${Object.keys(SETS).join(', ')}.`);
  process.exit(2);
}
const log = createLog();
const { trainRows, testRows } = sizesOf(values);
const dataset = await readSet(data, name, { seed: 0, trainRows, testRows }, log);
const backend = values.backend === 'node-native' ? 'node-native' : 'node-wasm';
await using host = await openHost({ model: DEFAULT_MODEL, backend, threads: null }, log);
const wordOf = ([label = '', word = '']: readonly string[], i: number): [string, string] => [
  label,
  values.letters ? String.fromCharCode('A'.charCodeAt(0) + i) : word,
];
const words = new Map(set.words.split(',').map((pair, i) => wordOf(pair.split('='), i)));
const given = values['as-dropped'] ? { prompt: null, words: null } : { prompt: set.prompt, words };
const task = openSet(host, { dataset, ...given });
const labels = labelTokens(host.tokens, task.words);
// split at the cue whatever the placement: with this tokenizer the ids are the same
const bare = tunedPrompt(task.baseTemplate, { placement: 'infix' });
const cacheKey = cacheKeyOf(dataset.fingerprint, bare.template);

const trained = (settings: TrainingSettings, emit: (event: TrainRunEvent) => void) =>
  train(
    host,
    {
      runId: 'bench',
      dataset,
      template: bare.template,
      words: task.words,
      settings,
      initText: startText(settings, initialText(task)),
      initFrom: null,
      resume: null,
      baselines: [],
    },
    { control: uninterrupted, emit },
  );

const asked = { dataset, prompt: bare, words: task.words, split: 'test' as const };
const { rows: test } = await tokenRows(host, asked, uninterrupted);
const gold = goldOf(dataset, dataset.split.test);

function tell(variant: string, seed: string, answers: readonly (readonly number[])[], more: object = {}): void {
  const share = accuracy(gold, answers.map(argmax));
  const loss = -gold.reduce((sum, label, i) => sum + (answers[i]?.[label] ?? Number.NaN), 0) / gold.length;
  const { low, high } = wilson(Math.round(share * gold.length), gold.length);
  const percent = (x: number) => Number((100 * x).toFixed(1));
  console.log(
    JSON.stringify({
      set: name,
      variant,
      seed,
      accuracy: percent(share),
      loss: Number(loss.toFixed(3)),
      ci95: [percent(low), percent(high)],
      ...more,
    }),
  );
}

/** The step that a rule keeps: the best of those seen before `patience` validations without gain. */
function keptStep(
  validations: readonly ValidationPoint[],
  better: (a: ValidationPoint, b: ValidationPoint) => boolean,
  patience = STANDARD.patience ?? 3,
) {
  let best = validations[0] as ValidationPoint;
  let without = 0;
  for (const point of validations.slice(1)) {
    without = better(point, best) ? 0 : without + 1;
    if (without === 0) best = point;
    if (without >= patience) break;
  }
  return best.step;
}

/** Which steps' vectors are used: of several, their mean. */
const RULES: Readonly<Record<string, (validations: readonly ValidationPoint[], steps: number) => readonly number[]>> = {
  'best accuracy': (points) => [keptStep(points, (a, b) => (accuracyOf(a) ?? 0) > (accuracyOf(b) ?? 0))],
  'lowest loss': (points) => [keptStep(points, (a, b) => a.loss < b.loss)],
  last: (_, steps) => [steps],
  'mean of the last 25 steps': (_, steps) => [25, 20, 15, 10, 5, 0].map((before) => steps - before),
};
const CHECKPOINT_EVERY = 5;

const meanOf = (all: readonly Float32Array[]) =>
  Float32Array.from(all[0] ?? [], (_, i) => all.reduce((sum, vectors) => sum + (vectors[i] ?? 0), 0) / all.length);

/** The mean of what several steps had trained. */
function meanTrained(all: readonly Trained[]): Trained {
  const shifts = all.flatMap(({ answerShift }) => answerShift ?? []);
  const vectors = meanOf(all.map((at) => at.vectors));
  const [{ heads } = { heads: undefined }] = all;
  return { vectors, ...(heads && { heads }), ...(shifts.length > 0 && { answerShift: meanOf(shifts) }) };
}

async function answersOf(soft: SoftPrompt) {
  const { rows } = await host.engine.score({ rows: test, labels, soft, cacheKey }, uninterrupted);
  return rows.map((row) => [...row.logProbs]);
}

/** Answers for the test rows with the prompt of some steps of a run, each choice once. */
function scorer(settings: TrainingSettings, trainedAt: ReadonlyMap<number, Trained>) {
  const known = new Map<string, (readonly number[])[]>();
  return async (steps: readonly number[]) => {
    const before = known.get(steps.join());
    if (before) return before;
    const soft = trainedPrompt(
      settings,
      meanTrained(steps.flatMap((at) => trainedAt.get(at) ?? [])),
      host.engine.info.hidden,
    );
    const answers = await answersOf(soft);
    known.set(steps.join(), answers);
    return answers;
  };
}

const read = ({ vectors, heads, answers }: Checkpoint): Trained => ({
  vectors,
  ...(heads && { heads }),
  ...(answers && { answerShift: answers.shift }),
});

const changes: Partial<TrainingSettings> = {
  ...(values.steps && { steps: Number(values.steps) }),
  ...(values['validate-every'] && { validateEvery: Number(values['validate-every']) }),
};
const variants = values.variants.split(',');
const bySeed = new Map(variants.map((variant) => [variant, new Map<string, (readonly (readonly number[])[])[]>()]));
for (const seed of values.seeds.split(','))
  for (const [variant, byRule] of bySeed) {
    const change = VARIANTS[variant];
    if (!change) throw new Error(`there is no variant ${variant}; there are ${Object.keys(VARIANTS).join(', ')}`);
    // To the end, with a checkpoint at each validation: every rule of stopping is judged on the same run.
    const whole = { ...change, ...changes, patience: null, seed: Number(seed) };
    let settings: TrainingSettings = { ...STANDARD, ...whole, checkpointEvery: CHECKPOINT_EVERY };
    const trainedAt = new Map<number, Trained>();
    const done = await trained(settings, (event) => {
      if (event.kind === 'decided') ({ settings } = event);
      if (event.kind === 'checkpoint' || event.kind === 'done')
        trainedAt.set(event.checkpoint.step, read(event.checkpoint));
    });
    const { validations, best } = done.checkpoint;
    if (best?.step === 0) trainedAt.set(0, best);
    const answersAt = scorer(settings, trainedAt);
    const kept = await answersOf(done.soft);
    byRule.set('kept', [...(byRule.get('kept') ?? []), kept]);
    tell(variant, seed, kept, { rule: 'kept', step: done.bestStep, seconds: Math.round(done.trainSeconds) });
    for (const [rule, keep] of Object.entries(RULES)) {
      const used = keep(validations, settings.steps);
      if (!used.every((at) => trainedAt.has(at))) continue; // the start itself
      const step = used.length === 1 ? used[0] : undefined;
      const answers = await answersAt(used);
      byRule.set(rule, [...(byRule.get(rule) ?? []), answers]);
      const kept = validations.find((point) => point.step === step);
      const validation = kept && (accuracyOf(kept) ?? undefined);
      tell(variant, seed, answers, { rule, step, validation, seconds: Math.round(done.trainSeconds) });
    }
  }
for (const [variant, byRule] of bySeed)
  for (const [rule, all] of byRule)
    if (all.length > 1)
      tell(
        variant,
        `mean of log-probabilities of ${all.length}`,
        pooledAnswers(
          all,
          all.map(() => 1 / all.length),
        ),
        { rule },
      );
