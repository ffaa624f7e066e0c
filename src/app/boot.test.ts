import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PromptSet } from '../prompt-set/types';
import { isolate, resumeScreen, siteModel } from './boot';

describe('the model that the address names', () => {
  it('is one of this site', () =>
    expect(siteModel('?model=softprompt-studio/tiny-support')).toEqual({
      kind: 'site',
      base: 'models/softprompt-studio/tiny-support/',
    }));

  it.each(['', '?model=', '?model=x', '?model=../x', '?model=https://e.org/x', '?model=a/../b', '?model=a/b/c'])(
    'is none in “%s”',
    (search) => expect(siteModel(search)).toBeNull(),
  );
});

describe('a prompt set is opened again', () => {
  const set = (change: object) => ({ versions: [], runs: [], testLooks: 0, ...change }) as unknown as PromptSet;
  it.each([
    [{}, 'data'],
    [{ versions: [{ tried: null }] }, 'data'],
    [{ versions: [{ tried: {} }] }, 'prompts'],
    [{ runs: [{}] }, 'train'],
    [{ runs: [{}], testLooks: 1 }, 'compare'],
  ])('%j on %s', (change, screen) => expect(resumeScreen(set(change))).toBe(screen));
});

describe('a page without threads', () => {
  const workers = (ready: Promise<unknown> = Promise.resolve({})) =>
    ({ register: vi.fn(async () => ({})), ready }) as unknown as ServiceWorkerContainer;

  beforeEach(() => {
    const kept = new Map<string, string>();
    vi.stubGlobal('document', { baseURI: 'https://host.example/studio/' });
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('starts an isolated page at once', async () => {
    const [found, reload] = [workers(), vi.fn()];
    expect(await isolate(found, true, reload)).toBe(false);
    expect(found.register).not.toHaveBeenCalled();
  });

  it('loads a page that is not isolated once more when the worker is ready, and never a third time', async () => {
    const [found, reload] = [workers(), vi.fn()];
    expect(await isolate(found, false, reload)).toBe(true);
    expect(found.register).toHaveBeenCalledWith(new URL('https://host.example/studio/service-worker.js'), {
      updateViaCache: 'none',
    });
    expect(await isolate(found, false, reload)).toBe(false);
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it('may reload again when a page that was isolated is loaded past the worker', async () => {
    const reload = vi.fn();
    await isolate(workers(), false, reload);
    await isolate(workers(), true, reload);
    expect(await isolate(workers(), false, reload)).toBe(true);
  });

  it('does not reload where session storage is forbidden, as nothing could stop a loop', async () => {
    const forbidden = () => {
      throw new DOMException('no', 'SecurityError');
    };
    vi.stubGlobal('sessionStorage', { getItem: forbidden, setItem: forbidden, removeItem: forbidden });
    const reload = vi.fn();
    expect(await isolate(workers(), false, reload)).toBe(false);
    expect(await isolate(workers(), true, reload)).toBe(false);
    expect(reload).not.toHaveBeenCalled();
  });

  it.each([
    [
      'refused',
      { register: () => Promise.reject(new DOMException('no', 'SecurityError')), ready: new Promise(() => {}) },
    ],
    ['never there', { register: async () => ({}), ready: new Promise(() => {}) }],
  ])('a worker that is %s leaves the page on one thread', async (_, found) => {
    vi.useFakeTimers();
    const reload = vi.fn();
    const isolating = isolate(found as unknown as ServiceWorkerContainer, false, reload);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await isolating).toBe(false);
    expect(reload).not.toHaveBeenCalled();
  });

  it('starts at once without service workers', async () => {
    expect(await isolate(null, false, vi.fn())).toBe(false);
  });
});
