import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { labelOf, rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { uninterrupted } from '../lib/control';
import { count, percent } from '../lib/format';
import { deciding } from '../prompt-set/types';
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
import { readDataset, sayRows } from './data';
import { createLog, openHost } from './node-host';
import { FIND_WORDS, improved, withWords } from './open-set';
import {
  askingOptions,
  flags,
  MEND_USAGE,
  MODEL_USAGE,
  readArguments,
  SPLIT_USAGE,
  splitOptions,
  trainingOptions,
  unescaped,
  valued,
} from './options';
import { runTask } from './run-task';

export const TUNE_USAGE = `npm run tune -- DATA.csv --text COL --label COL --out DIR
  [--prompt "...{text}..."]   your hand-written prompt; left out: a simple one
  [--words a=x,b=y]           an answer word for each label; left out: single tokens where possible
  [--find-words auto|on|off]  look for answer words (and a cue, without --prompt) that tell your labels apart; auto: where
                              --words is left out and the word of a label is a letter, a number, an abbreviation or several tokens
  [--improve]                 look for the best hand-written prompt first, and compare the tuned one with it
  [--placement suffix|infix|prefix]  vectors after the text (default), between it and its last line (the cue), or before it
                              (for PEFT, slower)
  [--preset quick|standard|auto|thorough] [--tokens 10] [--steps 150] [--rate R]
                              auto (default): the first steps of several starts, and the best one continues; answer words of
                              one token are trained too; only without --placement, --init and --answer-vectors
  [--seed 0] [--seeds 1]      with several seeds (thorough: 3) each is trained and compared, and so is their mean
  [--init text|answer-words|vocabulary]  start from the instruction's words (infix: line breaks), the answer words or random words
  [--hybrid]                  also train vectors on top of your prompt
  [--examples N]              N training rows as examples in the text of what is trained; it is not trained on them, and the
                              exported prompt contains them
  [--class-weights]
  [--answer-vectors fixed|trained]  trained: the answer words' output vectors too (words of one token); the prompt then has
                              no PEFT adapter
  [--probe]                   save the linear probe of the comparison too, as a prompt in DIR/probe; without it, where it beats
                              every prompt
  [--every-row]               also train five prompts alike, each without a fifth of all rows, which it answers: the verdict
                              rests on all rows then (cross-validation)
  [--adapters]                also fine-tune: adapters of the model's last layer, measured to compare with and never exported
  [--test FILE.csv]           test rows; left out: a share of DATA.csv
  [--drop-twins]              leave out training rows that repeat a test row, or almost
  [--add-rows MORE.csv]       more training rows, with the same columns; validation and test rows stay as without them
  ${MEND_USAGE}
  ${SPLIT_USAGE}
  ${MODEL_USAGE}`;

const STARTS = ['text', 'answer-words', 'vocabulary'] as const;

/** A prompt that chooses labels: data, training, comparison on test rows, and a folder with the results and the prompt. */
export async function tune(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments(args, {
    ...trainingOptions,
    ...valued('label', 'words', 'find-words', 'rate', 'seeds', 'preset', 'init', 'answer-vectors', 'test', 'examples'),
    ...flags('improve', 'hybrid', 'class-weights', 'adapters', 'probe', 'every-row'),
  });
  const [data] = read.exactly(['DATA.csv']);
  const columns = read.columns();
  const out = resolve(read.required('out'));
  const [prompt, words] = [read.prompt(), read.words()];
  const preset = PRESETS[read.oneOf('preset', PRESET_NAMES) ?? DEFAULT_PRESET];
  const { race, core, ...base } = preset.settings;
  const isFixed = [values.placement, values.init, values['answer-vectors']].some((value) => value !== undefined);
  const answerVectors = read.oneOf('answer-vectors', ANSWER_VECTORS);
  const settings: TrainingSettings = {
    ...read.settings({ ...base, ...(!isFixed && race && core && { race, core }) }),
    initialisation: startOf(read.oneOf('init', STARTS) ?? 'text'),
    learningRate: read.positive('rate'),
    classWeights: values['class-weights'] ?? false,
    ...(answerVectors && { answerVectors }),
  };
  const { seed } = settings;
  const runs = Array.from({ length: read.wholeNumber('seeds') ?? preset.seeds }, (_, i) => seed + i);
  const model = read.model();
  const rows = read.rows();
  const log = createLog();
  const dataset = await readDataset({ data: resolve(data), test: read.path('test'), columns, seed, ...rows }, log);
  const evaluation = await runTask(
    {
      ...{ dataset, model, out, prompt, words },
      runs: runs.map((each) => ({ ...settings, seed: each })),
      hybrid: values.hybrid ?? false,
      adapters: values.adapters ?? false,
      probe: values.probe ?? false,
      everyRow: values['every-row'] ?? false,
      inText: read.wholeNumber('examples') ?? 0,
      findWords: read.oneOf('find-words', FIND_WORDS) ?? 'auto',
      improve: values.improve ? CANDIDATES : null,
    },
    log,
  );
  sayRows(deciding(evaluation).account, log);
}

const startOf = (kind: (typeof STARTS)[number]): Initialisation => (kind === 'text' ? { kind, text: '' } : { kind });

export const IMPROVE_USAGE = `npm run improve -- DATA.csv --text COL --label COL [--out PROMPT.json]
  [--budget ${CANDIDATES}]              prompts to compare, the template alone and yours included; a text with other
                              answer words is another prompt
  [--prompt "...{text}..."] [--words a=x,b=y] [--find-words auto|on|off]  as for tune; your prompt takes part to the end
  [--seed 0] [--group COL | --part COL] [--train-rows N] [--test-rows N] [--test FILE.csv] [--drop-twins]  the rows, as tune
                              draws them; test rows are not read
  ${MEND_USAGE}
  ${MODEL_USAGE}`;

/** Rows of the leaderboard that are printed. */
const SHOWN = 20;

/** The best hand-written prompt for a labelled file, found on its training and validation rows: a leaderboard, and a file. */
export async function improvePrompt(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments(args, {
    ...askingOptions,
    ...valued('text', 'label', 'prompt', 'words', 'find-words', 'budget', 'seed'),
    ...splitOptions,
    ...valued('test', 'out'),
    ...flags('drop-twins'),
  });
  const [data] = read.exactly(['DATA.csv']);
  const columns = read.columns();
  const budget = read.wholeNumber('budget') ?? CANDIDATES;
  const given = {
    prompt: read.prompt(),
    words: read.words(),
    findWords: read.oneOf('find-words', FIND_WORDS) ?? 'auto',
  };
  const seed = read.wholeNumber('seed', 0) ?? 0;
  const model = read.model();
  const rows = read.rows();
  const log = createLog();
  const dataset = await readDataset({ data: resolve(data), test: read.path('test'), columns, seed, ...rows }, log);
  await using host = await openHost(model, log);
  const set = await withWords(host, { dataset, ...given }, log);
  const { found } = await improved(host, set, dataset, budget, log);
  process.stdout.write(`${boardText(found.board)}\n`);
  if (values.out) await writeFile(resolve(values.out), promptFile(found, dataset, host));
  const { baseTemplate: template } = set;
  sayRows(await searchedRows(host, { dataset, template, words: set.words }, uninterrupted), log);
}

/** The leaderboard as lines of a terminal, the winner first. */
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

/** The prompt as JSON: its text, its examples, what it answers with, and how it was found. */
function promptFile({ winner, search, board }: Improved, dataset: Dataset, { engine: { info } }: Host): string {
  const { name, prompt, words, calibration } = winner;
  const examples = rowsOf(dataset, shotIds(dataset, prompt)).map((row) => ({
    text: textOf(row, dataset.mapping),
    label: labelOf(row, dataset.mapping),
  }));
  const { id, dtype, sha256 } = info;
  const file = { name, prompt, words, examples, calibration, search, model: { id, dtype, sha256 }, board };
  return `${JSON.stringify(file, null, 1)}\n`;
}

export const WRITE_USAGE = `npm run write -- DATA.csv --text COL --target COL --prompt "...{text}..." --out DIR
  [--shots 3]                 examples in the hand-written prompt that is compared with examples
  [--placement suffix|infix|prefix] [--tokens 10] [--steps 150] [--seed 0]
  ${SPLIT_USAGE}
  [--drop-twins]              leave out training rows that repeat a test row, or almost
  [--add-rows MORE.csv]       more training rows, with the same columns; validation and test rows stay as without them
  ${MEND_USAGE}
  ${MODEL_USAGE}`;

/** A prompt that generates texts: data, training, comparison on test rows, and a folder with the results and the prompt. */
export async function write(args: readonly string[]): Promise<void> {
  const read = readArguments(args, {
    ...trainingOptions,
    ...valued('target', 'shots'),
  });
  const [data] = read.exactly(['DATA.csv']);
  const columns = { text: read.required('text'), target: read.required('target') };
  const out = resolve(read.required('out'));
  const prompt = unescaped(read.required('prompt'));
  const examples = read.wholeNumber('shots');
  const settings: TrainingSettings = { ...read.settings(), initialisation: { kind: 'text', text: '' } };
  const { seed } = settings;
  const model = read.model();
  const rows = read.rows();
  const log = createLog();
  const dataset = await readDataset({ data: resolve(data), test: null, columns, seed, ...rows }, log);
  const options = { dataset, model, out, prompt, words: null, runs: [settings], hybrid: false, examples };
  sayRows((await runTask(options, log)).account, log);
}
