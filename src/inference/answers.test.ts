import { expect, it } from 'vitest';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { RowTokens } from './feeds';
import { AnswerCache } from './label-scores';

const words = (ids: readonly number[]) => ids.map((id) => ({ label: String(id), word: ` ${id}`, tokenIds: [id] }));
const soft = (placement: SoftPrompt['placement'], value: number): SoftPrompt => ({
  placement,
  vectors: Float32Array.of(value, 0.5),
  virtualTokens: 1,
  hidden: 2,
});
const row = (...ids: number[]) => ({ ids: Int32Array.from(ids) });
const text = row(1, 23);

it('remembers answers by everything that they depend on', () => {
  const answers = new AnswerCache();
  answers.of(words([7, 8]), soft('suffix', 0.1)).put(text, [-1, -2]);
  const found = (labels: readonly number[], prompt: SoftPrompt | null, asked: RowTokens = text) =>
    answers.of(words(labels), prompt).get(asked);
  expect(found([7, 8], soft('suffix', 0.1))).toEqual([-1, -2]);
  expect(found([8, 7], soft('suffix', 0.1))).toBeUndefined();
  expect(found([7, 8], soft('prefix', 0.1))).toBeUndefined();
  expect(found([7, 8], soft('suffix', 0.1000001))).toBeUndefined();
  expect(found([7, 8], null)).toBeUndefined();
  expect(found([7, 8], soft('suffix', 0.1), row(12, 3))).toBeUndefined();
});

it('remembers where the cue begins only for vectors before it', () => {
  const answers = new AnswerCache();
  const cued = (cue: number) => ({ ...text, cue });
  answers.of(words([7, 8]), soft('infix', 0.1)).put(cued(1), [-1, -2]);
  answers.of(words([7, 8]), null).put(cued(1), [-3, -4]);
  expect(answers.of(words([7, 8]), soft('infix', 0.1)).get(cued(1))).toEqual([-1, -2]);
  expect(answers.of(words([7, 8]), soft('infix', 0.1)).get(cued(0))).toBeUndefined();
  expect(answers.of(words([7, 8]), null).get(text)).toEqual([-3, -4]);
});

it('drops the least recently used prompt when there are too many answers', () => {
  const answers = new AnswerCache(12);
  const prompts = [words([1]), words([2]), words([3])].map((labels) => () => answers.of(labels, null));
  const [a, b, c] = prompts as [
    () => ReturnType<AnswerCache['of']>,
    () => ReturnType<AnswerCache['of']>,
    () => ReturnType<AnswerCache['of']>,
  ];
  a().put(text, [0]);
  b().put(text, [0]);
  expect(a().get(text)).toEqual([0]);
  c().put(text, [0]);
  c().put(row(5, 6), [0]);
  expect(b().get(text)).toBeUndefined();
  expect(c().get(text)).toEqual([0]);
});

it('makes room for the current prompt even if it alone exceeds the limit', () => {
  const answers = new AnswerCache(10);
  const one = answers.of(words([1]), null);
  for (let i = 0; i < 20; i++) one.put(row(100 + i), [i]);
  expect(one.get(row(119))).toEqual([19]);
});
