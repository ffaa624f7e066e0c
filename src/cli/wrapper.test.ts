import { expect, test, vi } from 'vitest';
import { createEngine } from '../engine/engine';
import { present } from '../lib/assert';
import { addHardVersion, createPromptSet, finishRun, startRun } from '../prompt-set/prompt-set';
import { type Asked, type Model, predict } from '../prompt-set/ready-prompt';
import { moveStage } from '../prompt-set/stages';
import type { PromptSet } from '../prompt-set/types';
import { createNodeRunner } from '../runtime/ort-node';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { STANDARD } from '../training/settings';
import { readModelDir } from './node-host';

/** A set with one hand-written and one tuned version; vectors of its own, drawn by `seed`. */
function setOf(name: string, labels: readonly string[], hidden: number, sha256: string, seed: number): PromptSet {
  const at = (id: string) => ({ id: `${name}-${id}`, now: `2026-01-0${id.length}` });
  let set = createPromptSet(at('a'), {
    name,
    words: labels.map((label) => ({ label, word: label })),
    baseTemplate: 'Message: {text}\nTone:',
    datasetFingerprint: null,
    datasetName: null,
    taken: [],
  });
  set = addHardVersion(set, at('hh'), { prompt: { template: 'Say it. {text}\nAnswer:', shots: 0, shotSeed: 0 } }).set;
  const placement = seed === 1 ? 'suffix' : 'infix';
  const settings = { ...STANDARD, placement } as const;
  const facts = { settings, template: set.baseTemplate, initText: '', datasetFingerprint: 'f' };
  set = startRun(set, at('ttt'), { ...facts, model: { id: 'tiny', sha256, dtype: 'fp32' } }).set;
  const vectors = Float32Array.from({ length: 4 * hidden }, (_, i) => Math.sin(seed * 100 + i) * 0.3);
  const soft = { placement, vectors, virtualTokens: 4, hidden } as const;
  const ended = { status: 'finished' as const, soft, bestStep: 1, validationAccuracy: 1, seconds: 1 };
  set = finishRun(set, `${name}-ttt`, ended, '2026-01-05');
  return moveStage(set, { stage: 'production', to: `${name}-ttt` }, '2026-01-06');
}

test('one loaded model answers for two sets by turns: nothing is loaded again, and no answer is of the other prompt', async () => {
  const { files, card } = await readModelDir('public/models/softprompt-studio/tiny-support');
  const tokenizer = await createCoreTokenizer(files);
  const createRunner = vi.fn(createNodeRunner);
  const engine = await createEngine({ id: 'tiny', files, backend: 'node-wasm', sha256: card.sha256, createRunner });
  const score = vi.fn((request: Parameters<Model['score']>[0]) => engine.score(request));
  const model: Model = { sha256: engine.info.sha256, encode: (text) => tokenizer.encode(text), score };
  const { hidden, sha256 } = engine.info;
  const sets = [
    setOf('Tone', ['praise', 'complaint'], hidden, sha256, 1),
    setOf('Topic', ['order', 'table', 'invoice'], hidden, sha256, 2),
  ];
  const texts = ['The table is lovely', 'Where is my order?'];
  const ask = async (asked: Asked) => {
    const found = await predict(model, sets, asked, texts);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };
  try {
    const tone: Asked = { handle: 'TONE', stage: 'production' };
    const topic: Asked = { handle: 'TOPIC', stage: 'production' };
    const byHand: Asked = { handle: 'TONE', version: { kind: 'hard', number: 1 } };
    const alone = { tone: await ask(tone), topic: await ask(topic), byHand: await ask(byHand) };
    for (let round = 0; round < 3; round++) {
      expect(await ask(topic)).toEqual(alone.topic);
      expect(await ask(tone)).toEqual(alone.tone);
      expect(await ask(byHand)).toEqual(alone.byHand);
    }
    expect(alone.tone.map(({ probabilities }) => probabilities.length)).toEqual([2, 2]);
    expect(alone.topic.map(({ probabilities }) => probabilities.length)).toEqual([3, 3]);
    expect(alone.byHand).not.toEqual(alone.tone);
    for (const { label, confidence, probabilities } of alone.topic) {
      expect(confidence).toBe(Math.max(...probabilities));
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      expect(['order', 'table', 'invoice']).toContain(label);
    }
    expect(score).toHaveBeenCalledTimes(12);
    expect(createRunner).toHaveBeenCalledTimes(1);

    // a row by its columns, where the prompt shows several
    const { hard, ...rest } = present(sets[0], 'a set');
    const shown = {
      ...present(hard[0], 'a version'),
      prompt: { template: '{city}: {text}\nAnswer:', shots: 0, shotSeed: 0 },
    };
    const byColumns = async (row: string | { readonly text: string; readonly city: string }) => {
      const found = await predict(
        { ...model, score: (asked) => engine.score(asked) },
        [{ ...rest, hard: [shown] }],
        byHand,
        [row],
      );
      return found.ok ? found.value : found.error;
    };
    const ulm = await byColumns({ text: 'lovely', city: 'Ulm' });
    expect(ulm).not.toEqual(await byColumns({ text: 'lovely', city: 'Bonn' }));
    expect(await byColumns('lovely')).toEqual(await byColumns({ text: 'lovely', city: '' }));

    const missing = await predict(model, sets, { handle: 'TONE', stage: 'staging' }, texts);
    expect(!missing.ok && missing.error.kind).toBe('no-stage');
    const nobody = await predict(model, sets, { handle: 'TONES', stage: 'production' }, texts);
    expect(!nobody.ok && nobody.error.kind).toBe('no-set');
    const other = await predict({ ...model, sha256: 'other' }, sets, tone, texts);
    expect(!other.ok && other.error.kind).toBe('other-weights');
    expect(score).toHaveBeenCalledTimes(12);
    const deleted = sets.map((set) => ({ ...present(set, 'set'), deletedAt: '2026-02-01' }));
    expect((await predict(model, deleted, tone, texts)).ok).toBe(false);
  } finally {
    await engine.dispose();
  }
});
