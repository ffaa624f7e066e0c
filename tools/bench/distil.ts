/**
 * What a long prompt made smaller keeps: accuracy on test rows of the prompt with examples and of its vectors, how often they
 * agree, and the tokens of a row. Answers and the last checkpoint are kept in a file, so that a run that is cut off by
 * `timeout` continues. One JSON line at the end.
 *
 *     npx tsx tools/bench/distil.ts DATA SET STATE.json [--shots 8] [--placement suffix] [--answer-vectors fixed]
 *       [--tokens 10] [--steps 150] [--train-rows 256] [--test-rows N] [--seed 0] [--backend node-native]
 *
 * DATA and SET as in training.ts; STATE.json is written. Without --placement: as Auto makes a prompt smaller, on rows that
 * keys and values come after; `infix`: as Auto does where they cannot.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { drawnRows } from '../../src/dataset/draw';
import { goldOf, labelCounts } from '../../src/dataset/labels';
import type { ScoreRequest } from '../../src/engine/types';
import { chosenCalibration } from '../../src/evaluation/classify/outcome';
import { uninterrupted } from '../../src/lib/control';
import { exactJson, readExactJson } from '../../src/lib/exact-json';
import { calibrated } from '../../src/metrics/calibration';
import { accuracy, argmax } from '../../src/metrics/classification';
import { wilson } from '../../src/metrics/intervals';
import { voicesOf } from '../../src/prompt/prompt';
import { PLACEMENTS, type SoftPrompt } from '../../src/prompt/soft-prompt';
import { tunedPrompt } from '../../src/prompt-set/versions';
import { wordsFor } from '../../src/task/template';
import type { PromptText } from '../../src/task/types';
import { labelTokens } from '../../src/tokens/tokenizer';
import type { Checkpoint } from '../../src/training/events';
import { ANSWER_VECTORS, PRESETS, STANDARD, startText } from '../../src/training/settings';
import { CALIBRATION_ROWS } from '../../src/workflow/compare-labels';
import { distil } from '../../src/workflow/distil';
import type { Host } from '../../src/workflow/host';
import { forSmaller } from '../../src/workflow/runs';
import { tokenRows } from '../../src/workflow/token-rows';
import { openSet } from '../../src/workflow/tune';
import { readOptions } from './read-options.mjs';
import { readSet, SETS, sizesOf } from './sets';

type Answer = Awaited<ReturnType<Host['engine']['score']>>['rows'][number];

const { values, positionals } = readOptions({
  shots: 8,
  placement: null,
  'answer-vectors': null,
  tokens: 10,
  steps: 150,
  'train-rows': 256,
  'test-rows': null,
  seed: 0,
  backend: 'node-native',
});
const [data = '', name = '', file = ''] = positionals;
const set = SETS[name as keyof typeof SETS];
const placement = PLACEMENTS.find((each) => each === values.placement);
const answerVectors = ANSWER_VECTORS.find((each) => each === values['answer-vectors']);
if (!set || !file || (values.placement && !placement)) {
  console.error(`Name the folder, one of ${Object.keys(SETS).join(', ')}, and a file for the answers.`);
  process.exit(2);
}

interface State {
  answers: [string, Answer][];
  checkpoint: Checkpoint | null;
}
const read = (): State => {
  try {
    return readExactJson(readFileSync(file)) as State;
  } catch {
    return { answers: [], checkpoint: null };
  }
};
const state = read();
const known = new Map(state.answers);
function save(): void {
  writeFileSync(`${file}.part`, exactJson({ ...state, answers: [...known] }));
  renameSync(`${file}.part`, file);
}

const log = createLog();
const { seed } = values;
const dataset = await readSet(data, name, { seed, ...sizesOf(values) }, log);
const backend = values.backend === 'node-wasm' ? 'node-wasm' : 'node-native';
await using opened = await openHost({ model: DEFAULT_MODEL, backend, threads: null }, log);

/** Answers that the file has are not asked again; others are kept as they come. */
async function score(request: ScoreRequest, control: Parameters<Host['engine']['score']>[1]) {
  const key = ({ rowId, ids }: ScoreRequest['rows'][number]) =>
    `${request.soft ? 'soft' : 'text'} ${rowId} ${ids.length}`;
  for (let at = 0; at < request.rows.length; at += 25) {
    const rows = request.rows.slice(at, at + 25).filter((row) => !known.has(key(row)));
    if (rows.length === 0) continue;
    const scored = await opened.engine.score({ ...request, rows }, control);
    for (const [i, row] of rows.entries()) if (scored.rows[i]) known.set(key(row), scored.rows[i]);
    save();
    log.progress(`${at + rows.length} of ${request.rows.length} rows`);
  }
  return { rows: request.rows.flatMap((row) => known.get(key(row)) ?? []), rowsRun: 0, seconds: 0 };
}
const host: Host = { ...opened, engine: { ...opened.engine, score } };

