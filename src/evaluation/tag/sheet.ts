import { namedTags } from '../../dataset/tags';
import { leastSure, likelyTags } from '../../metrics/tags';
import type { AnswerSheet, SheetKind } from '../types';
import { comparedTags, rowsCloser } from './pairs';

/** A row is right where it gets exactly its labels. */
export const TAG_SHEET: SheetKind<'tag'> = {
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
