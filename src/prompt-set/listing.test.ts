import { describe, expect, it, test } from 'vitest';
import { type Listing, listingOf, NO_FACTS, resumptionOf, searched, tagsOf } from './listing';
import { addWritten } from './make-versions';
import { createPromptSet } from './prompt-set';
import { writeTags } from './versions';

function listed(name: string, template: string, tags: readonly string[]): Listing {
  const at = { id: name, now: '2026-01-01' };
  const empty = createPromptSet(at, {
    name,
    words: [{ label: 'Zuversicht', word: ' hope' }],
    baseTemplate: '{text}',
    datasetFingerprint: null,
    datasetName: 'march.csv',
    taken: [],
  });
  const { set } = addWritten(empty, at, { text: { template, shots: 0, shotSeed: 0 } });
  return listingOf(writeTags(set, tags, at.now), NO_FACTS);
}

const sets = [
  listed('Support tone', 'Is {text} a complaint?', ['support', 'march']),
  listed('News', '{text}: topic', ['march']),
];
const names = (search: string, tag: string | null = null) => searched(sets, search, tag).map(({ name }) => name);

it('finds sets that contain every word of a search, in names, labels, tags and prompts', () => {
  expect(names('')).toEqual(['Support tone', 'News']);
  expect(names('COMPLAINT zuversicht')).toEqual(['Support tone']);
  expect(names('complaint topic')).toEqual([]);
  expect(names('', 'support')).toEqual(['Support tone']);
  expect(names('topic', 'support')).toEqual([]);
});

it('counts the tags in use, most frequent first', () => {
  expect(tagsOf(sets)).toEqual([
    { tag: 'march', sets: 2 },
    { tag: 'support', sets: 1 },
  ]);
});

describe('where work on a set continues', () => {
  const fresh = { rows: 120, written: 0, tuned: 0, headline: null };
  test.each([
    ['nothing written', fresh, 'prompts', '120 rows, no prompt yet'],
    ['a prompt', { ...fresh, written: 1 }, 'train', '120 rows, not trained yet'],
    ['a tuned prompt', { ...fresh, written: 1, tuned: 2 }, 'compare', 'Trained, not compared yet'],
    ['a verdict', { ...fresh, tuned: 1, headline: 'Keep yours' }, 'compare', 'Keep yours'],
    [
      'rows elsewhere',
      { ...fresh, rows: null, headline: 'Keep yours' },
      'data',
      'Keep yours. Its rows are not in this browser',
    ],
  ] as const)('%s', (_, listing, screen, reached) => expect(resumptionOf(listing)).toMatchObject({ screen, reached }));
});
