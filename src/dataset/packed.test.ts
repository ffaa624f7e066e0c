import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsById } from './labels';
import { findPlace, openPacked, pack, packTexts, placesByName, textAt, unpackTexts } from './packed';
import type { CellChange, Row } from './types';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ufeffa', 'Grüße', '👍🏽', 'a\nb'),
);
const rowsOf = (cells: readonly (readonly [string, string])[]): Row[] =>
  cells.map(([a, b], i) => ({
    id: `r${i + 1}`,
    line: i + 2,
    cells: Object.fromEntries([
      ['a', a],
      ['__proto__', b],
    ]),
  }));

describe('packed texts', () => {
  it('come out as they went in, one by one and together (property)', () => {
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const packed = packTexts(texts.length, (i) => texts[i] ?? '');
        expect(unpackTexts(packed)).toEqual(texts);
        expect(texts.map((_, i) => textAt(packed, i))).toEqual(texts);
      }),
    );
  });
});

describe('packed rows', () => {
  const cells = fc.array(fc.tuple(text, text), { minLength: 1 });

  it('are the rows that they were made of, read at any place, in part or by name (property)', () => {
    fc.assert(
      fc.property(cells, fc.integer({ min: -5, max: 20 }), fc.integer({ min: -5, max: 20 }), (pairs, from, to) => {
        const rows = rowsOf(pairs);
        const packed = pack(rows, 'key');
        const list = openPacked(structuredClone(packed));
        expect(list.unpack()).toEqual(rows);
        expect([...list]).toEqual(rows);
        expect(list).toHaveLength(rows.length);
        expect(list.slice(from, to)).toEqual(rows.slice(from, to));
        expect(list.at(from)).toEqual(rows.at(from));
        expect(JSON.stringify({ list })).toBe(JSON.stringify({ list: rows }));
        const byId = rowsById(list as never);
        for (const row of rows) expect(byId.get(row.id)).toEqual(row);
        expect(byId.has('r0')).toBe(false);
      }),
    );
  });

  it('are worked with as an array is', () => {
    const rows = rowsOf([
      ['x', '1'],
      ['y', '2'],
      ['z', '3'],
    ]);
    const list = openPacked(pack(rows, 'key')) as unknown as readonly Row[];
    expect(list.filter(({ cells }) => cells.a !== 'y')).toEqual([rows[0], rows[2]]);
    expect(list.find(({ id }) => id === 'r2')).toEqual(rows[1]);
    expect(list.some(({ id }) => id === 'r4')).toBe(false);
    expect(list.map(({ id }, i) => `${i} ${id}`)).toEqual(['0 r1', '1 r2', '2 r3']);
    expect(list.flatMap(({ id }) => [id, id])).toHaveLength(6);
  });

  it('with columns that only some have say nothing there', () => {
    const rows: Row[] = [
      { id: '1', line: 2, cells: { a: 'x' } },
      { id: '2', line: 3, cells: { b: 'y' } },
    ];
    expect(openPacked(pack(rows, 'key')).at(1)).toEqual({ id: '2', line: 3, cells: { a: '', b: 'y' } });
  });
});

it('packs changes of cells; the buffer can be moved', () => {
  const changes: CellChange[] = [
    { rowId: '1', column: 'a', before: 'was', after: '' },
    { rowId: '2', column: 'b', before: '', after: 'ist größer' },
  ];
  const packed = pack(changes, 'key');
  expect([...openPacked(packed)]).toEqual(changes);
  const moved = structuredClone(packed, { transfer: [packed.buffer] });
  expect(openPacked(moved).unpack()).toEqual(changes);
  expect(packed.buffer.byteLength).toBe(0);
});

it('finds names in a table without a place for each (property)', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.string(), (names, other) => {
      const at = (place: number) => names[place] ?? '';
      const slots = placesByName(names.length, at);
      names.forEach((name, place) => void expect(findPlace(slots, name, at)).toBe(place));
      expect(findPlace(slots, other, at)).toBe(names.includes(other) ? names.indexOf(other) : null);
    }),
  );
});
