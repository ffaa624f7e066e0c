/**
 * The same rows sorted by label and shuffled, through the command line and through the built page: what each says, row
 * order by row order. Takes a few minutes for each of the four. `npm run build` comes first.
 *
 *     npx tsx tools/bench/row-orders.ts FILE.csv [--rows 160] [--steps 30] [--threads 2] [--model FOLDER] [--only command,page,sorted,shuffled] [--keep FOLDER]
 *
 * FILE.csv has the columns text and label. Prints a line for each, then how far log-probabilities differ, and ends with 1
 * where verdict, labels, accuracies, p-values or the answer to a row differ. FOLDER keeps each results.json, and what is
 * there is not measured again: so the four can be run one by one.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from '@playwright/test';
import Papa from 'papaparse';
import { runCommand } from '../../src/cli/commands';
import { present } from '../../src/lib/assert';
import { createRng, shuffled } from '../../src/lib/rng';
import type { LabelResults } from '../../src/report/results-schema';
import { inBuiltPage } from '../built-page';
import { readOptions } from './read-options.mjs';

const MINUTES = 60_000;
const BUILT_IN = join(import.meta.dirname, '../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct');

const { values, positionals } = readOptions({
  rows: 160,
  steps: 30,
  threads: 2,
  model: BUILT_IN,
  only: 'command,page,sorted,shuffled',
  keep: null,
});
const [file = ''] = positionals;
const only = values.only.split(',');
if (values.keep) await mkdir(values.keep, { recursive: true });
const ORDERS = (['sorted', 'shuffled'] as const).filter((order) => only.includes(order));

type Line = Pick<Record<'text' | 'label', string>, 'text' | 'label'>;

const { data } = Papa.parse<Line>(await readFile(file, 'utf8'), { header: true, skipEmptyLines: true });
const mixed = shuffled(data, createRng(1)).slice(0, values.rows);
const rowsIn = {
  shuffled: mixed,
  sorted: mixed.toSorted((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0)),
};
const csvIn = (order: keyof typeof rowsIn) => Papa.unparse(rowsIn[order].map(({ text, label }) => ({ text, label })));

async function byCommand(csv: string): Promise<LabelResults> {
  const folder = await mkdtemp(join(tmpdir(), 'row-orders-'));
  const path = join(folder, 'rows.csv');
  await writeFile(path, csv);
  const out = join(folder, 'out');
  await mkdir(out);
  const { steps, model, threads } = values;
  const options = ['--steps', `${steps}`, '--model', model, '--backend', 'node-wasm', '--threads', `${threads}`];
  const code = await runCommand(['tune', path, '--text', 'text', '--label', 'label', '--out', out, ...options]);
  if (code !== 0) throw new Error(`tune ended with ${code}`);
  return JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
}

const inPage = (csv: string): Promise<LabelResults> =>
  inBuiltPage(async (studio) => {
    const { page, train, compare, library } = studio;
    const model = values.model === BUILT_IN ? null : values.model.split('public/models/')[1];
    await studio.open('#/', model ?? null);
    await expect(page.getByRole('button', { name: /^Model: .+ · \d+ threads?/ })).toBeVisible({ timeout: 5 * MINUTES });
    await studio.drop({ name: 'rows.csv', bytes: Buffer.from(csv) });
    await expect(studio.heading).toHaveText(/rows ready/);
    await studio.go('Train');
    await train.set({ Steps: values.steps });
    await train.start();
    await train.ended(30 * MINUTES);
    await studio.go('Compare');
    await compare.run.click();
    await compare.verdict(30 * MINUTES);
    await studio.compare.save.click();
    const { bytes } = await library.saved('JSON, without texts');
    return JSON.parse(bytes.toString());
  });

/** Measured now, or what `--keep` has of it. */
async function kept(name: string, measure: () => Promise<LabelResults>): Promise<LabelResults> {
  const path = values.keep && join(values.keep, `${name}.json`);
  if (path && existsSync(path)) return JSON.parse(await readFile(path, 'utf8'));
  const began = Date.now();
  const results = await measure();
  console.log(`${name}: measured in ${Math.round((Date.now() - began) / 1000)} s`);
  if (path) await writeFile(path, JSON.stringify(results));
  return results;
}

/** Row ids count the rows of the file from 1: each row by its place in the shuffled one. */
const rowsOf = (order: keyof typeof rowsIn, { rows }: LabelResults['arms'][number]) =>
  rows
    .map((row) => ({ ...row, id: mixed.indexOf(present(rowsIn[order][Number(row.id) - 1], `row ${row.id}`)) }))
    .toSorted((a, b) => a.id - b.id);

/** What is said of the rows: neither their numbers, which follow the file, nor times. */
const figuresOf = (order: keyof typeof rowsIn, { verdict, labels, arms, comparisons }: LabelResults) => ({
  verdict: `${verdict.kind}: ${verdict.headline} ${verdict.detail}`,
  labels,
  rows: arms[0] && rowsOf(order, arms[0]).map(({ id, gold }) => `${id} ${gold}`),
  arms: Object.fromEntries(arms.map(({ id, metrics }) => [id, Number((100 * metrics.accuracy.value).toFixed(1))])),
  pairs: Object.fromEntries(
    comparisons.map(({ a, b, metrics: { accuracy }, aOnly, bOnly, pMidP }) => {
      const shares = [accuracy.value, accuracy.interval.low, accuracy.interval.high];
      return [
        `${b} − ${a}`,
        [...shares.map((share) => (100 * share).toFixed(1)), bOnly, aOnly, accuracy.p, pMidP].map(Number),
      ];
    }),
  ),
  answers: Object.fromEntries(arms.map((arm) => [arm.id, rowsOf(order, arm).map(({ predicted }) => predicted)])),
});

/** Log-probabilities of every arm, row and label. */
const logProbsOf = (order: keyof typeof rowsIn, { arms, labels }: LabelResults) =>
  arms.flatMap((arm) => rowsOf(order, arm).flatMap(({ logProbs }) => labels.map((label) => logProbs[label] ?? 0)));

const said: { name: string; figures: string; logProbs: readonly number[] }[] = [];
for (const order of ORDERS)
  for (const [host, run] of [
    ['command', byCommand],
    ['page', inPage],
  ] as const) {
    if (!only.includes(host)) continue;
    const name = `${basename(file, '.csv')} ${order} ${host}`;
    const results = await kept(name, () => run(csvIn(order)));
    const { rows, answers, ...shown } = figuresOf(order, results);
    console.log(`${name}, ${rows?.length} test rows: ${JSON.stringify(shown)}`);
    said.push({ name, figures: JSON.stringify({ ...shown, rows, answers }), logProbs: logProbsOf(order, results) });
  }
const [first] = said;
for (const { name, logProbs } of said.slice(1)) {
  const off = Math.max(...logProbs.map((value, i) => Math.abs(value - (first?.logProbs[i] ?? 0))));
  console.log(`${name}: log-probabilities are at most ${off.toExponential(1)} from those of ${first?.name}`);
}
const isSame = said.every(({ figures }) => figures === first?.figures);
console.log(isSame ? 'all say the same' : 'they differ');
process.exit(isSame ? 0 : 1);
