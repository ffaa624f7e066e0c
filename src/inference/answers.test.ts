import { expect, it } from 'vitest';
import type { SoftPrompt } from '../prompt/types';
import { Answers } from './answers';

const words = (ids: readonly number[]) => ids.map((id) => ({ label: String(id), word: ` ${id}`, tokenIds: [id] }));
const soft = (placement: SoftPrompt['placement'], value: number): SoftPrompt => ({
  placement,
  vectors: Float32Array.of(value, 0.5),
  virtualTokens: 1,
  hidden: 2,
});
const text = Int32Array.of(1, 23);

it('remembers answers by everything that they depend on', () => {
  const answers = new Answers();
  answers.of(words([7, 8]), soft('suffix', 0.1)).put(text, [-1, -2]);
  const found = (labels: readonly number[], prompt: SoftPrompt | null, ids = text) =>
    answers.of(words(labels), prompt).get(ids);
  expect(found([7, 8], soft('suffix', 0.1))).toEqual([-1, -2]);
  expect(found([8, 7], soft('suffix', 0.1))).toBeUndefined();
  expect(found([7, 8], soft('prefix', 0.1))).toBeUndefined();
  expect(found([7, 8], soft('suffix', 0.1000001))).toBeUndefined();
  expect(found([7, 8], null)).toBeUndefined();
  expect(found([7, 8], soft('suffix', 0.1), Int32Array.of(12, 3))).toBeUndefined();
});

it('drops the least recently used prompt when there are too many answers', () => {
  const answers = new Answers(12);
  const prompts = [words([1]), words([2]), words([3])].map((labels) => () => answers.of(labels, null));
  const [a, b, c] = prompts as [
    () => ReturnType<Answers['of']>,
    () => ReturnType<Answers['of']>,
    () => ReturnType<Answers['of']>,
  ];
  a().put(text, [0]);
  b().put(text, [0]);
  expect(a().get(text)).toEqual([0]);
  c().put(text, [0]);
  c().put(Int32Array.of(5, 6), [0]);
  expect(b().get(text)).toBeUndefined();
  expect(c().get(text)).toEqual([0]);
});

it('makes room for the current prompt even if it alone exceeds the limit', () => {
  const answers = new Answers(10);
  const one = answers.of(words([1]), null);
  for (let i = 0; i < 20; i++) one.put(Int32Array.of(100 + i), [i]);
  expect(one.get(Int32Array.of(119))).toEqual([19]);
});
