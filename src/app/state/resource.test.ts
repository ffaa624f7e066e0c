import { expect, it, vi } from 'vitest';
import { StudioError } from '../../lib/errors';
import { resource } from './resource';
import { gate } from './test-support';

/** A resource whose loads end when the test says so. */
function gated(options?: Parameters<typeof resource>[1]) {
  const gates = new Map<string, ReturnType<typeof gate>>();
  const signals: AbortSignal[] = [];
  const of = resource<string, string>(async (key, signal) => {
    signals.push(signal);
    const held = gate();
    gates.set(key, held);
    await held.opened;
    return `${key}!`;
  }, options);
  return { of, signals, open: (key: string) => gates.get(key)?.open() };
}

it('loads the value of a key once', async () => {
  const load = vi.fn(async (key: readonly [string, number]) => key.join());
  const of = resource(load);
  await Promise.all([of.load(['a', 1]), of.load(['a', 1])]);
  await of.load(['a', 1]);
  expect(load).toHaveBeenCalledOnce();
  expect(of.getState()).toMatchObject({ key: ['a', 1], value: 'a,1', status: 'ready', error: null });
});

it('drops the late answer of an old key', async () => {
  const { of, open } = gated();
  const first = of.load('a');
  const second = of.load('b');
  open('b');
  await second;
  open('a');
  await first;
  expect(of.getState()).toMatchObject({ key: 'b', value: 'b!', status: 'ready' });
});

it('cancels the old load when the key changes, and shows no value of the old key', async () => {
  const { of, signals, open } = gated();
  const first = of.load('a');
  open('a');
  await first;
  void of.load('b');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(of.getState()).toMatchObject({ key: 'b', value: null, status: 'loading' });
});

it('shows the old value while another key loads, where that is wanted', async () => {
  const { of, open } = gated({ keepPrevious: true });
  const first = of.load('a');
  open('a');
  await first;
  void of.load('b');
  expect(of.getState()).toMatchObject({ key: 'b', value: 'a!', status: 'loading' });
});

it('keeps the error of a load that failed until it is loaded again', async () => {
  let fails = true;
  const onError = vi.fn();
  const of = resource(
    async (key: string) => {
      if (fails) throw new StudioError('bad-input', 'No such rows.');
      return key;
    },
    { onError },
  );
  await of.load('a');
  await of.load('a');
  expect(onError).toHaveBeenCalledOnce();
  expect(of.getState()).toMatchObject({ status: 'failed', value: null, error: { message: 'No such rows.' } });
  fails = false;
  await of.reload();
  expect(of.getState()).toMatchObject({ status: 'ready', value: 'a', error: null });
});

it('keeps the value while it is loaded again, also when that fails', async () => {
  const load = vi.fn().mockResolvedValueOnce('old').mockRejectedValueOnce(new Error('disk'));
  const of = resource<string, string>(load);
  await of.load('a');
  const again = of.reload();
  expect(of.getState()).toMatchObject({ status: 'loading', value: 'old' });
  await again;
  expect(of.getState()).toMatchObject({ status: 'failed', value: 'old', error: { code: 'internal' } });
});

it('is no error when a load was cancelled', async () => {
  const of = resource<string, string>(() => Promise.reject(new StudioError('cancelled', 'Stopped.')));
  await of.load('a');
  expect(of.getState()).toMatchObject({ status: 'empty', error: null });
});

it('is not overwritten by a load that was under way when its value was set', async () => {
  const { of, open } = gated();
  const loading = of.load('a');
  of.set('edited');
  open('a');
  await loading;
  expect(of.getState()).toMatchObject({ key: 'a', value: 'edited', status: 'ready' });
});

it('is empty after it was cleared, whatever arrives later', async () => {
  const { of, open } = gated();
  const loading = of.load('a');
  of.clear();
  open('a');
  await loading;
  await of.reload();
  expect(of.getState()).toEqual({ key: null, value: null, status: 'empty', error: null });
});

it('tells files apart, which have no fields of their own', async () => {
  const of = resource(async (file: File) => file.name);
  await of.load(new File([''], 'first.csv'));
  await of.load(new File([''], 'second.csv'));
  expect(of.getState().value).toBe('second.csv');
});
