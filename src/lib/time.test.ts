import { expect, it } from 'vitest';
import { nowAfter } from './time';

const AT = Date.parse('2026-03-01T12:00:00.000Z');

it.each([
  ['the clock goes on', '2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  ['the clock was moved back', '2026-03-04T09:00:00.000Z', '2026-03-04T09:00:00.001Z'],
  ['twice in one millisecond', '2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00.001Z'],
  ['nothing was before', null, '2026-03-01T12:00:00.000Z'],
  ['what was before is no time', 'yesterday', '2026-03-01T12:00:00.000Z'],
])('%s', (_, before, now) => expect(nowAfter(before, AT)).toBe(now));
