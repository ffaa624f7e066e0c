import { describe, expect, it } from 'vitest';
import { instrument, type Mutant, mutantsOf } from './mutants.ts';
import { scored } from './score.ts';

const says = (source: string) => mutantsOf('a.ts', source).map((mutant) => mutant.says);

/** What the switched source returns with each mutant on, and with none. */
function results(source: string, ...given: readonly unknown[]): unknown[] {
  const mutants = mutantsOf('a.ts', `function f(a, b) { ${source} }`);
  const code = instrument(`function f(a, b) { ${source} }`, new Map(mutants.map((mutant, id) => [id, mutant])));
  const run = (on: number) => {
    try {
      return new Function('__mutant', `${code}; return f(...arguments[1])`)((id: number) => id === on, given);
    } catch (error) {
      return (error as Error).name;
    }
  };
  return [run(-1), ...mutants.map((_, id) => run(id))];
}

describe('mutants of a source text', () => {
  it('change operators, conditions, numbers and booleans', () => {
    expect(says('f(a < b);')).toEqual(['leaves out f(a < b);', 'a < b → a <= b', 'a < b → a >= b']);
    expect(says('const x = a && !b;')).toEqual(['a && !b → (a) || (!b)', '!b → b']);
    expect(says('const x = [0, 1, 7, 0.05, true];').slice(1)).toEqual([
      '0 → 1',
      '1 → 0',
      '7 → 8',
      '0.05 → 0.1',
      'true → false',
    ]);
    expect(says('const x = a === b ? 2 : 3;')).toContain('a === b → true');
    expect(says('const x = a ?? b;')).toEqual(['a ?? b → a', 'a ?? b → b']);
  });

  it('leave out statements and calls, and put methods in place of others', () => {
    expect(says('const x = a.filter(b);')).toEqual(['a.filter(b) → a']);
    expect(says('const x = Math.min(a, b);')).toEqual([
      'Math.min(a, b) → Math.max(a, b)',
      'Math.min(a, b) → Math.min(b, a)',
    ]);
    expect(says('const f = () => { return a.map(b); };')).toEqual(['a.map(b) → []']);
    expect(says('const x = f(a.id, b.id);')).toEqual(['f(a.id, b.id) → f(b.id, a.id)']);
  });

  it('leave types, names, sentences and assertions as they are', () => {
    expect(says('type A = 1 | true; const a: 0 = b as 0; const o = { 1: c }; const s = "x" + d;')).toEqual([]);
    expect(says("assert(a > 0, 'rows');")).toEqual([]);
    expect(says("import x from 'y';")).toEqual([]);
  });

  it('change a part of a chain with the whole chain', () => {
    expect(says('const x = a?.b.c;')).toEqual(['a?.b.c → a.b.c']);
    expect(says('const x = a?.slice(b).map(c);')).toEqual([
      'a?.slice(b).map(c) → a.map(c)',
      'a?.slice(b).map(c) → a.slice(b).map(c)',
    ]);
    expect(results('return a?.b.c', undefined)).toEqual([undefined, 'TypeError']);
  });
});

describe('a source with switches', () => {
  it('does what it did while none is on, and what its mutant says while one is', () => {
    expect(results('return a * 2 - b', 5, 3)).toEqual(
      [7, 13, -0.5, 12].map((value, i) => (i === 2 ? 5 / 2 - 3 : value)),
    );
    expect(results('let x = 1; x += a; return x', 4)).toEqual([5, 4, 1, -3]);
    expect(results('if (a > 1) return 1; return 9', 3).slice(0, 3)).toEqual([1, 9, 1]);
  });

  it('works with mutants inside others', () => {
    const source = 'const f = (a: number, b: number) => (a + b) * (a - b) + 2;';
    const mutants = mutantsOf('a.ts', source);
    const code = instrument(source, new Map(mutants.map((mutant, id) => [id, mutant] as [number, Mutant])));
    expect(code.match(/__mutant\(/g)).toHaveLength(mutants.length);
    expect(mutantsOf('b.ts', code).length).toBeGreaterThan(mutants.length);
  });
});

it('the score weights rooms by how many mutants they have, with the interval of the smaller effective sample', () => {
  const outcomes = [
    ...Array.from({ length: 10 }, (_, i) => ({ room: 'a', killed: i < 9 ? 'x' : null })),
    ...Array.from({ length: 10 }, (_, i) => ({ room: 'b', killed: i < 5 ? 'x' : null })),
  ];
  const table = scored(outcomes, (room) => (room === 'a' ? 300 : 100)).split('\n');
  expect(table.slice(2)).toEqual([
    '| a | 300 | 10 | 9 | 90.0% | 59.6 to 98.2 |',
    '| b | 100 | 10 | 5 | 50.0% | 23.7 to 76.3 |',
    // 0.75 x 0.9 + 0.25 x 0.5; 1 / (0.75^2 / 10 + 0.25^2 / 10) = 16 rows
    '| **all** | 400 | 20 | 14 | 80.0% | 55.7 to 92.7 |',
  ]);
});
