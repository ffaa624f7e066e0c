import { describe, expect, it, test } from 'vitest';
import { preparedOf } from '../../dataset/test-support';
import { createRng } from '../../lib/rng';
import { consistencyOf, consistencySentence, editText, foldsOf, reorderAnswers } from './checks';

describe('harmless edits', () => {
  const edit = (kind: Parameters<typeof editText>[0], text: string) => editText(kind, text, createRng(1));

  it('change case, and something also where all is lower case', () => {
    expect(edit('case', 'I LOVE it')).toBe('i love it');
    expect(edit('case', 'fine')).toBe('Fine');
    expect(edit('case', '123')).toBe('123');
  });

  it('swap two inner letters of one longer word, and nothing else', () => {
    const text = 'the support was great';
    for (let seed = 0; seed < 30; seed++) {
      const typo = editText('typo', text, createRng(seed));
      expect(typo).toHaveLength(text.length);
      expect([...typo].sort()).toEqual([...text].sort());
      const differ = [...text].flatMap((c, i) => (c === typo[i] ? [] : [i]));
      expect(differ).toHaveLength(2);
      expect((differ[1] as number) - (differ[0] as number)).toBe(1);
      expect(typo.split(' ').map((w) => w[0])).toEqual(text.split(' ').map((w) => w[0]));
    }
    expect(edit('typo', 'no way')).toBe('no way');
  });

  it('take emoji away whole, and leave a text that has none or is nothing else', () => {
    expect(edit('emoji', 'great 👍🏽 job ❤️!')).toBe('great job !');
    expect(edit('emoji', 'plain, 100%')).toBe('plain, 100%');
    expect(edit('emoji', '👨‍👩‍👧')).toBe('👨‍👩‍👧');
  });

  it('name the answers in another order, where the prompt names them all', () => {
    const words = [' positive', ' neutral', ' negative'];
    expect(reorderAnswers('Say Positive, negative or neutral.\n{text}', words)).toBe(
      'Say negative, neutral or Positive.\n{text}',
    );
    expect(reorderAnswers('Say positive or negative.\n{text}', words)).toBeNull();
    expect(reorderAnswers('{text}\nTone:', words)).toBeNull();
    expect(reorderAnswers('unpositive neutral negative', words)).toBeNull();
  });
});

describe('consistency', () => {
  const report = consistencyOf([
    { armId: 'a', before: [0, 1, 0, 1], after: { case: [0, 0, 0, 0], emoji: [null, null, 1, null] } },
    { armId: 'b', before: [0, 1, 0, 1], after: { case: [0, 1, 0, 0], emoji: [null, null, 0, null] } },
  ]);

  it('counts rows whose answer survives every edit that changed them', () => {
    expect(report.arms).toMatchObject([
      {
        steady: 1,
        edits: [
          { kind: 'case', changed: 4, kept: 2 },
          { kind: 'emoji', changed: 1, kept: 0 },
        ],
      },
      { steady: 3 },
    ]);
    expect(report.pair).toMatchObject({ aOnly: 0, bOnly: 2, difference: 0.5 });
    expect(report.pair?.p).toBeCloseTo(0.5, 12);
  });

  it('says which is steadier only where that is clear', () => {
    const name = (id: string) => (id === 'a' ? 'Your prompt' : 'Tuned prompt');
    expect(consistencySentence(report, name)).toMatch(
      /^No clear difference in steadiness .+\. Your prompt keeps its answer on 1 of 4 rows/,
    );
    const many = consistencyOf([
      { armId: 'a', before: new Array(40).fill(0), after: { typo: new Array(40).fill(1) } },
      { armId: 'b', before: new Array(40).fill(0), after: { typo: new Array(40).fill(0) } },
    ]);
    expect(consistencySentence(many, name)).toMatch(/^The tuned prompt is steadier by 100 points/);
  });
});

describe('every row', () => {
  test('is in the test part of exactly one fold, never with its own text in training, and labels are spread', async () => {
    const rows = Array.from({ length: 103 }, (_, i) => [`text ${i % 90}`, i % 3 ? 'yes' : 'no'] as const);
    const { dataset } = await preparedOf(rows);
    const folds = foldsOf(dataset, 1);
    const all = [...dataset.split.train, ...dataset.split.validation, ...dataset.split.test];
    expect(folds.flatMap(({ test: t }) => t).sort()).toEqual([...all].sort());
    const text = (id: string) => dataset.table.rows.find((row) => row.id === id)?.cells.text;
    for (const fold of folds) {
      expect([...fold.train, ...fold.validation, ...fold.test].sort()).toEqual([...all].sort());
      const seen = new Set([...fold.train, ...fold.validation].map(text));
      expect(fold.test.some((id) => seen.has(text(id)))).toBe(false);
      const no = fold.test.filter((id) => dataset.table.rows.find((r) => r.id === id)?.cells.label === 'no').length;
      expect(no / fold.test.length).toBeGreaterThan(0.2);
      expect(no / fold.test.length).toBeLessThan(0.5);
    }
    expect(foldsOf(dataset, 1)).toEqual(folds);
  });
});
