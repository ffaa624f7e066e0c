import { namedTags } from '../../dataset/tags';
import { tagFigures } from '../../metrics/registry';
import { leastSure, likelyTags, microF1Parts } from '../../metrics/tags';
import type { RowScores, SheetKind } from '../kind';
import type { AnswerSheet } from '../types';
import { tagField } from './field';
import { comparedTags, rowsCloser } from './pairs';

type Tags = readonly (readonly number[])[];

const taggedRows = (gold: Tags, given: Tags): RowScores => ({
  gold: gold.map((tags) => tags.join('+')),
  rows: microF1Parts(gold, given),
});

/** A row is right where it gets exactly its labels. */
export const TAG_SHEET: SheetKind<'tag'> = {
  figures: ({ gold, probabilities, labels }, how) =>
    tagFigures({ gold, given: probabilities.map(likelyTags), labels: labels.length }, how),
  scores: ({ gold, probabilities }) => taggedRows(gold, probabilities.map(likelyTags)),
  scored: ({ gold }, { given }) => taggedRows(gold, given),
  field: tagField,
  changed: () => [],
  rows: ({ labels, gold, probabilities }) =>
    probabilities.map((row, i) => {
      const [right, label] = [gold[i] ?? [], likelyTags(row)].map((places) => namedTags(places, labels)) as [
        string,
        string,
      ];
      return { gold: right, label, right: label === right, probability: leastSure(row) };
    }),
  differ: (a, b, { places, ...how }) => {
    const labels = [...new Set([...a.labels, ...b.labels])];
    const named = ({ labels: own }: AnswerSheet<'tag'>, tags: readonly number[] = []) =>
      tags.map((tag) => labels.indexOf(own[tag] ?? ''));
    const gold = places.map(([i]) => named(a, a.gold[i]));
    const given = (sheet: AnswerSheet<'tag'>, side: 0 | 1) =>
      places.map((both) => named(sheet, likelyTags(sheet.probabilities[both[side]] ?? [])));
    const both = [given(a, 0), given(b, 1)] as const;
    const { closer, further } = rowsCloser(gold, both);
    return { aOnly: further, bOnly: closer, metrics: comparedTags(gold, both, labels.length, how) };
  },
  test: 'permutation',
  method: 'permutation of both answers to the same rows (whole groups where rows belong together)',
};
