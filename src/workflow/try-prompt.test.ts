import { expect, it } from 'vitest';
import { ownPieces } from './try-prompt';

it('marks the tokens of the row at its last occurrence', () => {
  const pieces = ['Text', ':', ' late', ' again', '\n\n', 'Text', ':', ' late', ' again', '\n', 'Tone', ':'];
  expect(ownPieces(pieces.join(''), pieces, ['late again'])).toEqual(pieces.map((_, i) => i === 7 || i === 8));
  expect(ownPieces(pieces.join(''), pieces, ['', 'not there'])).toEqual(pieces.map(() => false));
});

it('marks nothing when the tokens do not add up to the text', () => {
  expect(ownPieces('😀', ['\ufffd', '\ufffd'], ['😀'])).toEqual([false, false]);
});
