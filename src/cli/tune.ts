import { writeFile } from 'node:fs/promises';
import { allUsed, without } from '../dataset/account';
import { labelOf, rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { pointsRange, pointsWithUnit } from '../evaluation/words';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { count, percent } from '../lib/format';
import { firstText } from '../prompt/prompt';
import type { Evaluation, Version } from '../prompt-set/types';
import { newVersion } from '../prompt-set/versions';
import { shotIds } from '../task/render';
import {
  ANSWER_VECTORS,
  DEFAULT_PRESET,
  type Initialisation,
  PRESET_NAMES,
  PRESETS,
  STANDARD,
  type TrainingSettings,
} from '../training/settings';
import type { Host } from '../workflow/host';
import { CANDIDATES, type Improved, searchedRows } from '../workflow/improve';
import { FOR_PEFT } from '../workflow/runs';
import type { Standing } from '../workflow/search-board';
import { FIND_WORDS, improved, withWords } from '../workflow/tune';
import { givenRows, openTable, readPrompt } from './data';
import { type Log, logged, openHost } from './node-host';
import {
  COLUMNS,
  flag,
  MODEL,
  needed,
  oneOf,
  orElse,
  PROMPT,
  positive,
  ROWS,
  SEVERAL,
  settingsOf,
  TRAINING,
  text,
  UsageError,
  WORDS,
  whole,
} from './options';
import { command } from './program';
import { type RunOptions, runTask } from './run-task';

const STARTS = ['text', 'answer-words', 'vocabulary', 'transfer'] as const;

const LABELS = {
  ...COLUMNS,
  ...PROMPT,
  ...WORDS,
  findWords: orElse(
    oneOf(
      FIND_WORDS,
      'look for answer words that tell your labels apart; auto: where the labels are no words of the model',
    ),
    'auto',
  ),
};

export const tune = command({
  summary: 'train a prompt that chooses labels, compare it on test rows, export it',
  takes: { data: '<DATA.csv>' },
  options: {
    ...LABELS,
    ...SEVERAL,
    ...TRAINING,
    improve: flag('look for the best hand-written prompt first, and compare the tuned one with it'),
    preset: orElse(
      oneOf(PRESET_NAMES, 'settings; auto: keys and values before the cue, where the model takes them'),
      DEFAULT_PRESET,
    ),
    rate: positive('learning rate (default: the preset’s)'),
    seeds: whole('train so many, and compare their mean too (default: the preset’s)'),
    init: oneOf(STARTS, 'what the vectors start from; transfer: prompts of other tasks, for kv (default: text)'),
    answerVectors: oneOf(ANSWER_VECTORS, 'also train the output vectors of the answer words; no PEFT adapter then'),
    hybrid: flag('also train vectors on top of your prompt'),
    examples: whole('training rows as examples in the trained text; the exported prompt contains them'),
    classWeights: flag('give every label the same weight'),
    probe: flag('always save the linear probe, in DIR/probe (default: where it beats every prompt)'),
    combined: flag('also save tuned, word counts and probe as one, in DIR/combined; it lists words of your rows'),
    everyRow: flag('rest the verdict on all rows, by cross-validation'),
    adapters: flag('also measure fine-tuning: adapters of the last layer, never exported'),
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const { seeds, answerVectors, placement, init, rate } = given;
    checkSeveral(given);
    const preset = PRESETS[given.preset];
    const { auto, core, ...base } = preset.settings;
    const isFixed = placement !== null || init !== null || answerVectors !== null;
    const settings: TrainingSettings = {
      ...settingsOf(given, { ...base, ...(!isFixed && auto && core && { auto, core }) }),
      initialisation: startOf(init ?? 'text'),
      learningRate: rate,
      classWeights: given.classWeights,
      ...(answerVectors && { answerVectors }),
    };
    const runs = Array.from({ length: seeds ?? preset.seeds }, (_, i) => ({ ...settings, seed: settings.seed + i }));
    const dataset = await givenRows(given, log);
    const { examples, improve, ...asked } = given;
    return runTask(
      { ...asked, dataset, model: given, runs, inText: examples ?? 0, improve: improve ? CANDIDATES : null },
      log,
    );
  },
});

/** What rests on one right label a row. @throws UsageError */
function checkSeveral({ several, ...given }: { readonly several: boolean } & Readonly<Record<string, unknown>>): void {
  const asked = ['improve', 'classWeights', 'combined', 'everyRow', 'adapters'].find((name) => given[name] === true);
  if (several && asked)
    throw new UsageError(
      `--${asked.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for rows with one label: leave it out, or --several.`,
    );
}

const startOf = (kind: (typeof STARTS)[number]): Initialisation => (kind === 'text' ? { kind, text: '' } : { kind });

const SHOWN = 20;

export const improvePrompt = command({
  summary: 'find the best hand-written prompt for a labelled file; test rows are not read',
  takes: { data: '<DATA.csv>' },
  options: {
    ...LABELS,
    budget: orElse(whole('prompts to compare, the template alone and yours included'), CANDIDATES),
    out: text('PROMPT.json', 'file for the prompt'),
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const dataset = await givenRows(given, log);
    await using host = await openHost(given, log);
    const set = await withWords(host, { ...given, dataset, improve: null }, logged(log));
    const { found } = await improved(host, set, dataset, given.budget, logged(log));
    const json = promptJson(found, dataset, host);
    if (given.out) await writeFile(given.out, `${JSON.stringify(json, null, 1)}\n`);
    const request = { dataset, template: set.baseTemplate, words: set.words };
    return { text: boardText(found.board), json, account: await searchedRows(host, request, uninterrupted) };
  },
});

function boardText(board: readonly Standing[]): string {
  const line = (cells: readonly string[], name: string) => `${cells.map((cell) => cell.padStart(9)).join('')}  ${name}`;
  const shown = board
    .slice(0, SHOWN)
    .map(({ loss, accuracy, rows, on, tokens, name }) =>
      line(
        [loss.toFixed(3), percent(accuracy), `${count(rows)} ${on === 'training' ? 'tr' : 'va'}`, tokens.toFixed(0)],
        name,
      ),
    );
  const rest = board.length > SHOWN ? [`and ${board.length - SHOWN} more`] : [];
  return [
    line(['loss', 'accuracy', 'rows', 'tokens'], 'prompt (tr: training rows, va: validation rows)'),
    ...shown,
    ...rest,
  ].join('\n');
}

function promptJson({ winner, search, board }: Improved, dataset: Dataset, { engine: { info } }: Host): object {
  const { name, prompt, words, calibration } = winner;
  const examples = rowsOf(dataset, shotIds(dataset, prompt)).map((row) => ({
    text: textOf(row, dataset.mapping),
    label: labelOf(row, dataset.mapping),
  }));
  const { id, dtype, sha256 } = info;
  return { name, prompt, words, examples, calibration, search, model: { id, dtype, sha256 }, board };
}

export const write = command({
  summary: 'train a prompt that generates texts, compare it on test rows, export it',
  takes: { data: '<DATA.csv>' },
  options: {
    text: COLUMNS.text,
    target: needed(text('COL', 'column of the expected texts')),
    prompt: needed(PROMPT.prompt),
    shots: whole('examples in the hand-written prompt that is compared with examples'),
    ...TRAINING,
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const settings: TrainingSettings = { ...settingsOf(given), initialisation: { kind: 'text', text: '' } };
    const { out, prompt, shots: examples } = given;
    const dataset = await givenRows(given, log);
    return runTask({ out, prompt, examples, words: null, dataset, model: given, runs: [settings] }, log);
  },
});

export const distilPrompt = command({
  summary: 'make a long prompt smaller, or a tuned one fit PEFT: a few vectors that answer as it does',
  takes: { data: '<DATA.csv>' },
  options: {
    ...COLUMNS,
    ...PROMPT,
    ...WORDS,
    shots: orElse(whole('training rows that the long prompt shows as examples', 0), 8),
    improve: flag('take the best hand-written prompt that a search finds'),
    teacher: text(
      'PROMPT',
      'an exported prompt to learn from in place of yours; the vectors then come before the text, for PEFT',
    ),
    texts: text('FILE.csv', 'texts to learn from (default: those of the training rows, and of rows without a label)'),
    ...TRAINING,
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const { text: column, texts, placement, improve, out } = given;
    const taught = given.teacher === null ? null : await readTeacher(given.teacher, given);
    // left to the preset, keys and values come before the cue, and the answer words' vectors are trained too
    const base = placement === null ? PRESETS[DEFAULT_PRESET].settings : STANDARD;
    const asked = settingsOf(given, base);
    const settings = taught && placement === null ? { ...asked, placement: FOR_PEFT.placement } : asked;
    const dataset = await givenRows(given, log);
    const learned = texts === null ? { texts: null } : await readTexts(texts, column, log);
    const distil = { ...learned, ...(taught && { teacher: taught.teacher }) };
    const task = { ...given, ...taught, out, dataset, model: given, runs: [settings], distil };
    return runTask({ ...task, improve: improve ? CANDIDATES : null }, log, (evaluation) => {
      if (!taught) for (const line of smallerLines(evaluation, dataset)) log.line(line);
    });
  },
});

/** An exported prompt as a teacher, with its text around a row and its answer words. @throws UsageError where another prompt is named too */
async function readTeacher(
  path: string,
  {
    prompt,
    words,
    improve,
  }: { readonly prompt: string | null; readonly words: object | null; readonly improve: boolean },
): Promise<Pick<RunOptions, 'prompt' | 'words' | 'shots'> & { readonly teacher: Version }> {
  if (prompt !== null || words !== null || improve)
    throw new UsageError('--teacher is the prompt to learn from: leave out --prompt, --words and --improve.');
  const { version, model } = await readPrompt(path);
  const { template, words: own } = firstText(version.prompt);
  return {
    prompt: template,
    words: new Map(own.map(({ label, word }) => [label, word.trim()])),
    shots: 0,
    teacher: newVersion({
      ...version,
      id: 'teacher',
      model,
      calibrated: true,
      origin: { kind: 'imported', from: path },
    }),
  };
}

async function readTexts(path: string, text: string, log: Log): Promise<NonNullable<RunOptions['distil']>> {
  const { rows, rejected } = await openTable(path, { texts: text }, log);
  const unreadable = without(allUsed(rejected.length), 'unreadable', rejected.length);
  return { texts: rows.map(({ cells }) => cells[text] ?? ''), unreadable };
}

function smallerLines({ kind, comparison }: Evaluation, { split }: Dataset): readonly string[] {
  if (kind !== 'classify') return [];
  const armOf = (id: string) =>
    present(
      comparison.arms.find((arm) => arm.id === id),
      id,
    );
  const [long, short] = [armOf('yours'), armOf('tuned')];
  const pair = present(
    comparison.pairs.find(({ a, b }) => a === long.id && b === short.id),
    'the long prompt against the smaller one',
  );
  const [before, after] = [long.tokensSentMean ?? 0, short.tokensSentMean ?? 0];
  const same = short.predictions.filter((answer, i) => answer === long.predictions[i]).length;
  const { value, interval } = pair.metrics.accuracy;
  return [
    `Tokens a row: ${count(Math.round(before))} before, ${count(Math.round(after))} after, ${percent(1 - after / before)} saved`,
    `Same answer on ${count(same)} of ${count(comparison.n)} test rows${comparison.n < split.test.length ? ' that fit both' : ''}`,
    `Accuracy: ${percent(long.metrics.accuracy.value)} before, ${percent(short.metrics.accuracy.value)} after, a difference of ${pointsWithUnit(value)} (95% interval ${pointsRange(interval.low, interval.high)})`,
  ];
}
