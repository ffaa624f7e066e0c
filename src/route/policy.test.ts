import { expect, it, vi } from 'vitest';
import type { ScoreRequest } from '../engine/types';
import { ControlSource, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { placeOf } from '../lib/rng';
import { askedOf } from '../prompt-set/test-support';
import type { Version } from '../prompt-set/types';
import type { AnsweringHost } from './answering';
import { AS_ASKED, type Candidate, createCounts, FALLBACK_REASONS, openRoute, type Plan, type Policy } from './policy';

const LABELS = ['bad', 'good'];
const WEIGHTS = { id: 'm', dtype: 'fp32', sha256: 'w' };
const SOFT = { placement: 'suffix', virtualTokens: 1, hidden: 1, vectors: Float32Array.of(1) } as const;

const version = (soft: typeof SOFT | null, threshold?: number): Version =>
  askedOf({
    words: LABELS.map((label) => ({ label, word: ` ${label}` })),
    softs: soft ? [soft] : [],
    model: soft ? WEIGHTS : null,
    threshold,
  });

/** Three rows of one token: 0, 1, 2. */
const rows: Candidate['rows'] = {
  total: 3,
  rowsAt: async (from, count) => ({
    rows: Array.from({ length: count }, (_, i) => ({
      rowId: String(from + i),
      ids: Int32Array.of(from + i),
      label: null,
    })),
    leftOut: [],
  }),
};

/** With vectors the model says "good" with 0.9, 0.6 and 0.8; without, "bad" with 0.7. */
const GOOD = [0.9, 0.6, 0.8];
const scores = async ({ rows: asked, soft }: ScoreRequest) => ({
  rows: asked.map(({ rowId, ids }) => {
    const good = soft ? (GOOD[ids[0] ?? 0] ?? 0) : 0.3;
    return { rowId, logProbs: [Math.log(1 - good), Math.log(good)], tokensSent: 1, tokensComputed: 1 };
  }),
  rowsRun: asked.length,
  seconds: 0.01,
});

const hostWith = (score: AnsweringHost['engine']['score'] = scores, sha256 = 'w') =>
  ({
    tokens: { encode: (text: string) => Int32Array.of(text.length), context: 100, breaks: () => [], tokenizer: {} },
    engine: { info: { ...WEIGHTS, sha256 }, score, write: vi.fn() },
  }) as unknown as AnsweringHost;

const TUNED: Candidate = { version: version(SOFT), rows };
const HAND: Candidate = { version: version(null), rows };
const FALLBACK: Policy = { kind: 'fallback' };
const NO_SET = { handle: 'TONE', dataset: null };

async function counted(host: AnsweringHost, plan: Omit<Plan, keyof typeof NO_SET>, from = 0, count = 3) {
  const counts = createCounts();
  const { answers } = await openRoute(host, { ...NO_SET, ...plan }).answer(from, count, uninterrupted);
  counts.add(answers);
  const inOrder = answers.toSorted((a, b) => a.index - b.index);
  return {
    by: inOrder.map(({ by }) => by),
    reasons: inOrder.map((a) => a.fallbackReason ?? null),
    counts: counts.read(),
  };
}

const NONE = Object.fromEntries(Object.keys(FALLBACK_REASONS).map((reason) => [reason, 0]));

it('asks the version alone where nothing else is said, and throws what keeps it from answering', async () => {
  const plan = { asked: TUNED, fallback: HAND, policy: AS_ASKED };
  expect(await counted(hostWith(), plan)).toEqual({
    by: ['asked', 'asked', 'asked'],
    reasons: [null, null, null],
    counts: { answered: 3, fallbacks: NONE, shadow: { both: 0, same: 0, failed: 0 } },
  });
  await expect(counted(hostWith(scores, 'other'), plan)).rejects.toThrow('These vectors only work with m');
});

it('falls back for the rows below the version’s threshold, or below another one', async () => {
  const asked = { ...TUNED, version: version(SOFT, 0.85) };
  const own = await counted(hostWith(), { asked, fallback: HAND, policy: FALLBACK });
  expect(own.by).toEqual(['asked', 'fallback', 'fallback']);
  expect(own.reasons).toEqual([null, 'unsure', 'unsure']);
  expect(own.counts.fallbacks).toEqual({ ...NONE, unsure: 2 });
  const other = await counted(hostWith(), { asked, fallback: HAND, policy: { ...FALLBACK, threshold: 0.7 } });
  expect(other.reasons).toEqual([null, 'unsure', null]);
  // nothing else can answer
  expect((await counted(hostWith(), { asked, fallback: null, policy: FALLBACK })).by).toEqual(Array(3).fill('asked'));
});

it('falls back after the time limit, and asks what runs to stop', async () => {
  const asked = vi.fn();
  const slow: AnsweringHost['engine']['score'] = (request, control) =>
    request.soft
      ? new Promise((_, reject) => {
          control.listen((what) => {
            asked(what);
            reject(new StudioError('cancelled', 'Cancelled.'));
          });
        })
      : scores(request);
  const plan = { asked: TUNED, fallback: HAND, policy: { ...FALLBACK, rowTimeoutMs: 5 } };
  const { reasons, counts } = await counted(hostWith(slow), plan);
  expect(reasons).toEqual(Array(3).fill('time-out'));
  expect(counts.fallbacks).toEqual({ ...NONE, 'time-out': 3 });
  expect(asked).toHaveBeenCalledWith('cancel');
});

it('falls back where check rows come out differently, and replays them once', async () => {
  const checks = vi.fn(async () => false);
  const route = openRoute(hostWith(), { ...NO_SET, asked: { ...TUNED, checks }, fallback: HAND, policy: FALLBACK });
  for (const from of [0, 1]) {
    const { answers } = await route.answer(from, 1, uninterrupted);
    expect(answers[0]).toMatchObject({ by: 'fallback', fallbackReason: 'check-rows' });
  }
  expect(checks).toHaveBeenCalledTimes(1);
  const sound = { ...TUNED, checks: async () => true };
  expect((await counted(hostWith(), { asked: sound, fallback: HAND, policy: FALLBACK })).by[0]).toBe('asked');
});

it('falls back where the version is missing', async () => {
  const { reasons, counts } = await counted(hostWith(), { asked: null, fallback: HAND, policy: FALLBACK });
  expect(reasons).toEqual(Array(3).fill('missing'));
  expect(counts.fallbacks).toEqual({ ...NONE, missing: 3 });
});

it('falls back where other weights are loaded, without asking the model', async () => {
  const score = vi.fn(scores);
  const { reasons } = await counted(hostWith(score, 'other'), { asked: TUNED, fallback: HAND, policy: FALLBACK });
  expect(reasons).toEqual(Array(3).fill('other-model'));
  expect(score.mock.calls.map(([{ soft }]) => soft)).toEqual([null]);
});

it('falls back where the engine fails, but not where the caller cancels', async () => {
  const broken: AnsweringHost['engine']['score'] = async (request) => {
    if (request.soft) throw new StudioError('out-of-memory', 'There is not enough memory.');
    return scores(request);
  };
  const plan = { asked: TUNED, fallback: HAND, policy: FALLBACK };
  const { reasons, counts } = await counted(hostWith(broken), plan);
  expect(reasons).toEqual(Array(3).fill('engine-error'));
  expect(counts.fallbacks).toEqual({ ...NONE, 'engine-error': 3 });
  await expect(counted(hostWith(broken), { ...plan, fallback: null })).rejects.toThrow('not enough memory');

  const control = new ControlSource();
  control.ask('cancel');
  await expect(openRoute(hostWith(broken), { ...NO_SET, ...plan }).answer(0, 1, control)).rejects.toThrow();
});

it('has a test here for every reason to fall back', () => {
  expect(Object.keys(FALLBACK_REASONS)).toEqual([
    ...['unsure', 'time-out', 'check-rows', 'missing', 'other-model', 'engine-error', 'share'],
  ]);
});

it('answers texts outside the share with the fallback; a text keeps its side, and a larger share holds the smaller one', async () => {
  const total = 400;
  const cellAt = (index: number, column: string | null) => `${column ?? 'text'} ${index}`;
  const many = { ...TUNED, rows: { ...rows, total, cellAt } };
  const inside = async (of: number, id: string | null = null, policy: Policy = AS_ASKED) => {
    const plan = { asked: many, fallback: HAND, policy, share: { of, id } };
    const { by, counts } = await counted(hostWith(), plan, 0, total);
    const own = by.flatMap((who, i) => (who === 'asked' ? [i] : []));
    expect(counts).toMatchObject({ answered: total, fallbacks: { share: total - own.length } });
    return own;
  };
  const quarter = await inside(0.25);
  const half = await inside(0.5);
  expect(quarter).toEqual(half.filter((i) => placeOf(`text ${i}`, 'TONE') < 0.25));
  expect(quarter.length).toBeGreaterThan(0);
  expect(half.length).toBeLessThan(total);
  expect(await inside(0.25, 'customer')).not.toEqual(quarter);
  expect([(await inside(0)).length, (await inside(1)).length]).toEqual([0, total]);
});

it('keeps the policy inside a share, and needs a second version for the texts outside', async () => {
  const cellAt = (index: number) => `${index}`;
  const asked = { version: version(SOFT, 0.85), rows: { ...rows, cellAt } };
  const share = { of: 1, id: null, salt: '' };
  const { reasons } = await counted(hostWith(), { asked, fallback: HAND, policy: FALLBACK, share });
  expect(reasons).toEqual([null, 'unsure', 'unsure']);
  await expect(counted(hostWith(), { asked, fallback: null, policy: FALLBACK, share })).rejects.toThrow(
    'No second version',
  );
});

it('asks both in shadow, counts the answers of one, and how often they agree', async () => {
  const plan = { asked: TUNED, fallback: HAND, policy: { kind: 'shadow', counts: 'fallback' } as const };
  const { by, counts } = await counted(hostWith(), plan);
  expect(by).toEqual(Array(3).fill('fallback'));
  expect(counts.shadow).toEqual({ both: 3, same: 0, failed: 0 });
  const { answers } = await openRoute(hostWith(), {
    ...NO_SET,
    ...plan,
    policy: { kind: 'shadow', counts: 'asked' },
  }).answer(0, 1, uninterrupted);
  expect(answers[0]).toMatchObject({ by: 'asked', shadow: { kind: 'classify' } });
  // the one on trial may fail
  const other = await counted(hostWith(scores, 'other'), plan);
  expect(other.counts).toEqual({ answered: 3, fallbacks: NONE, shadow: { both: 0, same: 0, failed: 3 } });
});

it('asks the hand-written version only, where that is the policy', async () => {
  const score = vi.fn(scores);
  const { by, reasons } = await counted(hostWith(score), {
    asked: TUNED,
    fallback: HAND,
    policy: { kind: 'hand-written' },
  });
  expect(by).toEqual(Array(3).fill('fallback'));
  expect(reasons).toEqual([null, null, null]);
  expect(score.mock.calls.map(([{ soft }]) => soft)).toEqual([null]);
});
