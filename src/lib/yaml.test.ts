import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readYaml } from './yaml';

const key = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('raw', 'a b', '__proto__', '-', '#', 'x: y', '1', ''),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('word', ' ', '  ', '\n', '\n\n', '\t', '#', ': ', '- ', '"', "'", '\\', '{', '0', 'é'))
    .map((of) => of.join('')),
  fc.array(fc.constantFrom('word', 'longer', 'text'), { minLength: 20, maxLength: 60 }).map((of) => of.join(' ')),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('any')), { maxLength: 4 }).map((of) => Object.fromEntries(of)),
  ),
})).any;

it.each([
  {},
  { lineWidth: 0 },
  { collectionStyle: 'flow' },
  { defaultStringType: 'QUOTE_SINGLE' },
  { indentSeq: false },
] as const)('reads what another tool writes with %o', (options) =>
  fc.assert(
    fc.property(fc.record({ prompts: value, tests: value }), (of) => {
      const written = stringify(of, options);
      expect(readYaml(written)).toEqual(parse(written));
    }),
    { numRuns: Number(process.env.N ?? 300), endOnFailure: false },
  ),
);

it('reads a file as people write it', () => {
  const file = `# an evaluation
description: Tones   # short
prompts:
- |
  Say the tone.

  {{text}}
- >-
  one
  line

  another
providers: [openai:gpt-4o, {id: 'it''s', config: {temperature: 0}}]
tests:
  - vars: {text: "first\\tone", n: 1.5}
    assert:
      - type: equals
        value: good
  -
    vars:
      text: over
        two lines
`;
  expect(readYaml(file)).toEqual(parse(file));
});

it.each([
  ['an alias', 'a: &x 1\nb: *x'],
  ['a tag', 'a: !!set {x}'],
  ['several documents', 'a: 1\n---\nb: 2'],
  ['a key twice', 'a: 1\na: 2'],
  ['a wrong indent', 'a:\n    b: 1\n  c: 2'],
  ['an open bracket', 'a: [1, 2'],
  ['text after a value', 'a: "x" y'],
  ['a text that is no map', 'a: 1\nrest'],
])('refuses %s', (_, file) => expect(() => readYaml(file)).toThrow(SyntaxError));
