import { expect, it } from 'vitest';
import { ownPieces } from './own-pieces';

it('marks the tokens of the row, at the last place where it stands', () => {
  const pieces = ['Text', ':', ' late', ' again', '\n\n', 'Text', ':', ' late', ' again', '\n', 'Tone', ':'];
  expect(ownPieces(pieces.join(''), pieces, ['late again'])).toEqual(pieces.map((_, i) => i === 7 || i === 8));
  expect(ownPieces(pieces.join(''), pieces, ['', 'not there'])).toEqual(pieces.map(() => false));
});

it('marks nothing where the tokens are not the text', () => {
  expect(ownPieces('😀', ['\ufffd', '\ufffd'], ['😀'])).toEqual([false, false]);
});
