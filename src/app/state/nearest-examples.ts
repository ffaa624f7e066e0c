import { createStore, type StoreApi } from 'zustand/vanilla';
import type { HardPrompt } from '../../task/types';
import type { ProgressEvent } from '../../worker/protocol';
import type { Services, WordsRead } from './services';

const needsVectors = (method: string, params: unknown): boolean => {
  if (method !== 'tokenRows' && method !== 'render') return false;
  const { prompt } = params as { readonly prompt: HardPrompt };
  return prompt.selection === 'nearest' && prompt.shots > 0;
};

/** Shows how far the worker is with reading token vectors, which prompts with the nearest examples wait for. */
export function withNearestExamples<S extends Pick<Services, 'workflow'>>({ workflow, ...rest }: S) {
  const wordsRead: StoreApi<WordsRead | null> = createStore(() => null);
  const waiting = new Set<AbortController>();
  const stop = () => {
    for (const aborter of waiting) aborter.abort();
  };
  const show = ({ done, total, secondsLeft }: ProgressEvent) =>
    wordsRead.setState({ done, total, secondsLeft, stop }, true);

  async function call(method: string, params: unknown, { signal }: { readonly signal?: AbortSignal } = {}) {
    const aborter = new AbortController();
    const abort = () => aborter.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    waiting.add(aborter);
    try {
      const options = { signal: aborter.signal, onEvent: show };
      return await (workflow.call as (...args: readonly unknown[]) => Promise<unknown>)(method, params, options);
    } finally {
      signal?.removeEventListener('abort', abort);
      waiting.delete(aborter);
      if (waiting.size === 0) wordsRead.setState(null, true);
    }
  }

  return {
    ...rest,
    wordsRead,
    workflow: {
      call: ((method, params, options) =>
        needsVectors(method, params)
          ? call(method, params, options)
          : workflow.call(method, params, options)) as Services['workflow']['call'],
      control: (...args) => workflow.control(...args),
      restart: () => workflow.restart(),
      dispose: () => workflow.dispose(),
    } satisfies Services['workflow'],
  };
}
