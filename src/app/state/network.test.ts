import { expect, it } from 'vitest';
import { leavesSite } from './network';

it.each([
  ['http://localhost:4173/models/x', false],
  ['https://huggingface.co/api', true],
  ['http://localhost:9999/', true],
  ['wss://example.org/', true],
  ['blob:http://localhost:4173/1', false],
  ['data:text/plain,x', false],
  ['inline', false],
])('%s leaves the site: %s', (url, leaves) => expect(leavesSite(url, 'http://localhost:4173')).toBe(leaves));
