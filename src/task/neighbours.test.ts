import { expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import { findNeighbours, neighbourPlan } from './neighbours';
import { renderRows } from './render';

const TOPICS = ['card', 'cash', 'loan'];
const rows = Array.from({ length: 90 }, (_, i): [string, string] => [
  `${TOPICS[i % 3]} ${TOPICS[i % 3]} question ${i % 30}`,
  TOPICS[i % 3] as string,
]);
rows.push(['card card question 0', 'card']); // says what row 1 says
const { dataset } = await preparedOf(rows);

/** A token a word, its vector pointing in a direction of its own. */
const vocabulary = [...new Set(rows.flatMap(([text]) => text.split(' ')))];
const tokenise = (text: string) => text.split(' ').map((word) => vocabulary.indexOf(word));
const plan = neighbourPlan(dataset, tokenise);
const hidden = 64;
const vectors = Float32Array.from({ length: plan.tokenIds.length * hidden }, (_, i) => {
  const [token, h] = [plan.tokenIds[Math.floor(i / hidden)] as number, i % hidden];
  return token === h ? 1 : 0.1;
});
const near = findNeighbours(plan, { ids: plan.tokenIds, vectors, hidden });
const byId = new Map(dataset.table.rows.map((row) => [row.id, row]));

it('finds training rows of the same topic, and never the row itself or its text', () => {
  for (const part of ['train', 'validation', 'test'] as const)
    for (const id of dataset.split[part]) {
      const found = near(id, 5);
      expect(found).toHaveLength(5);
      for (const other of found) {
        expect(dataset.split.train).toContain(other);
        expect(byId.get(other)?.cells.label).toBe(byId.get(id)?.cells.label);
        expect(byId.get(other)?.cells.text).not.toBe(byId.get(id)?.cells.text);
      }
    }
});

it('knows nothing of rows that are not in the plan', () => {
  expect(near('nobody', 3)).toEqual([]);
});

const words = TOPICS.map((label) => ({ label, word: ` ${label}` }));
const ordered = dataset.labels.map((label) => words.find((word) => word.label === label) as (typeof words)[number]);
const prompt = {
  template: 'Say the topic.\nText: {text}\nTopic:',
  shots: 3,
  shotSeed: 1,
  selection: 'nearest',
} as const;

it('gives each row its own examples, the nearest last, in the requested number of orders', () => {
  const [id = ''] = dataset.split.test;
  const made = renderRows(dataset, { ...prompt, orders: 3 }, ordered, [id], near);
  if (!made.ok) throw new Error(made.error.message);
  const [row] = made.value;
  const blocks = (text = '') => text.split('\n\n');
  expect(blocks(row?.text)).toHaveLength(5);
  expect(blocks(row?.text)[3]).toContain(byId.get(near(id, 1)[0] ?? '')?.cells.text);
  expect(row?.otherOrders).toHaveLength(2);
  for (const other of row?.otherOrders ?? []) {
    expect(blocks(other).toSorted()).toEqual(blocks(row?.text).toSorted());
    expect(blocks(other).at(-1)).toBe(blocks(row?.text).at(-1));
  }
});

it('random and balanced examples are shared by all rows; in a chat they keep the space before their answer', () => {
  for (const selection of ['random', 'balanced'] as const) {
    const bare = ordered.map(({ label }) => ({ label, word: label }));
    const made = renderRows(dataset, { ...prompt, selection, shots: 6 }, bare, 'test');
    if (!made.ok) throw new Error(made.error.message);
    const heads = new Set(made.value.map(({ text }) => text.slice(0, text.lastIndexOf('\n\n'))));
    expect(heads.size).toBe(1);
    expect([...heads][0]).toMatch(/Topic: (card|cash|loan)\n\n/);
  }
});
