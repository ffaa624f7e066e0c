import { expect, it } from 'vitest';
import { FIXTURES, readModel } from '../engine/test-support';
import { graphText } from './inspect';

const read = () => readModel(`${FIXTURES}/llama-genai-fp32`);

it('prints the forward graph of a model in core operators, with inferred shapes', async () => {
  const text = graphText(await read(), false);
  expect(text).toMatch(/^# 2 layers, hidden size \d+/);
  expect(text).toContain('studio:Linear(');
  expect(text).toMatch(/^input %input_ids : i64\[batch,tokens\]$/m);
  expect(text).toMatch(/ = Softmax\(.* : f32\[batch,/);
  expect(text).not.toContain('soft_grad');
});

it('prints the training program of a model, down to the gradient of the soft prompt', async () => {
  const text = graphText(await read(), true);
  expect(text).toContain('input %soft_prompt : f32[virtual,');
  expect(text.trimEnd()).toMatch(/output %soft_grad\noutput %past_grad$/);
  expect(text).not.toContain('studio:');
});
