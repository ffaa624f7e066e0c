import { describe, expect, it } from 'vitest';
import { labelCounts, labelsIndexer } from './labels';
import { prepareDataset } from './prepare';
import { separatorIn, tagsIn } from './tags';
import { tableOf } from './test-support';

const MAPPING = { text: 'text', label: 'tags', id: null, task: 'tag' } as const;

const prepared = async (cells: readonly string[]) => {
  const rows = cells.map((cell, i) => `text number ${i}\t${cell.replaceAll('"', '""').replace(/^.*$/, '"$&"')}`);
  const table = tableOf(['text\ttags', ...rows].join('\n'));
  const found = await prepareDataset(table, MAPPING, { seed: 1 });
  if (!found.ok) throw new Error(found.error.message);
  return found.value.dataset;
};

describe('cells that name several labels', () => {
  it('are taken apart by what separates them, where their parts are shared', () => {
    expect(separatorIn(['billing; delivery', 'delivery', 'billing'])).toBe(';');
    expect(separatorIn(['a|b', 'a', 'b'])).toBe('|');
    expect(separatorIn(['["a", "b"]', '["a"]', '["b"]'])).toBe(';');
    expect(separatorIn(['__proto__|a', 'a', '__proto__'])).toBe('|');
    for (const cells of [['Sales, UK', 'Sales, US'], ['good', 'bad'], [';', ';;', ''], []])
      expect(separatorIn(cells)).toBeNull();
  });

  it.each([
    ['billing; urgent', ['billing', 'urgent']],
    ['["billing", "late, again"]', ['billing', 'late, again']],
    ["['billing', 'urgent']", ['billing', 'urgent']],
    ['[]', ['none']],
    ['None', ['none']],
    ['', []],
  ])('%j names %j', (cell, tags) => {
    expect(tagsIn(cell, ';')).toEqual(tags);
  });

  it.each([
    ['; ', (tags: readonly string[]) => tags.join('; ')],
    ['|', (tags: readonly string[]) => tags.join('|')],
    ['JSON', (tags: readonly string[]) => JSON.stringify(tags)],
  ])('are read into one form from %s, and read again without a change', async (_, write) => {
    const rows = [['urgent', 'billing'], ['Billing'], ['billing'], ['urgent'], [], ['late', 'urgent']];
    const cells = Array.from({ length: 24 }, (__, i) => rows[i % rows.length] ?? []);
    const dataset = await prepared(cells.map((tags) => (tags.length === 0 ? 'none' : write(tags))));
    expect(dataset.labels).toEqual(['billing', 'late', 'urgent', 'none']);
    const written = dataset.table.rows.map((row) => row.cells.tags);
    expect(written.slice(0, 6)).toEqual(['billing; urgent', 'billing', 'billing', 'urgent', 'none', 'late; urgent']);
    const again = await prepared(written.map((cell) => cell ?? ''));
    expect(again.table.rows.map((row) => row.cells.tags)).toEqual(written);
    expect(again.labels).toEqual(dataset.labels);
  });

  it('count for every label that they name', async () => {
    const dataset = await prepared(Array.from({ length: 20 }, (_, i) => (i % 2 ? 'a; b' : 'a')));
    const ids = dataset.table.rows.map(({ id }) => id);
    expect(labelCounts(dataset, ids)).toEqual([20, 10, 0]);
    const labelsAt = labelsIndexer(dataset);
    const row = (cell: string) => ({ id: '1', line: 1, cells: { text: 'x', tags: cell } });
    expect(labelsAt(row('b, a'))).toEqual([0, 1]);
    expect(labelsAt(row('a; c'))).toEqual([]);
  });
});