const given = new Map(set.words.split(',').map((pair) => pair.split('=') as [string, string]));
const { words, baseTemplate: template } = openSet(host, { dataset, prompt: set.prompt, words: given });
const prompt: PromptText = { template, shots: values.shots, shotSeed: seed };
const settings = {
  ...(placement && placement !== 'infix'
    ? { ...STANDARD, placement }
    : forSmaller(PRESETS.auto.settings, placement === undefined)),
  ...(answerVectors && { answerVectors }),
  seed,
  virtualTokens: values.tokens,
  steps: values.steps,
  checkpointEvery: 10,
};
const { soft, reached, bestStep } = await distil(
  host,
  {
    runId: 'bench',
    dataset,
    template,
    words,
    settings,
    initFrom: null,
    resume: state.checkpoint,
    baselines: [],
    initText: startText(settings, 'Decide whether the text is one of these.'),
    texts: null,
    teacher: { voices: voicesOf(prompt, wordsFor(prompt, words)), calibration: undefined },
  },
  {
    control: uninterrupted,
    emit: (event) => {
      if (event.kind === 'step') log.progress(`Step ${event.point.step}: ${event.point.loss.toFixed(3)}`);
      if (event.kind === 'validation')
        log.line(`Step ${event.point.step}: validation divergence ${event.point.loss.toFixed(4)}`);
      if (event.kind !== 'checkpoint' && event.kind !== 'done') return;
      state.checkpoint = event.checkpoint;
      save();
    },
  },
);

/** Calibrated as a comparison would, on validation rows; the answers to test rows. */
async function onTest(asked: PromptText, vectors: SoftPrompt | null) {
  const own = wordsFor(asked, words);
  const ask = async (split: readonly string[]) => {
    const { rows } = await tokenRows(host, { dataset, prompt: asked, words: own, split }, uninterrupted);
    const labels = labelTokens(host.tokens, own);
    const { rows: scored } = await host.engine.score({ rows, labels, soft: vectors, cacheKey: null }, uninterrupted);
    return scored.map(({ logProbs }) => logProbs);
  };
  const validation = drawnRows(dataset, dataset.split.validation, CALIBRATION_ROWS);
  const fit = chosenCalibration(
    await ask(validation),
    goldOf(dataset, validation),
    [],
    labelCounts(dataset, dataset.split.train),
  );
  const answers = (await ask(dataset.split.test)).map((row) => argmax(calibrated(row, fit?.meanLogProbs ?? null)));
  const gold = goldOf(dataset, dataset.split.test);
  const right = answers.filter((answer, i) => answer === gold[i]).length;
  const interval = wilson(right, gold.length);
  return { answers, figures: { accuracy: accuracy(gold, answers), interval, calibrated: fit !== null } };
}
const teacher = await onTest(prompt, null);
const student = await onTest(tunedPrompt(template, settings), soft);
const same = student.answers.filter((answer, i) => answer === teacher.answers[i]).length;
console.log(
  JSON.stringify({
    set: name,
    shots: prompt.shots,
    placement: settings.placement,
    answerVectors: settings.answerVectors ?? 'fixed',
    tokens: settings.virtualTokens,
    steps: settings.steps,
    seed,
    bestStep,
    reached,
    teacher: teacher.figures,
    student: student.figures,
    agreement: same / teacher.answers.length,
  }),
);
