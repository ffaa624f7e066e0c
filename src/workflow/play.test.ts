import { expect, it } from 'vitest';
import { uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import type { TokenRow } from '../tokens/tokenizer';
import type { Host, HostEngine } from './host';
import { answerText, type Continuation, continueText, type PlayedPrompt, upTo } from './play';

const encode = (text: string) => Int32Array.from(text, (char) => char.codePointAt(0) ?? 0);

/** Tokens are letters. Scores the labels -1, -2, …; generates a, b, c, … until it is cancelled. */
function letters() {
  const asked: Int32Array[] = [];
  const rows: TokenRow[] = [];
  const generated: number[] = [];
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
    generate: async ({ maxNewTokens }, onToken, control) => {
      for (let i = 0; i < maxNewTokens; i++) {
        if (control.requested) throw new StudioError('cancelled', 'cancelled');
        generated.push(i);
        onToken(97 + i);
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
  return { asked, rows, generated, host };
}

const prompt: PlayedPrompt = {
  template: '{text}!',
  chat: false,
  soft: null,
  textColumn: null,
  task: { kind: 'classify', words: ['good', 'bad'].map((label) => ({ label, word: ` ${label}` })), calibration: null },
};
const run = { control: uninterrupted, emit: () => {} };

it('answers a typed text with the probability of every label', async () => {
  const { host, asked } = letters();
  const answer = await answerText(host, { prompt, fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('Hi!')]);
  expect(answer).toMatchObject({ kind: 'classify', tokens: 3, ms: 20 });
  expect(answer.kind === 'classify' && answer.probabilities[0]).toBeCloseTo(Math.exp(-1));
});

it('encodes the cue by itself where vectors come before it', async () => {
  const { host, asked, rows } = letters();
  const soft = { placement: 'infix', virtualTokens: 1, hidden: 1, vectors: Float32Array.of(1) } as const;
  const answer = await answerText(host, { prompt: { ...prompt, soft }, fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('Hi!')]);
  expect(rows[0]).toMatchObject({ cue: 1 });
  expect(answer).toMatchObject({ kind: 'classify', tokens: 3 });
});

it('asks a chat prompt as the user’s message', async () => {
  const { host, asked } = letters();
  await answerText(host, { prompt: { ...prompt, chat: true }, fields: { text: 'Hi' } }, run);
  expect(asked).toEqual([encode('<Hi!>')]);
});

it('fills every column that the prompt shows', async () => {
  const { host, asked } = letters();
  const shown = { ...prompt, template: '{city}: {body} ({text})', textColumn: 'body' };
  await answerText(host, { prompt: shown, fields: { text: 'Hi', city: 'Ulm' } }, run);
  expect(asked).toEqual([encode('Ulm: Hi (Hi)')]);
});

it('subtracts the calibration that the prompt brings', async () => {
  const { host } = letters();
  const calibrated = { ...prompt, task: { ...prompt.task, calibration: [-1, -2] } } as PlayedPrompt;
  const answer = await answerText(host, { prompt: calibrated, fields: { text: 'Hi' } }, run);
  expect(answer.kind === 'classify' && answer.probabilities).toEqual([0.5, 0.5]);
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
  const request = { prompt, fields: { text: 'Hi' }, settings: { ...settings, stopAt } };
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
  const request = { prompt, fields: { text: 'Hi' }, settings };
  for (const code of ['device-lost', 'cancelled'] as const)
    await expect(continueText(failing(new StudioError(code, 'No.')), request, run)).rejects.toMatchObject({ code });
});
