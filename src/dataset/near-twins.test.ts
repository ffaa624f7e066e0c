import { describe, expect, it } from 'vitest';
import { folded, nearTwins } from './near-twins';
import { unlikeTexts } from './test-support';
import type { Row } from './types';

const MAPPING = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const rowOf = (text: string, label = 'a', line = 1): Row => ({ id: `${line}`, line, cells: { text, label } });
const isTwin = (a: string, b: string, labels: readonly [string, string] = ['a', 'a']) =>
  nearTwins([rowOf(a, labels[0])], [rowOf(b, labels[1])], MAPPING).asked.length === 1;

const rowsOf = (texts: readonly string[], from = 0) => texts.map((text, i) => rowOf(text, 'a', from + i));

const fiveGrams = ({ cells: { text = '' } }: Row) => new Set(Array.from(text.slice(4), (_, i) => text.slice(i, i + 5)));

function jaccard(one: Row, other: Row): number {
  const [a, b] = [fiveGrams(one), fiveGrams(other)];
  const shared = [...a].filter((gram) => b.has(gram)).length;
  return shared / (a.size + b.size - shared);
}

describe('a text and its near-twin', () => {
  it.each([
    ['a typo', 'The window arrived without a single screw', 'The window arived without a single screw'],
    ['another number', 'Order 1734 has been late for 3 weeks now', 'Order 88 has been late for 12 weeks now'],
    ['case and punctuation', 'Where is my order, please? I need it', 'WHERE IS MY ORDER PLEASE!! i need it...'],
    [
      'one word of a dozen replaced',
      'The washing machine plug makes a big noise and sparks, please call me today',
      'The washing machine plug makes a big noise and smoke, please call me today',
    ],
    [
      'a sentence added',
      'I never got the refund that you promised in May',
      'Hello. I never got the refund that you promised in May',
    ],
    [
      'Japanese with one word replaced',
      '注文した商品がまだ届いていません。至急確認をお願いします',
      '注文した荷物がまだ届いていません。至急確認をお願いします',
    ],
  ])('are found: %s', (_, a, b) => {
    expect(isTwin(a, b)).toBe(true);
    expect(isTwin(b, a)).toBe(true);
  });

  it.each([
    [
      'the very same text, which other checks report',
      'The window arrived without a screw',
      'the window  arrived without a screw',
    ],
    ['short texts', 'ok', 'OK!'],
    ['numbers alone', '12.5 / 7.25 / 2024-01-05', '99.5 / 1.25 / 2023-11-30'],
    [
      'the same opening',
      'I would like to know when my window arrives',
      'I would like to know how to cancel a contract',
    ],
    ['other words', 'The window arrived without a single screw', 'Do you also sell this lamp in green or blue'],
    [
      'other Japanese',
      '注文した商品がまだ届いていません。至急確認をお願いします',
      '返品の手続きの方法を教えてください。箱は捨てました',
    ],
    ['a laugh', 'ha ha ha ha ha ha ha ha ha ha', 'ha ha ha ha ha ha ha ha'],
  ])('are not confused with %s', (_, a, b) => expect(isTwin(a, b)).toBe(false));

  it('need the same label, as a copy with another one cannot be answered from memory', () => {
    const texts = ['I like this lamp and its warm light a lot', 'I liked this lamp and its warm light a lot'] as const;
    expect(isTwin(...texts)).toBe(true);
    expect(isTwin(...texts, ['a', 'b'])).toBe(false);
  });

  it('are compared without case, digits and punctuation', () => {
    expect(folded('  Order №17, is “LATE”!! ')).toBe('order no0 is late');
  });
});

describe('a search among many rows', () => {
  it('finds every planted twin and nothing else', () => {
    const known = rowsOf(unlikeTexts(400, 1));
    const fresh = rowsOf(unlikeTexts(100, 2), 1000);
    const planted = known.slice(0, 71).map((row, i) => rowOf(`${row.cells.text} again`, 'a', 2000 + i));
    const found = nearTwins([...fresh, ...planted], known, MAPPING);
    expect(found.asked).toEqual(planted);
    expect([...found.twins]).toEqual(known.slice(0, 71));
    expect(found).toMatchObject({ isWhole: true, hasAllTwins: true });
  });

  it('finds 94% of the pairs or more near the limit, where two words of fifteen are replaced', () => {
    const known = rowsOf(unlikeTexts(1000, 5));
    const changed = known.map((row, i) =>
      rowOf((row.cells.text ?? '').split(' ').with(4, 'replaced').with(9, 'words').join(' '), 'a', 2000 + i),
    );
    const near = changed.filter((row, i) => jaccard(row, known[i] as Row) >= 0.6).length;
    expect(near).toBeGreaterThan(500);
    const found = nearTwins(changed, known, MAPPING).asked.length;
    expect(found).toBeGreaterThan(0.94 * near);
    expect(found).toBeLessThanOrEqual(near);
  });

  it('lists all twins of a row', () => {
    const known = rowsOf([
      'The letter from Ulm is late again',
      'The letter from Ulm is late, again and',
      'A lovely lamp, thank you',
    ]);
    expect(nearTwins([rowOf('The letter from Ulm is late again!')], known, MAPPING).twins.size).toBe(2);
  });

  it('looks at fewer candidates than there are rows in 20,000 unlike ones', () => {
    const texts = unlikeTexts(20_000, 3);
    const found = nearTwins(rowsOf(texts.slice(0, 10_000)), rowsOf(texts.slice(10_000), 10_000), MAPPING);
    expect(found).toMatchObject({ asked: [], isWhole: true });
    expect(found.comparisons).toBeLessThan(20_000);
  });

  it('finds one twin of each row where all 20,000 rows are alike, within its budget', () => {
    const alike = Array.from({ length: 20_000 }, (_, i) => `Hello, message number ${i} is about the letter`);
    const found = nearTwins(rowsOf(alike.slice(0, 10_000)), rowsOf(alike.slice(10_000), 10_000), MAPPING);
    expect(found.asked).toHaveLength(10_000);
    expect(found).toMatchObject({ isWhole: true, hasAllTwins: false });
    expect(found.comparisons).toBeLessThanOrEqual(1_000_000);
  });

  it('says when its budget of comparisons or of shingles ended it', () => {
    const texts = unlikeTexts(50, 4);
    const [asked, known] = [rowsOf(texts.map((text) => `${text} again`)), rowsOf(texts)];
    const few = nearTwins(asked, known, MAPPING, { comparisons: 10, shingles: 1e6 });
    expect(few.isWhole).toBe(false);
    expect(few.comparisons).toBe(10);
    const short = nearTwins(asked, known, MAPPING, { comparisons: 1e6, shingles: 500 });
    expect(short.asked.length).toBeGreaterThan(0);
    expect(short.isWhole).toBe(false);
    expect(nearTwins(asked, known, MAPPING).asked).toHaveLength(50);
  });
});
