import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/** Everything that a file of this repository refers to is in the repository. */

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((path) => existsSync(join(ROOT, path)));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const texts = tracked.filter(
  (path) =>
    /\.(?:ts|tsx|mts|mjs|md|css|py|html|json)$/.test(path) &&
    !/^(?:public|test\/fixtures)\/|^package-lock|^THIRD_PARTY|^test\/references\.test\.ts$/.test(path),
);
const markdown = texts.filter((path) => path.endsWith('.md'));

/** Checks and benchmarks that need public data sets kept beside the repository, and say so. */
const NEEDS_DATA =
  /^(?:tools\/(?:bench|acceptance|text-to-text|stats)|docs\/benchmarks\.md|src\/metrics\/logistic\.test\.ts)/;

function linesWith(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    [...read(path).matchAll(pattern)].map(
      (match) => `${path}:${read(path).slice(0, match.index).split('\n').length} ${match[0]}`,
    ),
  );
}

describe('references', () => {
  it('name no document that is outside the repository', () => {
    const elsewhere =
      /(?<!method\/)\b(?:recipe|statistics|formats|engine-notes|design|house|language)\.md\b|\bengine-notes\b/g;
    expect(
      linesWith(
        texts.filter((path) => !path.startsWith('docs/method/')),
        elsewhere,
      ),
    ).toEqual([]);
  });

  it('leave the repository only in checks that say what they need', () => {
    expect(linesWith(texts, /\.\.\/shared\b|\/work\/shared\b/g).filter((hit) => !NEEDS_DATA.test(hit))).toEqual([]);
  });

  it('to a decision are clear: every record has a number of its own, the one in its title', () => {
    const records = tracked.filter((path) => /^docs\/decisions\/\d/.test(path));
    const numbers = records.map((path) => path.slice('docs/decisions/'.length, 'docs/decisions/'.length + 3));
    expect(numbers).toEqual([...new Set(numbers)]);
    expect(records.map((path) => read(path).slice(2, 5))).toEqual(numbers);
  });

  it('in Markdown links lead to files that exist', () => {
    const broken = markdown.flatMap((path) =>
      [...read(path).matchAll(/\]\((?<link>[^)\s]+)\)/g)]
        .map((match) => (match.groups?.link ?? '').replace(/#.*$/, ''))
        .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
        .filter((link) => !existsSync(join(ROOT, dirname(path), link)))
        .map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('to docs/method/ and docs/decisions/ in code lead to documents that exist', () => {
    const cited = linesWith(texts, /docs\/(?:method|decisions)\/[\w-]+\.md/g);
    expect(cited.filter((hit) => !existsSync(join(ROOT, hit.split(' ')[1] ?? '')))).toEqual([]);
  });

  it('to paths in ARCHITECTURE, CONTRIBUTING, README and SECURITY lead to files that exist', () => {
    const documents = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md'].filter((path) =>
      existsSync(join(ROOT, path)),
    );
    const found = (path: string) =>
      ['', 'src/'].some((base) =>
        ['', '.ts', '.tsx', '.mjs'].some((end) => existsSync(join(ROOT, normalize(base + path + end)))),
      );
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/`(?<path>[\w.@-]+(?:\/[\w.@*<>-]+)+\/?)`/g)]
        .map((match) => match.groups?.path ?? '')
        .filter((path) => !/[*<>]/.test(path) && !path.startsWith('@') && !found(path.replace(/\/$/, '')))
        .map((path) => `${document}: ${path}`),
    );
    expect(broken).toEqual([]);
  });
});
