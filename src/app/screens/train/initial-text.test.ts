import { expect, test } from 'vitest';
import type { PromptSet } from '../../../project/types';
import { initialText, instructionOf } from './initial-text';

test.each([
  ['Decide the tone.\nMessage: {text}\nTone:', 'Decide the tone.'],
  ['One.\nTwo.\n\nMessage: {text}', 'One.\nTwo.'],
  ['Message: {text}\nTone:', ''],
  ['no column', ''],
])('%j -> %j', (template, instruction) => expect(instructionOf(template)).toBe(instruction));

test('without an instruction the answers are named', () => {
  const words = [
    { label: 'a', word: ' bad' },
    { label: 'b', word: ' good' },
  ];
  const set = { hard: [], chosenHard: null, words } as unknown as PromptSet;
  expect(initialText(set)).toMatch(/bad.* good/);
});
