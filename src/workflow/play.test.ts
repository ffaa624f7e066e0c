import { describe, expect, it } from 'vitest';
import type { AttributionRequest, WriteRequest } from '../engine/types';
import { uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import { fitWords } from '../metrics/logistic';
import { alone } from '../prompt-set/planned';
import { askedOf } from '../prompt-set/test-support';
import type { StagePolicy } from '../prompt-set/types';
import type { TokenRow } from '../tokens/tokenizer';
import type { Host, HostEngine } from './host';
import { answerText, type Continuation, continueText, questionOf, upTo, weighWords, wordsOf } from './play';

const encode = (text: string) => Int32Array.from(text, (char) => char.codePointAt(0) ?? 0);

/** Tokens are letters. Scores the labels -1, -2, …; generates a, b, c, … until it is cancelled. */
function letters() {
  const asked: Int32Array[] = [];
  const rows: TokenRow[] = [];
  const generated: number[] = [];
  const weighed: AttributionRequest[] = [];
  const engine: Partial<HostEngine> = {
    score: async ({ rows: given, labels }) => {
      asked.push(...given.map(({ ids }) => ids));
      rows.push(...given);
      const logProbs = labels.map((_, i) => -1 - i);
      return {
        seconds: 0.02,
        rowsRun: 1,
        rows: given.map(({ rowId, ids }) => ({ rowId, logProbs, tokensSent: ids.length, tokensComputed: ids.length })),
      };
    },
    // a token weighs as much as its place in the text
    attribute: async (request, _control, onStep) => {
      weighed.push(request);
      onStep?.(request.steps.least + 1);
      const [from, to] = request.text;
      const tokens = Float64Array.from({ length: to - from }, (_, i) => i);
      const sum = tokens.reduce((all, nats) => all + nats, 0);
      return { tokens, value: sum + 1, baseline: 0, steps: 32 };
    },
    generate: async ({ maxNewTokens }, control, onToken) => {
      for (let i = 0; i < maxNewTokens; i++) {
        if (control.requested) throw new StudioError('cancelled', 'cancelled');
        generated.push(i);
        onToken?.(97 + i);
      }
      return { ids: Int32Array.from(generated), tokensPerSecond: 1 } as never;
    },
  };
  const tokenizer = {
    encode,
    decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
    chat: (text: string) => `<${text}>`,
    endTokenIds: [0],
  };
  const host = { engine, tokens: { tokenizer, encode, context: 100, breaks: () => [] } } as unknown as Host;
  return { asked, rows, generated, weighed, host };
}

const text = { template: '{text}!' };
const version = askedOf({ text });
const SOFT = { placement: 'infix', virtualTokens: 1, hidden: 1, vectors: Float32Array.of(1) } as const;
const run = { control: uninterrupted, emit: () => {} };

it('answers with what answers together, whose words no one prompt explains', async () => {
  const { host } = letters();
  const model = fitWords(['fine it is', 'poor it is'], [0, 1], 2);
  const counting = askedOf({ text, counted: { model, weight: 0 } });
  const said = async (typed: string) => {
    const answer = await answerText(host, { plan: alone(counting), fields: { text: typed } }, run);
    return answer.kind === 'classify' && argmax(answer.probabilities);
  };
  expect([await said('fine'), await said('poor')]).toEqual([0, 1]);
  const asked = { versions: [counting], fields: { text: 'fine' } };
  await expect(weighWords(host, asked, run)).rejects.toThrow('combines several');
});

it('answers a typed text with the probability of every label', async () => {
  const { host, asked } = letters();
  const answer = await answerText(host, { plan: alone(version), fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('Hi!')]);
  expect(answer).toMatchObject({ kind: 'classify', tokens: 3, ms: 20 });
  expect(answer.kind === 'classify' && answer.probabilities[0]).toBeCloseTo(Math.exp(-1));
});

it('encodes the cue by itself where vectors come before it', async () => {
  const { host, asked, rows } = letters();
  const plan = alone(askedOf({ text, softs: [SOFT] }));
  const answer = await answerText(host, { plan, fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('Hi!')]);
  expect(rows[0]).toMatchObject({ cue: 1 });
  expect(answer).toMatchObject({ kind: 'classify', tokens: 3 });
});

it('asks a chat prompt as the user’s message', async () => {
  const { host, asked } = letters();
  await answerText(host, { plan: alone(askedOf({ text: { ...text, chat: true } })), fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('<Hi!>')]);
});

it('fills every column that the prompt shows', async () => {
  const { host, asked } = letters();
  const shown = askedOf({ text: { template: '{city}: {text} ({text})' } });
  await answerText(host, { plan: alone(shown), fields: { text: 'Hi', city: 'Ulm' } }, run);
  expect(asked).toEqual([encode('Ulm: Hi (Hi)')]);
});

it('subtracts the calibration that the prompt brings', async () => {
  const { host } = letters();
  const calibrated = askedOf({ text, calibration: { meanLogProbs: [-1, -2], rows: 9 } });
  const answer = await answerText(host, { plan: alone(calibrated), fields: { text: 'Hi' } }, run);
  expect(answer.kind === 'classify' && answer.probabilities).toEqual([0.5, 0.5]);
});

describe('a stage with a policy', () => {
  const model = { id: 'm', dtype: 'fp32', sha256: 'w' };
  const soft = { placement: 'suffix', virtualTokens: 1, hidden: 1, vectors: Float32Array.of(1) } as const;
  /** With vectors the model says "good" with 0.6, without "bad" with 0.9. */
  async function routed(policy: StagePolicy, { threshold = 0.5, loaded = 'w', fails = false } = {}) {
    const { host } = letters();
    const score: HostEngine['score'] = async ({ rows, soft: vectors }) => {
      if (fails && vectors) throw new StudioError('out-of-memory', 'There is not enough memory.');
      const logProbs = (vectors ? [0.6, 0.4] : [0.1, 0.9]).map(Math.log);
      const said = rows.map(({ rowId }) => ({ rowId, logProbs, tokensSent: 1, tokensComputed: 1 }));
      return { rows: said, rowsRun: 1, seconds: 0.01 };
    };
    const engine = { ...host.engine, info: { ...model, sha256: loaded } as HostEngine['info'], score };
    const fallback = { ...version, number: 2 };
    const plan = { ...alone(askedOf({ text, softs: [soft], threshold, model })), fallback, policy };
    const answer = await answerText({ ...host, engine }, { plan, fields: { text: 'x' } }, run);
    return [answer.kind === 'classify' && answer.probabilities[0], answer.routed];
  }
  const OWN = expect.closeTo(0.6);
  const OTHER = expect.closeTo(0.1);

  it('answers by it, and says who answered and why', async () => {
    expect(await routed({ kind: 'fallback' })).toEqual([OWN, undefined]);
    const said = 'hand-written 2 answered in its place: ';
    expect(await routed({ kind: 'fallback' }, { threshold: 0.7 })).toEqual([
      OTHER,
      `${said}its answer was less probable than the threshold.`,
    ]);
    expect(await routed({ kind: 'fallback' }, { loaded: 'other' })).toEqual([
      OTHER,
      `${said}its vectors belong to other weights than are loaded.`,
    ]);
    expect(await routed({ kind: 'fallback' }, { fails: true })).toEqual([OTHER, `${said}the model could not run it.`]);
  });

  it('lets a version on trial answer beside, or not at all', async () => {
    const trial = 'hand-written 2 answers. The version on trial ';
    expect(await routed({ kind: 'shadow' })).toEqual([OTHER, `${trial}says: good`]);
    expect(await routed({ kind: 'shadow' }, { fails: true })).toEqual([
      OTHER,
      `${trial}failed: There is not enough memory.`,
    ]);
    expect(await routed({ kind: 'hand-written' }, { fails: true })).toEqual([
      OTHER,
      'hand-written 2 answers alone, by the policy of this set.',
    ]);
  });
});

it.each([
  [' negative\nMessage: more', '\\n', ' negative', true],
  [' negative', '\\n', ' negative', false],
  ['a. b. c', '. ', 'a', true],
  ['a\nb', '', 'a\nb', false],
])('cuts %j at %j', (text, stopAt, expected, stopped) => {
  expect(upTo(text, stopAt)).toEqual({ text: expected, stopped });
});

const settings: Continuation = { temperature: 0, topP: 1, maxTokens: 10, seed: 0, stopAt: '' };

it.each([
  ['cd', 'ab'],
  ['', 'abcdefghij'],
])('stops a continuation at %j, and generates no further', async (stopAt, expected) => {
  const { host, generated } = letters();
  const seen: string[] = [];
  const request = { version, fields: { text: 'Hi' }, settings: { ...settings, stopAt } };
  const text = await continueText(host, request, { control: uninterrupted, emit: (so) => seen.push(so) });
  expect(text).toBe(expected);
  expect(seen.at(-1)).toBe(expected);
  expect(generated.length).toBeLessThanOrEqual(expected.length + 2);
});

it('passes on what ends a continuation, but for its own stop at the stop string', async () => {
  const { host } = letters();
  const failing = (error: StudioError) => ({
    ...host,
    engine: { ...host.engine, generate: () => Promise.reject(error) },
  });
  const request = { version, fields: { text: 'Hi' }, settings };
  for (const code of ['device-lost', 'cancelled'] as const)
    await expect(continueText(failing(new StudioError(code, 'No.')), request, run)).rejects.toMatchObject({ code });
});

describe('which words decided', () => {
  const columns = askedOf({ text: { template: '{city}: {text}!' } });

  it('weighs the tokens of the text alone, joined to words, and says how far they miss their sum', async () => {
    const { host, weighed } = letters();
    const seen: unknown[] = [];
    const request = { versions: [columns, columns], fields: { text: 'not bad', city: 'Ulm' } };
    const found = await weighWords(host, request, { control: uninterrupted, emit: (event) => seen.push(event) });
    expect(weighed.map(({ text, between }) => [text, between])).toEqual([
      [
        [5, 12],
        [0, 1],
      ],
      [
        [5, 12],
        [0, 1],
      ],
    ]);
    expect(found.prompts[1]).toEqual({
      words: [
        { text: 'not', nats: 3 },
        { text: ' bad', nats: 18 },
      ],
      value: 22,
      baseline: 0,
      missed: 1 / 22,
      readings: 33,
    });
    expect(seen).toEqual([
      { done: 33, total: 256 },
      { done: 161, total: 256 },
    ]);
  });

  it.each([
    ['a chat', { text: { ...text, chat: true } }, [1, 3]],
    ['a cue by itself', { text, softs: [SOFT] }, [0, 2]],
    ['a template that ends with the text', { text: { template: 'Say: {text}' } }, [5, 7]],
    ['a text that appears twice', { text: { template: '{text} {text}' } }, [0, 2]],
  ])('finds the text in %s', async (_, given, place) => {
    const { host, weighed } = letters();
    await weighWords(host, { versions: [askedOf(given)], fields: { text: 'Hi' } }, run);
    expect(weighed[0]?.text).toEqual(place);
  });

  it.each([
    [
      'a prompt that generates texts',
      askedOf({ task: { kind: 'generate', longest: 4 } }),
      'Words explain the choice of one label',
    ],
    ['a prompt that does not show the text', askedOf({ text: { template: 'Which?' } }), 'never shows the text'],
  ])('refuses %s', async (_, asked, message) => {
    const request = { versions: [asked], fields: { text: 'Hi' } };
    await expect(weighWords(letters().host, request, run)).rejects.toThrow(message);
  });

  it.each([
    [
      'what the first prompt says instead',
      [
        [0.7, 0.2, 0.1],
        [0.1, 0.3, 0.6],
      ],
      [2, 0],
    ],
    [
      'the runner-up where they agree',
      [
        [0.1, 0.3, 0.6],
        [0.1, 0.3, 0.6],
      ],
      [2, 1],
    ],
    ['the runner-up of a single prompt', [[0.5, 0.2, 0.3]], [0, 2]],
  ])('asks for the last prompt’s label against %s', (_, answers, [label, against]) =>
    expect(questionOf(answers)).toEqual({ label, against }),
  );

  it('never cuts a character whose bytes are several tokens, and loses nothing of the sum', () => {
    const bytes = new TextEncoder().encode('とても late, é');
    const tokenizer = { decode: (ids: ArrayLike<number>) => new TextDecoder().decode(Uint8Array.from(ids)) };
    const words = wordsOf(
      tokenizer,
      Int32Array.from(bytes),
      bytes.map(() => 1),
    );
    expect(words.map(({ text }) => text)).toEqual(['とても', ' late', ',', ' é']);
    expect(words.map(({ nats }) => nats)).toEqual([9, 5, 1, 3]);
  });
});

it('answers with a text where the prompt generates one, and reads the message as it is where there is no chat', async () => {
  const { host } = letters();
  const asked: WriteRequest[] = [];
  const write: HostEngine['write'] = async (request) => {
    asked.push(request);
    return request.rows.map(({ rowId }) => ({ rowId, ids: encode(' done '), target: null }));
  };
  const tokenizer = { ...host.tokens.tokenizer, chat: () => null };
  const plain = { ...host, tokens: { ...host.tokens, tokenizer }, engine: { ...host.engine, write } };
  const generating = askedOf({ text: { ...text, chat: true }, task: { kind: 'generate', longest: 7 } });
  const answer = await answerText(plain, { plan: alone(generating), fields: { text: 'Hi' } }, run);
  expect(answer).toMatchObject({ kind: 'generate', text: 'done', tokens: 3 });
  expect(asked[0]).toMatchObject({ maxNewTokens: 7 });
  expect(asked[0]?.rows.map(({ ids, label }) => [String.fromCharCode(...ids), label])).toEqual([['Hi!', null]]);
});

it('a continuation that begins with the stop string is empty, and what comes after a stop is not shown', async () => {
  expect(upTo('\nmore', '\\n')).toEqual({ text: '', stopped: true });
  const { host } = letters();
  const generate: HostEngine['generate'] = async (_request, control, onToken) => {
    for (const char of 'a.bc') onToken?.(char.charCodeAt(0));
    if (control.requested) throw new StudioError('cancelled', 'cancelled');
    return {} as never;
  };
  const seen: string[] = [];
  const asked = { version, fields: { text: 'Hi' }, settings: { ...settings, stopAt: '.' } };
  const emit = (so: string) => void seen.push(so);
  expect(await continueText({ ...host, engine: { ...host.engine, generate } }, asked, { ...run, emit })).toBe('a');
  expect(seen).toEqual(['a', 'a']);
});

it('words are weighed for the labels of the prompt, against the baseline, and a small difference is not magnified', async () => {
  const { host, weighed } = letters();
  const attribute: HostEngine['attribute'] = async (request) => {
    weighed.push(request);
    return { tokens: Float64Array.of(0.03, 0), value: 5.02, baseline: 5, steps: 8 };
  };
  const small = { ...host, engine: { ...host.engine, attribute } };
  const { prompts } = await weighWords(small, { versions: [version], fields: { text: 'Hi' } }, run);
  expect(weighed[0]?.labels.map(({ word }) => word)).toEqual([' good', ' bad']);
  // 0.03 against 0.02, as a share of 0.1
  expect(prompts[0]).toMatchObject({ missed: expect.closeTo(0.1, 9), value: 5.02, baseline: 5, readings: 9 });
});

it('finds the text before a cue by itself', async () => {
  const { host, weighed } = letters();
  const asked = askedOf({ text: { template: 'Say: {text}\nTone:' }, softs: [SOFT] });
  await weighWords(host, { versions: [asked], fields: { text: 'Hi' } }, run);
  expect(weighed[0]?.text).toEqual([5, 7]);
  expect(weighed[0]?.row.cue).toBe('\nTone:'.length);
});
