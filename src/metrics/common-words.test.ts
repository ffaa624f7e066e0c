import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonWords } from './text';

const marked = (text: string, other: string) =>
  commonWords(text, other)
    .map((piece) => (piece.shared ? `[${piece.text.trimEnd()}]` : piece.text.trimEnd()))
    .join(' ');

describe('words that two texts share, in their order', () => {
  it.each([
    ['lamp: order 7 late -> refund', 'Lamp: order 9 is late -> answer', '[lamp: order] 7 [late ->] refund'],
    ['a b c', 'c b a', '[a] b c'],
    ['the same', 'the same', '[the same]'],
    ['nothing', '', 'nothing'],
    ['', 'nothing', ''],
  ])('%j beside %j', (text, other, expected) => expect(marked(text, other)).toBe(expected));

  it('loses nothing of the text, and marks equal numbers of words in both', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }).map((list) => list.join(' '));
    const shared = (text: string, other: string) =>
      commonWords(text, other)
        .filter((piece) => piece.shared)
        .flatMap((piece) => piece.text.trim().split(/\s+/)).length;
    fc.assert(
      fc.property(words, words, (text, other) => {
        expect(
          commonWords(text, other)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text);
        expect(shared(text, other)).toBe(shared(other, text));
      }),
      { seed: 1 },
    );
  });
});
