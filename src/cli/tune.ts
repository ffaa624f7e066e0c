import { writeFile } from 'node:fs/promises';
import { labelOf, rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { uninterrupted } from '../lib/control';
import { count, percent } from '../lib/format';
import { shotIds } from '../task/render';
import {
  ANSWER_VECTORS,
  DEFAULT_PRESET,
  type Initialisation,
  PRESET_NAMES,
  PRESETS,
  type TrainingSettings,
} from '../training/settings';
import type { Host } from '../workflow/host';
import { CANDIDATES, type Improved, searchedRows } from '../workflow/improve';
import type { Standing } from '../workflow/prompt-search';
import { givenRows } from './data';
import { openHost } from './node-host';
import { FIND_WORDS, improved, withWords } from './open-set';
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
  settingsOf,
  TRAINING,
  text,
  WORDS,
  whole,
} from './options';
import { command } from './program';
import { runTask } from './run-task';

const STARTS = ['text', 'answer-words', 'vocabulary'] as const;

/** How a command that chooses labels comes to its prompt. */
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

/** A prompt that chooses labels: data, training, comparison on test rows, and a folder with the results and the prompt. */
export const tune = command({
  summary: 'train a prompt that chooses labels, compare it on test rows, export it',
  takes: { data: '<DATA.csv>' },
  options: {
    ...LABELS,
    ...TRAINING,
    improve: flag('look for the best hand-written prompt first, and compare the tuned one with it'),
    preset: orElse(oneOf(PRESET_NAMES, 'settings; auto: the best of several starts continues'), DEFAULT_PRESET),
    rate: positive('learning rate (default: the preset’s)'),
    seeds: whole('train so many, and compare their mean too (default: the preset’s)'),
    init: oneOf(STARTS, 'what the vectors start from (default: text)'),
    answerVectors: oneOf(ANSWER_VECTORS, 'also train the output vectors of the answer words; no PEFT adapter then'),
    hybrid: flag('also train vectors on top of your prompt'),
    examples: whole('training rows as examples in the trained text; the exported prompt contains them'),
    classWeights: flag('give every label the same weight'),
    probe: flag('always save the linear probe, in DIR/probe (default: where it beats every prompt)'),
    everyRow: flag('rest the verdict on all rows, by cross-validation'),
    adapters: flag('also measure fine-tuning: adapters of the last layer, never exported'),
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const { seeds, answerVectors, placement, init, rate } = given;
    const preset = PRESETS[given.preset];
    const { race, core, ...base } = preset.settings;
    const isFixed = placement !== null || init !== null || answerVectors !== null;
    const settings: TrainingSettings = {
      ...settingsOf(given, { ...base, ...(!isFixed && race && core && { race, core }) }),
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

const startOf = (kind: (typeof STARTS)[number]): Initialisation => (kind === 'text' ? { kind, text: '' } : { kind });

const SHOWN = 20;

/** The best hand-written prompt for a labelled file, found on its training and validation rows: a leaderboard, and a file. */
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
    const set = await withWords(host, { ...given, dataset, improve: null }, log);
    const { found } = await improved(host, set, dataset, given.budget, log);
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

/** A prompt that generates texts: data, training, comparison on test rows, and a folder with the results and the prompt. */
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
