import { describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { ControlSource } from '../lib/control';
import { firstText } from '../prompt/prompt';
import { alone } from '../prompt-set/planned';
import { writtenIn } from '../prompt-set/test-support';
import { gridRows } from '../report/grid';
import { labelTokens } from '../tokens/tokenizer';
import { batch } from './batch';
import { consistency } from './checks';
import { compare } from './compare';
import { fakeHost, memoryAnswers, prepared, promptSet, textHost, textSet } from './fake-host.test-support';
import { fillGrid } from './grid';
import { type Host, SILENT } from './host';
import { type AnswerStore, withKnownAnswers } from './known-answers';
import { keepRows } from './rows-file';
import { tokenRows } from './token-rows';
import { isWorseThanBare, tryPrompt } from './try-prompt';

const COUNTED = ['score', 'write', 'states', 'latency', 'nextTokens'] as const;

/** The host over a store, and how often its model was asked, and for how many rows. */
function remembering({ engine, ...host }: Host, store: AnswerStore) {
  const asked = { calls: 0, rows: 0 };
  const counting = Object.fromEntries(
    COUNTED.map((name) => [
      name,
      (request: { readonly rows: readonly unknown[] }, ...rest: readonly unknown[]) => {
        asked.calls += 1;
        asked.rows += request.rows.length;
        return (engine[name] as (...all: readonly unknown[]) => unknown)(request, ...rest);
      },
    ]),
  );
  const own = { ...engine, ...counting } as Host['engine'];
  return { host: { ...host, engine: withKnownAnswers(own, store) } as Host, asked };
}

describe('what is known', () => {
  it('is not asked for by a second comparison, whose figures are the same', async () => {
    const dataset = await prepared(120);
    const set = promptSet(dataset);
    const store = memoryAnswers();
    const first = remembering(fakeHost().host, store);
    const before = await compare(first.host, { set, dataset }, SILENT);
    expect(first.asked.calls).toBeGreaterThan(5);
    // another visit: the engine remembers nothing
    const second = remembering(fakeHost().host, store);
    expect(await compare(second.host, { set, dataset }, SILENT)).toEqual(before);
    expect(second.asked).toEqual({ calls: 0, rows: 0 });
  });

  it('is not asked for by any other verb that asks', async () => {
    const dataset = await prepared(120);
    const set = promptSet(dataset, [0, 1]);
    const { words, baseTemplate: template } = set;
    const { evaluation } = await compare(fakeHost().host, { set, dataset }, SILENT);
    const prompt = firstText(present(writtenIn(set)[0], 'hand-written prompt').prompt);
    const answers = { words, meanLogProbs: null, longest: null };
    const prompts = gridRows(set, dataset);
    const data = [{ id: 'test', name: 'test', dataset }];
    const asks: Readonly<Record<string, (host: Host) => Promise<unknown>>> = {
      try: (host) => tryPrompt(host, { dataset, prompt, with: answers }, SILENT),
      proposal: (host) => isWorseThanBare(host, { dataset, template, words, prompt }, SILENT),
      grid: (host) => fillGrid(host, { prompts, data, done: [] }, SILENT),
      edits: (host) => consistency(host, { set, dataset, evaluation: evaluation as never }, SILENT),
      batch: async (host) => {
        keepRows(host, dataset.table);
        const { version } = present(prompts.at(-1), 'a row');
        return batch(host, { plan: alone(version, dataset), text: 'text', from: 0 }, { ...SILENT, emit: () => {} });
      },
    };
    for (const [name, ask] of Object.entries(asks)) {
      const store = memoryAnswers();
      const first = remembering(fakeHost().host, store);
      await ask(first.host);
      expect(first.asked.calls, name).toBeGreaterThan(0);
      const again = remembering(fakeHost().host, store);
      await ask(again.host);
      expect(again.asked.calls, name).toBe(0);
    }
  });

  it('is not asked for where texts are generated', async () => {
    const { dataset, set } = await textSet();
    const store = memoryAnswers();
    const before = await compare(remembering(textHost().host, store).host, { set, dataset }, SILENT);
    const { host, asked } = remembering(textHost().host, store);
    expect(await compare(host, { set, dataset }, SILENT)).toEqual(before);
    expect(asked.calls).toBe(0);
  });

  it('is shared: after a stop only the other prompts are asked, and a try knows what a comparison asked', async () => {
    const dataset = await prepared(120);
    const set = promptSet(dataset);
    const store = memoryAnswers();
    const stopped = remembering(fakeHost().host, store);
    const control = new ControlSource();
    let arms = 0;
    const emit = (event: { readonly kind: string; readonly fraction?: number | null }) => {
      if (event.kind === 'arm' && event.fraction === 1 && ++arms === 3) control.ask('cancel');
    };
    await expect(compare(stopped.host, { set, dataset }, { control, emit })).rejects.toThrow();
    const rest = remembering(fakeHost().host, store);
    await compare(rest.host, { set, dataset }, SILENT);
    const whole = remembering(fakeHost().host, memoryAnswers());
    await compare(whole.host, { set, dataset }, SILENT);
    expect(rest.asked.calls).toBeGreaterThan(0);
    expect(stopped.asked.rows + rest.asked.rows).toBeLessThan(2 * whole.asked.rows);
    expect(rest.asked.rows).toBeLessThan(whole.asked.rows);
    const [hand] = writtenIn(set);
    if (!hand) throw new Error('a prompt');
    const tried = remembering(fakeHost().host, store);
    const answers = { words: set.words, meanLogProbs: null, longest: null };
    await tryPrompt(tried.host, { dataset, prompt: firstText(hand.prompt), with: answers }, SILENT);
    expect(tried.asked.rows).toBe(0);
  });

  it('is asked row by row: rows that are new, other vectors, words or weights, and what is timed', async () => {
    const dataset = await prepared(60);
    const store = memoryAnswers();
    const { host } = fakeHost();
    const [first, second] = [dataset.split.test.slice(0, 4), dataset.split.test];
    const { words } = promptSet(dataset);
    const prompt = { template: 'Text: {text}\nTone:', shots: 0, shotSeed: 0 };
    const rowsOf = async (split: readonly string[]) =>
      (await tokenRows(host, { dataset, prompt, words, split }, SILENT.control)).rows;
    const labels = labelTokens(host.tokens, words);
    const soft = { placement: 'suffix', virtualTokens: 1, hidden: 2, vectors: Float32Array.of(2, 0) } as const;
    const ask = async (change: object, sha256 = host.engine.info.sha256) => {
      const of = { ...host, engine: { ...host.engine, info: { ...host.engine.info, sha256 } } };
      const { host: known, asked } = remembering(of, store);
      const request = { rows: await rowsOf(second), labels, soft: null, cacheKey: null, ...change };
      const found = await known.engine.score(request, SILENT.control);
      expect(found.rows.map(({ rowId }) => rowId)).toEqual(request.rows.map(({ rowId }) => rowId));
      return asked.rows;
    };
    expect(await ask({ rows: await rowsOf(first) })).toBe(4);
    expect(await ask({})).toBe(second.length - 4);
    expect(await ask({})).toBe(0);
    expect(await ask({ timed: true })).toBe(second.length);
    expect(await ask({ soft })).toBe(second.length);
    expect(await ask({ soft: { ...soft, vectors: Float32Array.of(1, 0) } })).toBe(second.length);
    expect(await ask({ labels: labels.toReversed() })).toBe(second.length);
    expect(await ask({}, '1'.repeat(64))).toBe(second.length);
  });
});
