import { beforeEach, describe, expect, it } from 'vitest';
import { StudioError } from '../../lib/errors';
import { attempted, redoLast, toasts, toastUndo, undoable, undoLast } from './toast';

beforeEach(() => toasts.clear());

/** A value with a history, changed as a screen would change it. */
function counter() {
  const state = { value: 0 };
  const change = async (to: number): Promise<void> => {
    const before = state.value;
    await Promise.resolve();
    state.value = to;
    undoable(`Set to ${to}`, () => change(before));
  };
  return { state, change };
}

describe('an error', () => {
  const shown = () => toasts.visibleToasts.map(({ content }) => content.detail);

  it('replaces the one of an earlier attempt, and goes once it has been done', async () => {
    const fails = (why: string) => attempted('Not saved', () => Promise.reject(new Error(why)));
    expect(await fails('The disk is full.')).toBe(false);
    expect(await fails('The disk is gone.')).toBe(false);
    expect(shown()).toEqual([expect.stringContaining('The disk is gone.')]);
    await attempted('Something else', async () => undefined);
    expect(shown()).toHaveLength(1);
    expect(await attempted('Not saved', async () => undefined)).toBe(true);
    expect(shown()).toEqual([]);
  });

  it('is not shown for work that was stopped', async () => {
    await attempted('Not saved', () => Promise.reject(new StudioError('cancelled', 'Stopped.')));
    expect(shown()).toEqual([]);
  });
});

describe('Ctrl-Z', () => {
  it('takes changes back from the newest to the oldest, and makes them again', async () => {
    const { state, change } = counter();
    for (const value of [1, 2, 3]) await change(value);
    const seen: number[] = [];
    for (const press of [undoLast, undoLast, redoLast, redoLast, undoLast, undoLast, undoLast]) {
      await press();
      seen.push(state.value);
    }
    expect(seen).toEqual([2, 1, 2, 3, 2, 1, 0]);
  });

  it('forgets what could be made again once something else is changed', async () => {
    const { state, change } = counter();
    await change(1);
    await undoLast();
    await change(5);
    await redoLast();
    expect(state.value).toBe(5);
  });

  it('does one thing at a time', async () => {
    const { state, change } = counter();
    for (const value of [1, 2]) await change(value);
    await Promise.all([undoLast(), undoLast()]);
    expect(state.value).toBe(1);
  });

  it('says why a change could not be taken back', async () => {
    undoable('Row 3 was removed', () => Promise.reject(new Error('The disk is full.')));
    await undoLast();
    expect(toasts.visibleToasts.map(({ content }) => [content.title, content.detail])).toContainEqual([
      'Not changed: Row 3 was removed',
      'The disk is full.',
    ]);
  });

  it('takes the offer to undo away once something later is changed, and leaves what is final without it', async () => {
    const titles = () => toasts.visibleToasts.map(({ content }) => content.title);
    toastUndo('deleted for good', () => undefined, { whileShown: true });
    toastUndo('moved', () => undefined);
    expect(titles()).toEqual(expect.arrayContaining(['deleted for good', 'moved']));
    undoable('changed', () => undefined);
    expect(titles()).toEqual(['deleted for good']);
  });

  it('reaches an action whose message is gone, unless it is final by then', async () => {
    const undone: string[] = [];
    toastUndo('moved', () => undone.push('moved'));
    toastUndo('deleted for good', () => undone.push('deleted'), { whileShown: true });
    for (const { key } of [...toasts.visibleToasts]) toasts.close(key);
    await undoLast();
    expect(undone).toEqual(['moved']);
  });
});
