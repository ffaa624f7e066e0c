/**
 * Texts to be written, in the built page by WebAssembly: half of tools/text-to-text is dropped, a prompt is trained on half of
 * that, and what it generates for the test rows must be closer to the expected lines than the hand-written prompt's texts: the
 * paired interval of ROUGE-L excludes 0. `npx tsx tools/acceptance-writing.ts`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import Papa from 'papaparse';
import type { TextResults } from '../src/report/results-schema';
import { inBuiltPage } from './built-page';

const MINUTES = 60_000;
const SETTINGS = { Steps: 50, 'Validate every': 25, Patience: '' };
const HAND = `Summarise the message in one line: topic: what happened -> action.
The action is one of cancel, refund, replace, repair, deliver, change, answer, thank, apologise, none.
Message: {text}
Summary:`;

/** Every other row, because rows of one kind are next to each other in the file. */
function half(): Buffer {
  const csv = readFileSync(join(import.meta.dirname, 'text-to-text/summaries.csv'), 'utf8');
  const { data } = Papa.parse<Record<string, string>>(csv, { header: true, skipEmptyLines: true });
  return Buffer.from(Papa.unparse(data.filter((_, i) => i % 2 === 0)));
}

const holds = await inBuiltPage(async (studio) => {
  const { page, prompts, train, compare, library } = studio;
  const startedAt = Date.now();
  const say = (what: string) => console.log(`${((Date.now() - startedAt) / 1000).toFixed(0)} s: ${what}`);
  await studio.open('#/', null);
  await expect(page.getByRole('button', { name: /^Model: .+ · \d+ threads?/ })).toBeVisible({ timeout: 5 * MINUTES });
  say('the model is ready');
  await studio.drop({ name: 'summaries.csv', bytes: half() });
  await expect(studio.heading).toHaveText(/rows ready/);
  say((await studio.heading.textContent()) ?? '');
  await studio.go('Prompts');
  await prompts.editor.fill(HAND);
  await prompts.tryIt.click();
  await expect(studio.heading).toHaveText(/reaches ROUGE-L/, { timeout: 20 * MINUTES });
  say((await studio.heading.textContent()) ?? '');
  await studio.go('Train');
  await train.set(SETTINGS);
  await train.start();
  await train.ended(30 * MINUTES);
  say((await studio.heading.textContent()) ?? '');
  await studio.go('Compare');
  await compare.run.click();
  await compare.verdict(60 * MINUTES);
  say((await studio.heading.textContent()) ?? '');
  await studio.compare.save.click();
  const { bytes } = await library.saved('JSON, without texts');
  const { arms, comparisons } = JSON.parse(bytes.toString()) as TextResults;
  console.log(JSON.stringify({ arms, comparisons }, null, 1));
  const against = comparisons.find(({ a, b }) => a === 'yours' && b === 'tuned');
  return against !== undefined && against.metrics.rougeL.interval.low > 0;
});
console.log(`${holds ? 'passed' : 'FAILED'}  tuned is nearer than the hand prompt: the interval of ROUGE-L is above 0`);
process.exit(holds ? 0 : 1);
