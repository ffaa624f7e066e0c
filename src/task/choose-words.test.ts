import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import {
  chooseWords,
  judgedLabels,
  lead,
  lossesOf,
  meanOverLabels,
  type OwnWords,
  type WordTable,
} from './choose-words';

/**
 * Columns: one noise word a label (its present word), then `signals` words that each say their label by `strength` nats,
 * then words of noise. Every row has noise of one nat in every column, and words differ in how common they are.
 */
function tableOf(
  counts: readonly number[],
  { strength = 3, signals = counts.length, noise = 200, seed = 1 } = {},
): { readonly table: WordTable; readonly own: readonly OwnWords[] } {
  const rng = createRng(seed);
  const labels = counts.length;
  const gold = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  const words = labels + signals + noise;
  const common = Array.from({ length: words }, () => -2 - 8 * rng.next());
  const logProbs = Float32Array.from(
    gold.flatMap((label) =>
      common.map((usual, j) => usual + rng.normal() + (j === labels + label && label < signals ? strength : 0)),
    ),
  );
  return {
    table: { logProbs, words, gold, labels },
    own: counts.map((_, label) => ({ given: label, others: [] })),
  };
}

const givenLosses = ({ table, own }: ReturnType<typeof tableOf>) =>
  lossesOf(
    table.gold.map((_, row) => own.map(({ given }) => table.logProbs[row * table.words + (given ?? 0)] as number)),
    table,
  );

describe('answer words chosen from what the model expects', () => {
  it('are the words that tell the labels apart, for two labels and for forty', () => {
    for (const counts of [[40, 40], Array.from({ length: 40 }, () => 8)]) {
      const asked = tableOf(counts, { strength: 5 });
      const { columns, losses } = chooseWords(asked.table, asked.own);
      expect(columns).toEqual(counts.map((_, label) => counts.length + label));
      const { difference, standardError } = lead(losses, givenLosses(asked), asked.table);
      expect(difference).toBeGreaterThan(5 * standardError);
    }
  });

  it('do not lead on rows left out where all words are noise', () => {
    const leads = Array.from({ length: 8 }, (_, seed) => {
      const asked = tableOf([30, 30, 30], { signals: 0, noise: 800, seed });
      const { difference, standardError } = lead(
        chooseWords(asked.table, asked.own).losses,
        givenLosses(asked),
        asked.table,
      );
      return difference > 2 * standardError && difference > 0.02;
    });
    expect(leads.filter(Boolean)).toEqual([]);
  });

  it('stay the present ones where those tell the labels apart', () => {
    const { table } = tableOf([40, 40], { strength: 5 });
    const own = [
      { given: 2, others: [] },
      { given: 3, others: [] },
    ];
    expect(chooseWords(table, own).columns).toEqual([2, 3]);
  });

  it('are all different, also where the same word suits several labels', () => {
    const { table, own } = tableOf([20, 20, 20]);
    const shared = 3;
    for (const row of table.gold.keys()) table.logProbs[row * table.words + shared] = -1;
    const wanting = own.map(() => ({ given: null, others: [shared] }));
    expect(new Set(chooseWords(table, wanting).columns).size).toBe(3);
  });

  it('of a label with two rows are its own: two rows suggest words by chance', () => {
    const { table, own } = tableOf([60, 2], { strength: 5 });
    expect(chooseWords(table, own).columns).toEqual([2, 1]);
    expect(judgedLabels({ gold: [0, 0, 0, 0, 1, 1, 1], labels: 2 })).toEqual([true, false]);
    expect(judgedLabels({ gold: [0, 0, 1, 1, 2], labels: 3 })).toEqual([true, true, false]);
  });

  it('are found for unbalanced labels, each label counting equally', () => {
    const { table, own } = tableOf([90, 10], { strength: 5 });
    expect(chooseWords(table, own).columns).toEqual([2, 3]);
    expect(meanOverLabels([...new Array(90).fill(0), ...new Array(10).fill(1)], table)).toBe(0.5);
  });
});

describe('the losses of given words', () => {
  it('are those of chance where the words say nothing, however sure they are', () => {
    const { table } = tableOf([30, 30], { signals: 0 });
    const rng = createRng(4);
    const sure = table.gold.map(() => [20 * rng.normal(), 20 * rng.normal()]);
    expect(meanOverLabels(lossesOf(sure, table), table)).toBeCloseTo(Math.log(2), 1);
  });

  it('do not change when a word becomes more common in every row', () => {
    const { gold } = tableOf([10, 10]).table;
    const rng = createRng(2);
    const scores = gold.map((label) => [rng.normal() + (label === 0 ? 1 : 0), rng.normal()]);
    const common = scores.map(([a = 0, b = 0]) => [a + 7, b]);
    const [before, after] = [scores, common].map((each) => lossesOf(each, { gold, labels: 2 }));
    after?.forEach((loss, i) => {
      expect(loss).toBeCloseTo(before?.[i] ?? Number.NaN, 9);
    });
  });
});
