import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/** How long the documents may be, so that a newcomer can read what matters in an hour. */

const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`);
const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...docs];
/** They travel with the package. */
const pages = documents.filter((path) => path.startsWith('docs/package/'));
const records = documents.filter((path) => path.startsWith('docs/decisions/'));

/** As `wc -w` counts them. */
const words = (paths: readonly string[]) =>
  paths.flatMap((path) => readFileSync(join(ROOT, path), 'utf8').split(/\s+/).filter(Boolean)).length;

it.each([
  ['README.md', 1200],
  ['ARCHITECTURE.md', 1500],
  ['CHANGELOG.md', 800],
  ['docs/benchmarks.md', 4000],
])('%s has at most %d words', (path, most) => {
  expect(words([path])).toBeLessThanOrEqual(most);
});

it('all documents together have at most 25,500 words, without those of the package', () => {
  expect(words(documents.filter((path) => !pages.includes(path)))).toBeLessThanOrEqual(25_500);
});

it('the documents of the package have at most 4,500 words, each at most 200 lines', () => {
  expect(words(pages)).toBeLessThanOrEqual(4_500);
  expect(pages.filter((path) => readFileSync(join(ROOT, path), 'utf8').split('\n').length > 200)).toEqual([]);
});

it('at most 32 decisions are recorded, each in at most 250 words', () => {
  expect(records.length).toBeLessThanOrEqual(32);
  expect(records.filter((path) => words([path]) > 250)).toEqual([]);
});
