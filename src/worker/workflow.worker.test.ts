import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ControlSource } from '../lib/control';
import type { WorkflowMethods } from './protocol';
import { createWorkflowHandlers } from './workflow.worker';

const handlers = createWorkflowHandlers();
const control = { requested: null };
const call = async <K extends keyof WorkflowMethods>(
  method: K,
  params: Parameters<WorkflowMethods[K]>[0],
): Promise<ReturnType<WorkflowMethods[K]>> => {
  const handler = handlers[method] as (p: unknown, e: () => void, c: object, l: () => Promise<void>) => unknown;
  return (await handler(
    params,
    () => undefined,
    control,
    async () => undefined,
  )) as ReturnType<WorkflowMethods[K]>;
};

const MODEL = new URL('../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct/', import.meta.url);
const files = Object.fromEntries(
  ['tokenizer.json', 'tokenizer_config.json', 'config.json'].map((name) => [
    name,
    new Uint8Array(readFileSync(new URL(name, MODEL))),
  ]),
);

const LABELS = ['negative', 'neutral', 'positive'];
const csv = [
  'message;tone',
  ...Array.from({ length: 150 }, (_, i) => `${LABELS[i % 3]} thing number ${i}; ${LABELS[i % 3]}`),
].join('\r\n');

async function prepared() {
  const { guess, ...table } = await call('parse', { fileName: 'x.csv', bytes: new TextEncoder().encode(csv) });
  if (!guess) throw new Error('no guess');
  return call('prepare', { table, mapping: guess, seed: 0 });
}

it('reads, guesses, splits and says what can be shown, without a tokenizer', async () => {
  const { dataset, balance, detectable, issues } = await prepared();
  expect(dataset.labels).toEqual(LABELS);
  expect(dataset.split.test).toHaveLength(60);
  expect(balance.map((b) => b.rows)).toEqual([50, 50, 50]);
  expect(detectable.points).toBeGreaterThan(10);
  expect(issues.filter((f) => f.severity === 'blocking')).toEqual([]);
  const { template, words } = await call('propose', { dataset });
  expect(template).toBe('Message: {text}\nTone:');
  expect(words.map(({ word }) => word)).toEqual([' negative', ' neutral', ' positive']);
  await expect(call('labelTokens', { words })).rejects.toThrow('tokenizer is not here yet');
});

it('reports how much of a file it has read, and stops between two steps', async () => {
  const bytes = new TextEncoder().encode(`text,label\n${'a message,good\n'.repeat(30_000)}`);
  const asked = new ControlSource();
  const seen: unknown[] = [];
  const emit = (event: unknown) => {
    seen.push(event);
    asked.requested = 'cancel';
  };
  const parse = handlers.parse as (params: object, emit: (e: unknown) => void, control: object) => Promise<unknown>;
  await expect(parse({ fileName: 'a.csv', bytes }, emit, asked)).rejects.toMatchObject({ code: 'cancelled' });
  expect(seen).toEqual([expect.objectContaining({ kind: 'progress', total: bytes.length, unit: 'bytes' })]);
});

it('refuses bad input with a code and a sentence', async () => {
  await expect(call('parse', { fileName: 'a.csv', bytes: new Uint8Array() })).rejects.toMatchObject({
    code: 'bad-input',
    data: { kind: 'empty-file' },
  });
});

