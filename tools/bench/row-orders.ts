/**
 * The same rows sorted by label and shuffled, through the command line and through the built page: what each says, row
 * order by row order. Takes a few minutes for each of the four. `npm run build` comes first.
 *
 *     npx tsx tools/bench/row-orders.ts FILE.csv [--rows 160] [--steps 30] [--threads 2] [--model FOLDER] [--only command,page,sorted,shuffled]
 *
 * FILE.csv has the columns text and label. Prints a line for each, and ends with 1 where they differ.
 */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { expect } from '@playwright/test';
import Papa from 'papaparse';
import { runCommand } from '../../src/cli/commands';
import { createRng, shuffled } from '../../src/lib/rng';
import type { resultsJson } from '../../src/report/json';
import { inBuiltPage } from '../built-page';

const MINUTES = 60_000;
const BUILT_IN = join(import.meta.dirname, '../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '160' },
    steps: { type: 'string', default: '30' },
    threads: { type: 'string', default: '2' },
    model: { type: 'string', default: BUILT_IN },
    only: { type: 'string', default: 'command,page,sorted,shuffled' },
  },
});
const [file = ''] = positionals;
const only = values.only.split(',');
const ORDERS = (['sorted', 'shuffled'] as const).filter((order) => only.includes(order));

type Line = Pick<Record<'text' | 'label', string>, 'text' | 'label'>;

const { data } = Papa.parse<Line>(await readFile(file, 'utf8'), { header: true, skipEmptyLines: true });
const mixed = shuffled(data, createRng(1)).slice(0, Number(values.rows));
const rowsIn = {
  shuffled: mixed,
  sorted: mixed.toSorted((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0)),
};
const csvIn = (order: keyof typeof rowsIn) => Papa.unparse(rowsIn[order].map(({ text, label }) => ({ text, label })));

type Results = ReturnType<typeof resultsJson>;

async function byCommand(csv: string): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'row-orders-'));
  const path = join(folder, 'rows.csv');
  await writeFile(path, csv);
  const out = join(folder, 'out');
  await mkdir(out);
  const { steps, model, threads } = values;
  const options = ['--steps', steps, '--model', model, '--backend', 'node-wasm', '--threads', threads];
  const code = await runCommand(['tune', path, '--text', 'text', '--label', 'label', '--out', out, ...options]);
  if (code !== 0) throw new Error(`tune ended with ${code}`);
  return JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
}

const inPage = (csv: string): Promise<Results> =>
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
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    const { bytes } = await library.saved('JSON, without texts');
    return JSON.parse(bytes.toString());
  });

/** What is said of the rows: neither their numbers, which follow the file, nor times. */
const figuresOf = ({ verdict, arms, comparisons }: Results) => ({
  rows: arms[0]?.rows.length,
  verdict: `${verdict.headline} ${verdict.detail}`,
  arms: Object.fromEntries(arms.map(({ id, accuracy }) => [id, Number((100 * accuracy).toFixed(1))])),
  pairs: Object.fromEntries(
    comparisons.map(({ a, b, difference, differenceCi95, aOnly, bOnly, pExact }) => [
      `${b} − ${a}`,
      [...[difference, ...differenceCi95].map((share) => (100 * share).toFixed(1)), bOnly, aOnly, pExact].map(Number),
    ]),
  ),
});

const said: string[] = [];
for (const order of ORDERS)
  for (const [host, run] of [
    ['command', byCommand],
    ['page', inPage],
  ] as const) {
    if (!only.includes(host)) continue;
    const figures = JSON.stringify(figuresOf(await run(csvIn(order))));
    console.log(`${basename(file)} ${order} ${host} ${figures}`);
    said.push(figures);
  }
const isSame = said.every((each) => each === said[0]);
console.log(isSame ? 'all say the same' : 'they differ');
process.exit(isSame ? 0 : 1);
