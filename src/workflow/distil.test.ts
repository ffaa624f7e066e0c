import { describe, expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import type { TrainRequest } from '../engine/types';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { logSoftmax } from '../metrics/classification';
import { voicesOf } from '../prompt/prompt';
import { lineageOf } from '../prompt-set/lineage';
import { addRun, addVersion } from '../prompt-set/make-versions';
import { calibratedAs, versionIn, withTexts } from '../prompt-set/test-support';
import { seedMean } from '../prompt-set/versions';
import { shotIds } from '../task/render';
import type { PromptText } from '../task/types';
import { PRESETS, STANDARD } from '../training/settings';
import { compare } from './compare';
import { type DistilEvent, type DistilRequest, distil, type Teacher } from './distil';
import { EXPORTS, subjectOf } from './exports';
import { answerOf, fakeHost, NOW, prepared, promptSet, rowsOf, textOf } from './fake-host.test-support';
import type { Host } from './host';
import { trainRun } from './train-run';
import { twin } from './twin';

const BARE = 'Text: {text}\nTone:';
const words = [
  { label: 'bad', word: 'b' },
  { label: 'good', word: 'g' },
];
const SHOTS = { template: `Say the tone.\n${BARE}`, shots: 4, shotSeed: 0 };
const taughtBy = (change: Partial<PromptText>): Teacher => ({
  voices: voicesOf({ ...SHOTS, ...change }, words),
  calibration: null,
});
const bare = taughtBy({ shots: 0 });
const ASIS = taughtBy({});

/** A host whose training ends at once with these vectors, and what it was asked. */
function taughtHost({
  context = 100_000,
  reason = 'finished' as 'finished' | 'paused',
  gain = 0.3,
  of = answerOf,
  short = /^ .$/,
} = {}) {
  const { host, scored } = fakeHost(context, of);
  const asked: TrainRequest[] = [];
  const train = async function* (request: TrainRequest) {
    asked.push(request);
    const checkpoint = { validations: [], steps: [] };
    const vectors = new Float32Array(2 * request.settings.virtualTokens).fill(gain, 0, 1);
    yield { kind: 'done' as const, reason, vectors, bestStep: 1, checkpoint, cacheSeconds: 0, trainSeconds: 1 };
  };
  // a short answer word is one token
  const encode = (text: string) => host.tokens.encode(short.test(text) ? text.charAt(1) : text);
  const taught = { ...host, tokens: { ...host.tokens, encode }, engine: { ...host.engine, train } };
  return { host: taught as unknown as Host, scored, asked };
}

const request = (dataset: Dataset, change: Partial<DistilRequest> = {}): DistilRequest => ({
  runId: 'r',
  dataset,
  template: BARE,
  words,
  initText: 'Say',
  initFrom: null,
  resume: null,
  baselines: [],
  settings: { ...STANDARD, virtualTokens: 1, steps: 30 },
  teacher: ASIS,
  texts: null,
  ...change,
});
const run = { control: uninterrupted, emit: () => {} };

const textsOf = ({ train }: TrainRequest) => train.map(({ ids }) => textOf(ids));
const cell = (dataset: Dataset, id: string) => dataset.table.rows.find((row) => row.id === id)?.cells.text ?? '';

it('never learns from a test row, a validation row, or one that the prompt shows', async () => {
  const dataset = await prepared();
  const { train, validation, test } = dataset.split;
  const shown = shotIds(dataset, SHOTS);
  const own = taughtHost();
  await distil(own.host, request(dataset), run);
  const learned = own.asked[0]?.train.map(({ rowId }) => rowId) ?? [];
  expect(learned).toHaveLength(train.length - shown.length);
  for (const id of [...test, ...validation, ...shown]) expect(learned).not.toContain(id);
  const asked = own.scored.flatMap(({ rows }) => rows.map(({ rowId }) => rowId));
  for (const id of test) expect(asked).not.toContain(id);
});

it('leaves out texts from elsewhere that repeat a test or validation row, or another text', async () => {
  const dataset = await prepared();
  const { validation, test } = dataset.split;
  const held = [...test, ...validation].map((id) => ` ${cell(dataset, id).toUpperCase()} `);
  const { host, asked } = taughtHost();
  await distil(host, request(dataset, { texts: [...held, 'it was fine', 'It was  fine', 'it was poor', ''] }), run);
  const texts = asked.flatMap(textsOf);
  expect(texts.map((text) => text.slice(6, -6)).sort()).toEqual(['it was fine', 'it was poor']);
});

it('teaches what the prompt answers, calibrated, whatever the rows’ own labels are', async () => {
  const dataset = await prepared();
  const flipped = (await preparedOf(rowsOf(240).map(([text, label]) => [text, label === 'bad' ? 'good' : 'bad'])))
    .dataset;
  const meanLogProbs = [-2, -0.5];
  const teacher = { ...bare, calibration: { meanLogProbs, rows: 48 } };
  for (const rows of [dataset, flipped]) {
    const { host, asked } = taughtHost();
    await distil(host, request(rows, { teacher }), run);
    for (const { ids, taught = [], label } of asked[0]?.train.slice(0, 20) ?? []) {
      const [bad = 0, good = 0] = answerOf(textOf(ids), undefined).map((logProb, c) =>
        Math.exp(logProb - (meanLogProbs[c] ?? 0)),
      );
      expect(taught[0]).toBeCloseTo(bad / (bad + good), 9);
      expect(label).toBe(bad > good ? 0 : 1);
    }
  }
});

it('decides the calibration on the rows of a comparison where none has', async () => {
  const dataset = await prepared(400);
  // prefers one label before it has read anything
  const of: typeof answerOf = (...read) =>
    logSoftmax(answerOf(...read).map((value, c) => (c === 0 ? value + 2 : value)));
  const { host, asked } = taughtHost({ of });
  const teacher = bare;
  await distil(host, request(dataset, { teacher: { ...teacher, calibration: undefined } }), run);
  await distil(host, request(dataset, { teacher }), run);
  const [chosen, raw] = asked.map(({ train }) => train.map(({ taught }) => taught?.[0] ?? 0));
  // as a comparison decides it
  const set = promptSet(dataset);
  const own = withTexts({ ...set, words }, { ...SHOTS, shots: 0, words });
  const { evaluation } = await compare(fakeHost(undefined, of).host, { set: own, dataset }, run);
  const arms = evaluation.kind === 'classify' ? evaluation.plan.arms : [];
  const { calibration = null } = arms.find(({ id }) => id === 'yours') ?? {};
  expect(calibration).not.toBeNull();
  await distil(host, request(dataset, { teacher: { ...teacher, calibration } }), run);
  expect(asked[2]?.train.map(({ taught }) => taught)).toEqual(asked[0]?.train.map(({ taught }) => taught));
  const mean = (shares: readonly number[] = []) => shares.reduce((sum, share) => sum + share, 0) / shares.length;
  expect(Math.abs(mean(chosen) - 0.5)).toBeLessThan(Math.abs(mean(raw) - 0.5));
});

it('says how many tokens it saves and how often the answers agree', async () => {
  const dataset = await prepared();
  const events: DistilEvent[] = [];
  const emit = (event: DistilEvent) => void events.push(event);
  const { host } = taughtHost();
  const { reached } = await distil(host, request(dataset), { ...run, emit });
  expect(reached).toMatchObject({ same: dataset.split.validation.length, rows: dataset.split.validation.length });
  expect(reached?.tokensBefore).toBeGreaterThan(3 * (reached?.tokensAfter ?? 0));
  const lengths = (ids: readonly string[]) => ids.map((id) => BARE.replace('{text}', cell(dataset, id)).length + 1);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(reached?.tokensAfter).toBeCloseTo(mean(lengths(dataset.split.validation)), 9);
  const counts = events.filter((event) => event.kind === 'teacher');
  expect(counts[0]).toMatchObject({ done: 0, secondsLeft: null });
  expect(counts.at(-1)).toMatchObject({ done: counts[0]?.total });
  // without validation rows the training rows say how long they are
  const all = { ...dataset, split: { ...dataset.split, validation: [] } };
  const { asked, host: other } = taughtHost();
  const bare = (await distil(other, request(all), run)).reached;
  const learned = asked[0]?.train.map(({ rowId }) => rowId) ?? [];
  expect(bare).toMatchObject({ same: 0, rows: 0, tokensAfter: expect.closeTo(mean(lengths(learned)), 9) });
  const unlike = await distil(taughtHost({ gain: -9 }).host, request(dataset), run);
  expect(unlike.reached?.same).toBeLessThan(unlike.reached?.rows ?? 0);
  expect((await distil(taughtHost({ reason: 'paused' }).host, request(dataset), run)).reached).toBeNull();
});

it.each<[string, RegExp, (dataset: Dataset) => Partial<DistilRequest>, { context?: number }?]>([
  ['a prompt that is too long for the model', /too long for the model/, () => ({}), { context: 150 }],
  ['one label', /at least two labels/, (dataset) => ({ dataset: { ...dataset, labels: ['bad'] } })],
  ['no texts', /left to learn from/, () => ({ texts: [] })],
  ['test rows alone', /left to learn from/, (all) => ({ texts: all.split.test.map((id) => cell(all, id)) })],
  [
    'texts to be generated',
    /chooses a label/,
    (all) => ({ dataset: { ...all, mapping: { ...all.mapping, task: 'generate' } } }),
  ],
  [
    'an answer word of several tokens',
    /“bad”, has 4 tokens/,
    () => ({ words: words.map(({ label }) => ({ label, word: label })) }),
  ],
  [
    'the nearest examples to a text from elsewhere',
    /nearest to each row/,
    () => ({ texts: ['it was fine'], teacher: taughtBy({ shots: 1, selection: 'nearest' }) }),
  ],
])('refuses %s', async (_, message, change, { context } = {}) => {
  const dataset = await prepared();
  const { host, asked } = taughtHost(context === undefined ? {} : { context });
  await expect(distil(host, request(dataset, change(dataset)), run)).rejects.toThrow(message);
  expect(asked).toEqual([]);
});

it('takes a prompt that shows no examples, however it would choose them', async () => {
  const { host, asked } = taughtHost();
  const teacher = taughtBy({ shots: 0, selection: 'nearest' });
  await distil(host, request(await prepared(), { texts: ['it was fine'], teacher }), run);
  expect(asked.flatMap(textsOf)).toEqual(['Text: it was fine\nTone:']);
});

it('learns from no more texts than its steps see, or than it is set to', async () => {
  const dataset = await prepared();
  const learned = async (settings: object) => {
    const { host, asked } = taughtHost();
    const own = { ...STANDARD, virtualTokens: 1, steps: 30, ...settings };
    await distil(host, request(dataset, { settings: own }), run);
    return asked[0]?.train.length;
  };
  expect(await learned({ steps: 2, batchSize: 4 })).toBe(8);
  expect(await learned({ trainRows: 5 })).toBe(5);
  expect(await learned({ steps: 2, batchSize: 4, trainRows: 50 })).toBe(8);
});

it.each([
  ['kv', 1000],
  ['infix', 60],
] as const)(
  'learns %s with Auto where the model takes keys after %s tokens, and is recorded so',
  async (placement, after) => {
    const dataset = await prepared();
    const { host, asked } = taughtHost({ short: /^ (bad|good)$/ });
    const info = { ...host.engine.info, keys: { after, numbers: 4, transferred: 0 } };
    const at = { ...host, engine: { ...host.engine, info } };
    const { settings } = PRESETS.auto;
    const plan = { dataset, settings, hybrid: false, group: null, distil: { texts: null } };
    const { added } = await trainRun(at, promptSet(dataset), plan, run);
    expect(asked.map((each) => each.settings.placement)).toEqual([placement]);
    expect(added.run).toMatchObject({ settings: { placement, answerVectors: 'trained', steps: 120 }, initText: '\n' });
  },
);

describe('a twin for PEFT', () => {
  const twinHost = () => taughtHost({ short: /^ (bad|good)$/ });

  it.each([
    ['a hand-written prompt', 'h', [0.3], 'id-1'],
    ['a tuned prompt', 'r0', [1], 'r0'],
    ['several voices', 'm', [1, 1.5], 'r0'],
  ])(
    'learns the answers of %s, with vectors before the text and the model’s own answer words',
    async (_, of, gains, chosen) => {
      const dataset = await prepared();
      const seeds = promptSet(dataset, [0, 1]);
      const own = {
        ...seeds,
        chosenTrained: 'r0',
        runs: seeds.runs.map((each) => ({ ...each, validationAccuracy: 0 })),
      };
      const { version } = present(seedMean(own, versionIn(own, 'r0')), 'a mean');
      const before = calibratedAs(addVersion(own, { id: 'm', now: NOW }, version), of, null);
      const { host, asked } = twinHost();
      const { set, added } = await twin(host, { set: before, dataset, of }, run);
      const { settings, distilled } = added.run;
      expect([settings.placement, settings.answerVectors, distilled]).toEqual(['prefix', undefined, { from: of }]);
      const { taught, ids } = present(asked[0]?.train[0], 'a row');
      const voices = gains.map((gain) => answerOf(textOf(ids), Float32Array.of(gain, 0)));
      const mean = [0, 1].map((c) => voices.reduce((sum, voice) => sum + (voice[c] ?? 0) / voices.length, 0));
      expect(taught?.[0]).toBeCloseTo(Math.exp(logSoftmax(mean)[0] ?? 0), 8);
      const made = versionIn(set, added.run.id);
      expect(made.learned).toEqual(versionIn(own, 'r0').learned);
      expect(lineageOf(set, []).find(({ id }) => id === made.id)).toMatchObject({ parent: of });
      const stored = { set, dataset, evaluations: [], checkpoints: [], measurements: [] };
      expect(EXPORTS.peft.whyNot(subjectOf(stored, made.id), stored)).toBeNull();
      // for a tuned prompt it answers elsewhere, and never takes its place here
      expect(set.chosenTrained).toBe(chosen);
      expect(addRun(before, added, NOW)).toEqual(set);
    },
  );

  it('learns from rows without a label too', async () => {
    const rows = rowsOf(240).map(([text, label], i) => [text, i < 60 ? '' : label] as const);
    const { dataset } = await preparedOf(rows);
    const { host, asked } = twinHost();
    await twin(host, { set: promptSet(dataset), dataset, of: 'r0' }, run);
    const learned = new Set(asked[0]?.train.map(({ rowId }) => rowId));
    const { train, validation, test } = dataset.split;
    expect(learned.size).toBe(train.length + 60);
    for (const id of [...validation, ...test]) expect(learned).not.toContain(id);
  });

  it('refuses a version that is gone, and vectors of other weights', async () => {
    const dataset = await prepared();
    const set = promptSet(dataset);
    const { host } = twinHost();
    await expect(twin(host, { set, dataset, of: 'gone' }, run)).rejects.toThrow('no longer in the library');
    const info = { ...host.engine.info, sha256: '1'.repeat(64) };
    const other = { ...host, engine: { ...host.engine, info } };
    await expect(twin(other, { set, dataset, of: 'r0' }, run)).rejects.toThrow('only work with m (fp32)');
  });
});
