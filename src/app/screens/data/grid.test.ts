import { expect, it } from 'vitest';
import { placeAfter } from './grid';

const press = (key: string, row: number, column: number, ctrlKey = false) =>
  placeAfter({ key, ctrlKey, metaKey: false }, { row, column }, { rows: 25, columns: 4 });

it.each([
  ['ArrowDown', 0, 0, { row: 1, column: 0 }],
  ['ArrowUp', 0, 0, { row: 0, column: 0 }],
  ['ArrowRight', 3, 3, { row: 3, column: 3 }],
  ['ArrowLeft', 3, 3, { row: 3, column: 2 }],
  ['PageDown', 20, 1, { row: 24, column: 1 }],
  ['PageUp', 20, 1, { row: 10, column: 1 }],
  ['Home', 7, 2, { row: 7, column: 0 }],
  ['End', 7, 2, { row: 7, column: 3 }],
  ['a', 7, 2, null],
])('%s from %i, %i', (key, row, column, place) => expect(press(key, row, column)).toEqual(place));

it('goes to the corners with Control', () => {
  expect(press('Home', 7, 2, true)).toEqual({ row: 0, column: 0 });
  expect(press('End', 7, 2, true)).toEqual({ row: 24, column: 3 });
});
