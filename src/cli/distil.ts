/** A long prompt into a few vectors: the vectors learn its answers to texts, and both are compared on test rows. */
import { allUsed, without } from '../dataset/account';
import type { Dataset } from '../dataset/types';
import { pointsRange, pointsWithUnit } from '../evaluation/words';
import { present } from '../lib/assert';
import { count, percent } from '../lib/format';
import type { Evaluation } from '../prompt-set/types';
import { DEFAULT_PRESET, PRESETS, STANDARD } from '../training/settings';
import { CANDIDATES } from '../workflow/improve';
import { givenRows, openTable } from './data';
import type { Log } from './node-host';
import { COLUMNS, flag, MODEL, orElse, PROMPT, ROWS, settingsOf, TRAINING, text, WORDS, whole } from './options';
import { command } from './program';
import { type RunOptions, runTask } from './run-task';

export const distilPrompt = command({
  summary: 'make a long prompt smaller: a few vectors that answer as it does',
  takes: { data: '<DATA.csv>' },
  options: {
    ...COLUMNS,
    ...PROMPT,
    ...WORDS,
    shots: orElse(whole('training rows that the long prompt shows as examples', 0), 8),
    improve: flag('take the best hand-written prompt that a search finds'),
    texts: text('FILE.csv', 'texts to learn from, without labels (default: those of the training rows)'),
    ...TRAINING,
    ...ROWS,
    ...MODEL,
  },
  async run(given, log) {
    const { text: column, texts, placement, improve } = given;
    // left to the preset, the vectors come before the cue, and the answer words' vectors are trained too
    const settings = settingsOf(given, placement === null ? PRESETS[DEFAULT_PRESET].settings : STANDARD);
    const dataset = await givenRows(given, log);
    const distil = texts === null ? { texts: null } : await readTexts(texts, column, log);
    const { out, prompt, words, shots } = given;
    const asked = { out, prompt, words, shots, dataset, model: given, runs: [settings], distil };
    return runTask({ ...asked, improve: improve ? CANDIDATES : null }, log, (evaluation) => {
      for (const line of smallerLines(evaluation, dataset)) log.line(line);
    });
  },
});

async function readTexts(path: string, text: string, log: Log): Promise<RunOptions['distil']> {
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
