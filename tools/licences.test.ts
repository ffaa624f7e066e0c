import { expect, it } from 'vitest';
import { isAllowed } from './licences.mjs';

const ALLOWED = new Set(['MIT', 'Apache-2.0']);

it.each([
  ['MIT', true],
  ['GPL-3.0', false],
  ['(MIT OR GPL-3.0)', true],
  ['GPL-3.0 OR MIT', true],
  ['MIT AND GPL-3.0', false],
  ['(Apache-2.0 AND MIT)', true],
  ['MIT AND (GPL-2.0 OR Apache-2.0)', true],
  ['SEE LICENSE IN LICENSE.md', false],
  ['', false],
  ['none', false],
  ['(MIT', false],
])('“%s” may be used: %s', (expression, allowed) => expect(isAllowed(expression, ALLOWED)).toBe(allowed));
