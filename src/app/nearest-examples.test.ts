import { expect, it, vi } from 'vitest';
import type { Dataset } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { withNearestExamples } from './nearest-examples';
import type { Services } from './services';

const dataset = { fingerprint: 'f', splitHash: 's' } as Dataset;
const nearest = { dataset, prompt: { template: '{text}', shots: 2, shotSeed: 0, selection: 'nearest' as const } };

/** An engine that reads 3 words when it is let, and a data worker that remembers whether it has them. */
function clients() {
  const reads: (() => void)[] = [];
  let has = false;
  const engine = {
    call: (
      method: string,
      _params: unknown,
      { signal, onEvent }: { signal: AbortSignal; onEvent: (e: object) => void },
    ) =>
      method === 'tokenVectors'
        ? new Promise((resolve, reject) => {
            onEvent({ done: 1, total: 3, secondsLeft: 2 });
            signal.addEventListener('abort', () => reject(new StudioError('cancelled', 'stopped')));
            reads.push(() => resolve({ vectors: new Float32Array(6), hidden: 2 }));
          })
        : Promise.resolve(),
    control: () => {},
    restart: () => {},
    dispose: () => {},
  };
  const data = {
    ...engine,
    call: async (method: string) => {
      if (method === 'neighbourTokens') return { ids: has ? null : new Int32Array([1, 2, 3]) };
      if (method === 'openNeighbours') has = true;
      return { method };
    },
  };
  return { ...withNearestExamples({ engine, data } as unknown as Pick<Services, 'engine' | 'data'>), reads };
}

const ask = ({ data }: ReturnType<typeof clients>, signal?: AbortSignal) =>
  data.call('tokenRows', { ...nearest, words: [], split: 'test' }, signal ? { signal } : {});

it('words are read once for all who wait, with progress', async () => {
  const services = clients();
  const both = Promise.all([ask(services), ask(services)]);
  await vi.waitFor(() => expect(services.reads).toHaveLength(1));
  expect(services.wordsRead.getState()).toMatchObject({ done: 1, total: 3, secondsLeft: 2 });
  services.reads[0]?.();
  await both;
  expect(services.wordsRead.getState()).toBeNull();
  await ask(services);
  expect(services.reads).toHaveLength(1);
});

it('whoever waits is told that it was stopped, and the next one begins again', async () => {
  const services = clients();
  const both = Promise.allSettled([ask(services), ask(services)]);
  await vi.waitFor(() => expect(services.reads).toHaveLength(1));
  services.wordsRead.getState()?.stop();
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const aborter = new AbortController();
  const again = ask(services, aborter.signal);
  await vi.waitFor(() => expect(services.reads).toHaveLength(2));
  aborter.abort();
  await expect(again).rejects.toMatchObject({ code: 'cancelled' });
});
