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
  // the rows of a label differ by their number alone
  expect(detectable.sentence).toMatch(/^60 test rows with 3 different texts /);
  expect(issues.filter((f) => f.severity === 'blocking')).toEqual([]);
  const { template, words } = await call('propose', { dataset });
  expect(template).toBe('Message: {text}\nTone:');
  expect(words.map(({ word }) => word)).toEqual([' negative', ' neutral', ' positive']);
  await expect(call('labelTokens', { words })).rejects.toThrow('tokenizer is still loading');
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

  it('encodes into pieces that join to the text', async () => {
    const { pieces } = await call('encode', { text: 'Message: hello there' });
    expect(pieces.join('')).toBe('Message: hello there');
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
