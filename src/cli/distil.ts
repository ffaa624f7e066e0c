/** A long prompt into a few vectors: the vectors learn its answers to texts, and both are compared on test rows. */
import { resolve } from 'node:path';
import { allUsed, without } from '../dataset/account';
import type { Dataset } from '../dataset/types';
import { pointsRange, pointsWithUnit } from '../evaluation/words';
import { present } from '../lib/assert';
import { count, percent } from '../lib/format';
import type { Evaluation } from '../prompt-set/types';
import { DEFAULT_PRESET, PRESETS, STANDARD } from '../training/settings';
import { CANDIDATES } from '../workflow/improve';
import { openTable, readDataset, sayRows } from './data';
import { createLog, type Log } from './node-host';
import { flags, MODEL_USAGE, readArguments, trainingOptions, valued } from './options';
import { type RunOptions, runTask } from './run-task';

/** Examples in the long prompt, where nobody says how many. */
const SHOTS = 8;

export const DISTIL_USAGE = `npm run distil -- DATA.csv --text COL --label COL --out DIR
  [--prompt "...{text}..."]   the long prompt, with its policy; left out: a simple one
  [--shots ${SHOTS}]                 training rows that it shows as examples
  [--improve]                 take the best hand-written prompt that a search finds
  [--texts FILE.csv]          texts to learn from, in the same column, without labels; left out: those of the training rows
  [--words a=x,b=y]           an answer word of one token for each label
  [--placement suffix|infix|prefix]  left out: before the cue, with the answer words' vectors trained too
  [--tokens ${STANDARD.virtualTokens}] [--steps ${STANDARD.steps}] [--seed 0]
  [--group COL | --part COL] [--test FILE.csv] [--drop-twins] [--train-rows N] [--test-rows N]  the rows, as tune draws them; test rows teach nothing
  ${MODEL_USAGE}`;

/** Makes a prompt smaller, and prints what that saves and what it keeps. */
export async function distilPrompt(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments(args, {
    ...trainingOptions,
    ...valued('label', 'words', 'shots', 'texts', 'test'),
    ...flags('improve'),
  });
  const [data] = read.exactly(['DATA.csv']);
  const columns = read.columns();
  const out = resolve(read.required('out'));
  const settings = read.settings(values.placement === undefined ? PRESETS[DEFAULT_PRESET].settings : STANDARD);
  const { seed } = settings;
  const model = read.model();
  const given = {
    prompt: read.prompt(),
    words: read.words(),
    shots: read.wholeNumber('shots', 0) ?? SHOTS,
    improve: values.improve ? CANDIDATES : null,
  };
  const rows = read.rows();
  const log = createLog();
  const dataset = await readDataset({ data: resolve(data), test: read.path('test'), columns, seed, ...rows }, log);
  const distil =
    values.texts === undefined ? { texts: null } : await readTexts(resolve(values.texts), columns.text, log);
  const evaluation = await runTask({ ...given, dataset, model, out, runs: [settings], hybrid: false, distil }, log);
  for (const line of smallerLines(evaluation, dataset)) log.line(line);
  sayRows(evaluation.account, log);
}

/** The texts of a file; its other columns are not read. */
async function readTexts(path: string, text: string, log: Log): Promise<RunOptions['distil']> {
  const { rows, rejected } = await openTable(path, { texts: text }, log);
  const unreadable = without(allUsed(rejected.length), 'unreadable', rejected.length);
  return { texts: rows.map(({ cells }) => cells[text] ?? ''), unreadable };
}

/** What the smaller prompt saves and keeps, by the comparison on test rows. */
function smallerLines({ comparison }: Evaluation, { split }: Dataset): readonly string[] {
  if (!('pairs' in comparison)) return [];
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
  const { low, high } = pair.differenceCi95;
  return [
    `Tokens a row: ${count(Math.round(before))} before, ${count(Math.round(after))} after, ${percent(1 - after / before)} saved`,
    `Same answer on ${count(same)} of ${count(comparison.n)} test rows${comparison.n < split.test.length ? ' that fit both' : ''}`,
    `Accuracy: ${percent(long.accuracy)} before, ${percent(short.accuracy)} after, a difference of ${pointsWithUnit(pair.difference)} (95% interval ${pointsRange(low, high)})`,
  ];
}
