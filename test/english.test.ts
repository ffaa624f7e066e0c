import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/**
 * The words that CONTRIBUTING.md rules out, in code, comments, test names and documents. To see the hits of one place:
 *
 *     ENGLISH=src/app/screens/data npx vitest run --project node test/english.test.ts
 */

interface Rule {
  /** As CONTRIBUTING.md lists it. */
  readonly phrase: string;
  readonly pattern: RegExp;
}
const rule = (phrase: string, pattern: RegExp): Rule => ({ phrase, pattern });
const word = (phrase: string): Rule => rule(phrase, new RegExp(`\\b${phrase}\\b`, 'gi'));

const RULES: readonly Rule[] = [
  rule('foreseen', /\bfore(?:see|sees|saw|seen|seeing)\b/gi),
  word('likeliest'),
  word('commonest'),
  word('anew'),
  rule('is begun', /\bbegun\b/gi),
  word('whatever the text is'),
  rule('held-back', /\b(?:held|holds?|holding)[- ]back\b/gi),
  rule('parcel', /parcel/gi),
  rule('contest', /\bcontest/gi),
];

const LISTED = /\.(?:ts|tsx|mts|mjs|js|md|css|py|html|json|webmanifest|ya?ml|toml)$|(?:^|\/)(?:NOTICE|run)$/;
const SKIPPED =
  /^public\/(?:models\/.*\.json$|sample\/.*json$)|^test\/fixtures\/.*\.(?!md$)[a-z]+$|^THIRD_PARTY|^CONTRIBUTING\.md$|^test\/english\.test\.ts$|^package-lock/;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((path) => LISTED.test(path) && !SKIPPED.test(path) && existsSync(join(ROOT, path)));

interface Hit {
  readonly path: string;
  readonly shown: string;
}

function hitsOf(path: string, text: string): Hit[] {
  return RULES.flatMap(({ phrase, pattern }) =>
    [...text.matchAll(pattern)].map((match) => {
      const line = text.slice(0, match.index).split('\n').length - 1; // 0: the file's name
      return { path, shown: `${path}:${line} “${match[0]}” (${phrase})` };
    }),
  );
}

const hits = files.flatMap((path) => hitsOf(path, `${path}\n${readFileSync(join(ROOT, path), 'utf8')}`));

describe('the words that CONTRIBUTING.md rules out', () => {
  it('are used nowhere', () => {
    const asked = process.env.ENGLISH;
    if (asked)
      console.warn(
        hits
          .filter(({ path }) => path.startsWith(asked))
          .map(({ shown }) => shown)
          .join('\n'),
      );
    expect(hits.map(({ shown }) => shown)).toEqual([]);
  });

  it('are all listed there, each with what to write instead', () => {
    const style = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const listed = (phrase: string) => style.toLowerCase().includes(phrase.replace(/s\?$/, '').toLowerCase());
    expect(RULES.map(({ phrase }) => phrase).filter((phrase) => !listed(phrase))).toEqual([]);
  });

  it('are found in a sentence, and not in words that only contain them', () => {
    const found = (text: string) => hitsOf('x.ts', text).length;
    for (const text of [
      'the commonest label',
      'const parcelOf = 1',
      'the work is now begun',
      'Calibrating subtracts what a prompt says whatever the text is.',
    ])
      expect(found(text), text).toBe(1);
    for (const text of ['she told us that training goes on', 'whoever stands here', 'a manewover'])
      expect(found(text), text).toBe(0);
  });
});
