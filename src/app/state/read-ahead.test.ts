import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writtenIn } from '../../prompt-set/test-support';
import type { PromptSet } from '../../prompt-set/types';
import { PRESETS } from '../../training/settings';
import { prepared, promptSet } from '../../workflow/fake-host.test-support';
import type { AheadEnd, AheadEvent } from '../../workflow/race';
import '../../workflow/runs'; // loaded late, which fake timers do not wait for
import { aheadKey, nextRunKey, useReadingAhead } from './read-ahead';
import type { Studio } from './studio';

const dataset = await prepared(60);
const made = promptSet(dataset);
const set: PromptSet = { ...made, id: 'set', versions: writtenIn(made), runs: [] };
const KEY = { dataset, set, model: 'a' };
type Request = { readonly template: string; readonly run: { readonly settings: object } | null };

let asked: { readonly rows: Request; readonly signal: AbortSignal; readonly end: (end: AheadEnd) => void }[];
let ahead: ReturnType<typeof useReadingAhead.of>;
/** What Train keeps of the next run. */
let kept: object | null;
/** Whether the words that a set has are words of the model. */
let fits: boolean;
/** Hears what the last request does. */
let hear: (event: AheadEvent) => void;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  fits = true;
  kept = null;
  const settings = { get: async (key: string) => (key === nextRunKey(set.id) ? kept : null) };
  const answers: Readonly<Record<string, () => object>> = {
    labelTokens: () => ({ labels: set.words.map((word) => ({ ...word, tokenIds: fits ? [1] : [1, 2, 3, 4, 5] })) }),
    propose: () => ({ words: set.words }),
  };
  type Options = { readonly signal: AbortSignal; readonly onEvent: (read: object) => void };
  const call = (method: string, rows: Request, options: Options) => {
    const answer = answers[method];
    if (answer) return Promise.resolve(answer());
    const { signal, onEvent } = options;
    hear = onEvent;
    onEvent({ kind: 'rows', rowsDone: 1, rowsTotal: 2 });
    return new Promise((end) => asked.push({ rows, signal, end }));
  };
  const promptSets = { getState: () => ({ set }) };
  ahead = useReadingAhead.of({
    services: { workflow: { call }, store: { settings } },
    stores: { promptSets },
  } as unknown as Studio);
});
afterEach(() => void vi.useRealTimers());

it('waits until nothing changes, says how far it is, and asks again where something else needed the engine', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(2000);
  void ahead.texts.load({ ...KEY, set: { ...set, baseTemplate: 'Text: {text}\nTone:' } });
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.map(({ rows }) => rows.template)).toEqual(['Text: {text}\nTone:']);
  expect(ahead.getState().now).toEqual({ kind: 'rows', rowsDone: 1, rowsTotal: 2 });
  asked[0]?.end('interrupted');
  await vi.advanceTimersByTimeAsync(2999);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
  asked[1]?.end('compared');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  expect(ahead.getState()).toMatchObject({ now: null, isCompared: true });
  expect(ahead.getState().rowsInCache.get(aheadKey({ ...KEY, template: 'Text: {text}\nTone:' }))).toBe(1);
});

it('is cancelled at once when the screen is left or a job begins', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(3000);
  ahead.texts.clear();
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.end('interrupted');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  expect(ahead.getState().now).toBeNull();
});

describe('starts are compared ahead', () => {
  /** What is asked of the engine for this set, with these settings on Train. */
  async function runOf(of: Partial<PromptSet> = {}, next: object | null = null) {
    kept = next;
    const open = { ...set, ...of };
    void ahead.texts.load({ ...KEY, set: open });
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toHaveLength(1);
    return asked[0]?.rows.run ?? null;
  }

  it('with the settings and the text that the button would use', async () => {
    expect(await runOf()).toEqual({ settings: PRESETS.auto.settings, initText: 'Say the tone.' });
  });

  it('and their steps are known until another run may be next', async () => {
    await runOf();
    hear({ kind: 'starts', start: 2, starts: 3, step: 4, done: 12 });
    expect(ahead.getState().stepsAhead).toBe(12);
    asked[0]?.end('compared');
    await vi.advanceTimersByTimeAsync(0);
    expect(ahead.getState()).toMatchObject({ now: null, isCompared: true, stepsAhead: 12 });
    void ahead.texts.load({ ...KEY, set: { ...set, name: 'Other' } });
    expect(ahead.getState()).toMatchObject({ isCompared: false, stepsAhead: 0 });
  });

  it('not where these rows had a race', async () => {
    const race = [{ name: 'a', losses: [], outcome: 'continues' }];
    const raced = { race, datasetFingerprint: dataset.fingerprint } as unknown as PromptSet['runs'][number];
    expect(await runOf({ runs: [raced] })).toBeNull();
  });

  it('not with settings of one’s own', async () => {
    expect(await runOf({}, { preset: 'own', settings: PRESETS.auto.settings })).toBeNull();
  });

  it('not before the text', async () => {
    const settings = { ...PRESETS.auto.settings, placement: 'prefix' };
    expect(await runOf({}, { preset: 'auto', settings })).toBeNull();
  });

  it('not with words that the first run replaces', async () => {
    fits = false;
    expect(await runOf()).toBeNull();
  });
});
