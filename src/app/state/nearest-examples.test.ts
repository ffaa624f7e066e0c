import { expect, it, vi } from 'vitest';
import type { Dataset } from '../../dataset/types';
import { StudioError } from '../../lib/errors';
import { withNearestExamples } from './nearest-examples';
import type { Services } from './services';

const dataset = { fingerprint: 'f', splitHash: 's' } as Dataset;
const nearest = { dataset, prompt: { template: '{text}', shots: 2, shotSeed: 0, selection: 'nearest' as const } };

/** A worker that is one token vector of three into its reading, until it is let go on. */
function services() {
  const reads: (() => void)[] = [];
  const workflow = {
    call: (
      method: string,
      _params: unknown,
      { signal, onEvent }: { readonly signal?: AbortSignal; readonly onEvent?: (event: object) => void } = {},
    ) =>
      new Promise((resolve, reject) => {
        if (method !== 'tokenRows') return resolve({ method });
        onEvent?.({ kind: 'progress', unit: 'tokens', done: 1, total: 3, secondsLeft: 2 });
        signal?.addEventListener('abort', () => reject(new StudioError('cancelled', 'stopped')));
        reads.push(() => resolve({ method }));
      }),
    control: () => {},
    restart: () => {},
    dispose: () => {},
  };
  return { ...withNearestExamples({ workflow } as unknown as Pick<Services, 'workflow'>), reads };
}

const ask = ({ workflow }: ReturnType<typeof services>, signal?: AbortSignal) =>
  workflow.call('tokenRows', { ...nearest, words: [], split: 'test' }, signal ? { signal } : {});

it('shows how far reading is while a prompt with the nearest examples waits', async () => {
  const page = services();
  const both = Promise.all([ask(page), ask(page)]);
  expect(page.wordsRead.getState()).toMatchObject({ done: 1, total: 3, secondsLeft: 2 });
  page.reads[0]?.();
  await vi.waitFor(() => expect(page.wordsRead.getState()).not.toBeNull());
  page.reads[1]?.();
  await both;
  expect(page.wordsRead.getState()).toBeNull();
});

it('cancels every waiting call when reading is stopped, and starts again for the next one', async () => {
  const page = services();
  const both = Promise.allSettled([ask(page), ask(page)]);
  page.wordsRead.getState()?.stop();
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(page.wordsRead.getState()).toBeNull();
  const again = ask(page);
  page.reads.at(-1)?.();
  await again;
});

it('stops reading when the caller gives up', async () => {
  const page = services();
  const aborter = new AbortController();
  const call = ask(page, aborter.signal);
  aborter.abort();
  await expect(call).rejects.toMatchObject({ code: 'cancelled' });
});

it('leaves other calls alone', async () => {
  const page = services();
  await page.workflow.call('answerEnds', {});
  expect(page.wordsRead.getState()).toBeNull();
});
