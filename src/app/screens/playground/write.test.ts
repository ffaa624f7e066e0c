import { expect, it } from 'vitest';
import { StudioError } from '../../../lib/errors';
import type { Client, Services } from '../../state/services';
import { DEFAULT_WRITING, upTo, write } from './write';

it.each([
  [' negative\nMessage: more', '\\n', ' negative', true],
  [' negative', '\\n', ' negative', false],
  ['a. b. c', '. ', 'a', true],
  ['a\nb', '', 'a\nb', false],
])('%j up to %j', (text, stopAt, expected, stopped) => {
  expect(upTo(text, stopAt)).toEqual({ text: expected, stopped });
});

/** Writes the tokens 0, 1, 2, …, which are the letters, until it is cancelled. */
function alphabet() {
  const asked: number[] = [];
  const engine = {
    call: async (
      _: string,
      params: { maxNewTokens: number },
      options: { signal: AbortSignal; onEvent(e: object): void },
    ) => {
      for (let id = 0; id < params.maxNewTokens; id++) {
        if (options.signal.aborted) throw new StudioError('cancelled', 'cancelled');
        asked.push(id);
        options.onEvent({ kind: 'token', id });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  };
  const data = {
    call: async (_: string, { ids }: { ids: Int32Array }) => ({
      text: String.fromCharCode(...Array.from(ids, (id) => 97 + id)),
    }),
  };
  return {
    asked,
    services: { engine: engine as unknown as Client<never>, data: data as unknown as Client<never> } as Pick<
      Services,
      'engine' | 'data'
    >,
  };
}

it.each([
  ['cd', 'ab'],
  ['', 'abcdefghij'],
])('stops at %j, and writes no further', async (stopAt, expected) => {
  const { asked, services } = alphabet();
  const request = {
    ids: Int32Array.of(1),
    soft: null,
    endTokenIds: [],
    writing: { ...DEFAULT_WRITING, maxTokens: 10, stopAt },
  };
  let last = '';
  await write(services, request, new AbortController().signal, (text) => {
    last = text;
  });
  expect(last).toBe(expected);
  expect(asked.length).toBeLessThanOrEqual(expected.length + 4);
});
