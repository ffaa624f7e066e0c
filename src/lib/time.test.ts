import { expect, it } from 'vitest';
import { nowAfter } from './time';

const AT = Date.parse('2026-03-01T12:00:00.000Z');

it.each([
  ['is the current time', '2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  ['is later than before although the clock was moved back', '2026-03-04T09:00:00.000Z', '2026-03-04T09:00:00.001Z'],
  ['is later than before within the same millisecond', '2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00.001Z'],
  ['is the current time if there is no earlier one', null, '2026-03-01T12:00:00.000Z'],
  ['is the current time if the earlier one is not a time', 'yesterday', '2026-03-01T12:00:00.000Z'],
])('nowAfter %s', (_, before, now) => expect(nowAfter(before, AT)).toBe(now));