describe('with the tokenizer', () => {
  beforeAll(async () => {
    const opened = await call('openTokenizer', { files });
    expect(opened.vocabularySize).toBe(49152);
    expect(opened.hasChat).toBe(true);
  });

  it('proposes single tokens for awkward labels', async () => {
    const { dataset } = await prepared();
    const labels = [
      'card_arrival',
      'lost_or_stolen_card',
      'Refund_not_showing_up',
      'top_up_failed',
      'exchange_rate',
      'verify_my_identity',
      'pin_blocked',
      'cash_withdrawal_charge',
    ];
    for (const set of [
      labels,
      LABELS,
      ['Pos', 'Neg'],
      ['1', '2', '3', '4', '5'],
      ['Very Positive', 'Very Negative'],
      ['qzx1', 'wvk2'],
    ]) {
      const { words } = await call('propose', { dataset: { ...dataset, labels: set } });
      const tokens = await call('labelTokens', { words });
      expect(tokens.labels.map((l) => l.tokenIds.length)).toEqual(set.map(() => 1));
      expect(tokens.collisions).toEqual([]);
    }
  });

  it('suggests a way out of a collision', async () => {
    const words = [
      { label: 'positive', word: ' good' },
      { label: 'negative', word: ' good' },
    ];
    const { collisions } = await call('labelTokens', { words });
    expect(collisions).toHaveLength(1);
    expect((await call('labelTokens', { words: collisions[0]?.suggestion ?? [] })).collisions).toEqual([]);
  });

  it('tokenises rows, names those that are too long, and renders few-shot and chat prompts', async () => {
    const { dataset } = await prepared();
    const { words } = await call('propose', { dataset });
    const prompt = { template: 'Say it.\nMessage: {text}\nTone:', shots: 4, shotSeed: 0 };
    const tokens = await call('tokenRows', { dataset, prompt, words, split: 'test' });
    expect(tokens.rows).toHaveLength(60);
    expect(tokens.tooLong).toEqual([]);
    expect(tokens.maxTokens).toBeGreaterThanOrEqual(tokens.meanTokens);
    const { examples } = await call('render', { dataset, prompt, words, split: ['1'], chat: true });
    expect(examples[0]?.text).toContain('<|im_start|>assistant');
    const long = { template: `${'word '.repeat(3000)}{text}:`, shots: 0, shotSeed: 0 };
    const none = await call('tokenRows', { dataset, prompt: long, words, split: ['1', '2'] });
    expect(none.rows).toEqual([]);
    expect(none.tooLong).toEqual(['1', '2']);
    await expect(
      call('tokenRows', { dataset, prompt: { ...prompt, template: 'x' }, words, split: 'test' }),
    ).rejects.toMatchObject({ code: 'bad-input', data: { kind: 'no-text' } });
  });

  it('gives rows the text that should follow them, with what ends it, and leaves room for the longest', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `my message ${i} on thing ${i},"thing ${i}:\n broken"`);
    const bytes = new TextEncoder().encode(['message,summary', ...lines].join('\n'));
    const { guess, ...table } = await call('parse', { fileName: 'x.csv', bytes });
    expect(guess).toEqual({ text: 'message', label: 'summary', id: null, task: 'write' });
    const { dataset, detectable, balance } = await call('prepare', { table, mapping: guess as never, seed: 0 });
    expect([dataset.labels, balance, detectable.points]).toEqual([[], [], null]);
    const { template, words } = await call('propose', { dataset });
    expect([template, words]).toEqual(['Message: {text}\nSummary:', []]);
    const prompt = { template, shots: 2, shotSeed: 0 };
    const ask = { dataset, prompt, words, split: ['7'] };
    const [row] = (await call('tokenRows', ask)).rows;
    expect(row?.label).toBeNull();
    const read = async (ids: Int32Array | undefined) => (await call('decode', { ids: ids ?? new Int32Array(0) })).text;
    expect(await read(row?.target)).toBe(' thing 6: broken\n');
    const shown = /^(?:Message: my message \d+ on thing \d+\nSummary: thing \d+: broken\n\n){2}Message: .+\nSummary:$/;
    expect(await read(row?.ids)).toMatch(shown);
    const [inChat] = (await call('tokenRows', { ...ask, prompt: { ...prompt, chat: true } })).rows;
    const { endTokenIds, breakTokenIds } = await call('answerEnds', {});
    expect(await read(inChat?.target?.subarray(0, -1))).toBe('thing 6: broken');
    expect(inChat?.target?.at(-1)).toBe(endTokenIds[0]);
    expect(breakTokenIds).toContain(row?.target?.at(-1));
    expect((await call('tokenRows', { ...ask, room: 2000 })).tooLong).toEqual(['7']);
    const lengths = await call('targetLengths', { dataset });
    expect(lengths.longest).toBe(lengths.longestTokens + 8);
    expect(lengths.overRowIds).toEqual([]);
    const { texts } = await call('decodeAll', { rows: [row?.target ?? new Int32Array(0), new Int32Array(0)] });
    expect(texts).toEqual(['thing 6: broken', '']);
  });

  it('encodes into pieces that join to the text', async () => {
    const { ids, pieces } = await call('encode', { text: 'Message: hello there' });
    expect(pieces.join('')).toBe('Message: hello there');
    expect((await call('decode', { ids })).text).toBe('Message: hello there');
    const { pieces: inChat } = await call('encode', { text: 'Message: hello there', chat: true });
    expect(inChat.join('')).toContain('Message: hello there<|im_end|>\n<|im_start|>assistant');
  });
});

it('a comparison can be stopped between two of its steps', async () => {
  const gold = Array.from({ length: 40 }, (_, i) => i % 2);
  const arm = (id: string) => ({
    id,
    name: id,
    kind: 'zero-shot' as const,
    placement: null,
    logProbs: gold.map(() => [Math.log(0.6), Math.log(0.4)]),
    calibration: null,
    tokensSentMean: null,
    tokensComputedMean: null,
    latencyMsMedian: null,
    validation: null,
  });
  const plan = {
    labels: ['no', 'yes'],
    rowIds: gold.map(String),
    gold,
    arms: ['a', 'b', 'c'].map(arm),
    pairs: [['a', 'b'] as const],
    calibrated: false,
    looks: 1,
    seed: 0,
  };
  const asked = new ControlSource();
  let steps = 0;
  const stopAtSecond = () => {
    steps += 1;
    if (steps === 2) asked.ask('cancel');
  };
  const none = async () => undefined;
  await expect(handlers.recompare(plan, stopAtSecond, asked, none)).rejects.toMatchObject({ code: 'cancelled' });
  expect(steps).toBe(2);
  expect((await call('recompare', plan)).n).toBe(40);
});
