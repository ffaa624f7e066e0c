import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/**
 * The words that docs/style.md rules out, in code, comments, test names and documents. To see the hits of one place:
 *
 *     ENGLISH=src/app/screens/data npx vitest run --project node test/english.test.ts
 */

interface Rule {
  /** As docs/style.md lists it. */
  readonly phrase: string;
  readonly pattern: RegExp;
}
const rule = (phrase: string, pattern: RegExp): Rule => ({ phrase, pattern });
const word = (phrase: string): Rule => rule(phrase, new RegExp(`\\b${phrase}\\b`, 'gi'));

const RULES: readonly Rule[] = [
  rule('stands', /\b(?:stands?|stood)\b(?!-)/gi),
  word('told'),
  rule('foreseen', /\bfore(?:see|sees|saw|seen|seeing)\b/gi),
  word('likeliest'),
  word('commonest'),
  word('anew'),
  rule('is begun', /\bbegun\b/gi),
  word('whoever'),
  word('whatever the text'),
  rule('takes its place', /\b(?:took|tak(?:e|es|en|ing)) (?:its|their|the) place\b/gi),
  word('beginnings'),
  word('the same for'),
  rule('as many', /(?<!twice |times |half |exactly )\bas many\b/gi),
  word('in their shares'),
  word('at the temperature'),
  rule('put it there', /\bput(?:s|ting)? (?:it|them|one|a stage) there\b/gi),
  rule('lies in', /\b(?:lies?|lying|lain)\b/gi),
  rule('goes on', /\b(?:go|goes|going|went|gone) on\b/gi),
  rule('what was', /\bwhat (?:was|were)\b/gi),
  rule('held-back rows', /\b(?:held|holds?|holding)[- ]back\b/gi),
  rule('parcel', /parcel/gi),
  rule('bundle', /\bbundl(?:es?|ed|ing)\b/gi),
  rule('kit', /\bkits?\b(?!')/gi),
  word('hard prompts?'),
  rule('bare', /\bbare (?:template|text|prompt)s?\b/gi),
  word('label words?'),
  rule('contest', /\bcontest/gi),
  word('looked at'),
  rule('needs a look', /\bneeds? a look\b|\bthings? to look at\b/gi),
  rule('write on', /\b[Ww]rites? on(?=$|<|'|`|"| after)/gm),
  word('sound alike'),
  word('seeds scatter'),
  word('may go unseen'),
  word('mixed order'),
  rule('To the start', /\bTo the start\b/g),
  word('which column is what'),
  word('who is in which part'),
  word('is the one that counts'),
  word('reads to the model'),
  rule('between two steps', /\bbetween two steps:/gi),
  word('every value with every other'),
  word('to which its vectors mean nothing'),
  word('not promised'),
];

/** Words that a format, a program or a library prescribes, as `file word`, with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'public/models/softprompt-studio/tiny-support/NOTICE bundled': 'its checksum is published',
  'tools/tiny/train.py bundled': 'that NOTICE',
};

const LISTED = /\.(?:ts|tsx|mts|mjs|js|md|css|py|html|json|webmanifest|ya?ml|toml)$|(?:^|\/)(?:NOTICE|run)$/;
const SKIPPED =
  /^public\/(?:models\/.*\.json$|sample\/.*json$)|^test\/fixtures\/.*\.(?!md$)[a-z]+$|^THIRD_PARTY|^docs\/style\.md$|^test\/english\.test\.ts$|^package-lock/;

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((path) => LISTED.test(path) && !SKIPPED.test(path) && existsSync(join(ROOT, path)));

interface Hit {
  readonly path: string;
  readonly shown: string;
}

function hitsOf(path: string, text: string): Hit[] {
  return RULES.flatMap(({ phrase, pattern }) =>
    [...text.matchAll(pattern)]
      .filter((match) => !(`${path} ${match[0].toLowerCase()}` in ALLOWED))
      .map((match) => {
        const line = text.slice(0, match.index).split('\n').length - 1; // 0: the file's name
        return { path, shown: `${path}:${line} “${match[0]}” (${phrase})` };
      }),
  );
}

const hits = files.flatMap((path) => hitsOf(path, `${path}\n${readFileSync(join(ROOT, path), 'utf8')}`));

describe('the words that docs/style.md rules out', () => {
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
    const style = readFileSync(join(ROOT, 'docs/style.md'), 'utf8');
    const listed = (phrase: string) => style.toLowerCase().includes(phrase.replace(/s\?$/, '').toLowerCase());
    expect(RULES.map(({ phrase }) => phrase).filter((phrase) => !listed(phrase))).toEqual([]);
  });

  it('are found in a sentence, and not in words that only contain them', () => {
    const found = (text: string) => hitsOf('x.ts', text).length;
    for (const text of [
      'A label stands there twice.',
      'whoever asks',
      'the commonest label',
      'training goes on',
      'As many rows that it fixed as rows that it broke',
      'const parcelOf = 1',
      'predict.py --bundle FOLDER',
      'the work is now begun',
    ])
      expect(found(text), text).toBe(1);
    for (const text of [
      'the standard error',
      'a standing order, a stand-in',
      'twice as many tokens as before',
      'going once, contents, kitchen, bundler',
    ])
      expect(found(text), text).toBe(0);
  });
});
