import { expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { WriteRequest } from '../engine/types';
import { type CountedRequest, tokensToRun } from '../inference/score';
import { uninterrupted } from '../lib/control';
import { addWritten } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { GENERATED_TOKEN } from '../route/generated-texts';
import { compare, comparisonTokens } from './compare';
import type { Host } from './host';

const NOW = '2026-01-01T00:00:00.000Z';
const encode = (text: string) => Int32Array.from([...text], (char) => char.codePointAt(0) ?? 0);
const decode = (ids: ArrayLike<number>) => String.fromCodePoint(...Array.from(ids));

/** A host whose model generates one text for every row. */
const host = {
  tokens: {
    tokenizer: { encode, decode, endTokenIds: [0], vocabularySize: 9, chat: () => null, sha256: 'x' },
    encode,
    context: 100_000,
    breaks: () => [],
  },
  engine: {
    info: { backend: 'wasm', threads: 1, vocabulary: 9 },
    tokensToRun: async (requests: readonly CountedRequest[]) => tokensToRun(requests),
    write: async ({ rows }: WriteRequest) =>
      rows.map(({ rowId }) => ({
        rowId,
        ids: encode('summary of 7'),
        target: { logProb: -3, tokens: 2, correct: 1 },
      })),
  },
  now: () => NOW,
} as unknown as Host;

it('counts the use of the test rows where texts are generated, and compares on at most 200 of them', async () => {
  const rows = Array.from({ length: 700 }, (_, i) => [`message ${i}`, `summary of ${i}`] as const);
  const mapping = { text: 'text', label: 'label', id: null, task: 'generate' } as const;
  const { dataset } = await preparedOf(rows, { seed: 0 }, mapping);
  const empty = createPromptSet(
    { id: 's', now: NOW },
    {
      name: 'x',
      words: [],
      baseTemplate: 'Text: {text}\nSummary:',
      datasetFingerprint: dataset.fingerprint,
      datasetName: 'a.csv',
      taken: [],
      kind: 'generate',
      longest: 4,
    },
  );
  const prompt = { template: 'Sum up.\nText: {text}\nSummary:', shots: 0, shotSeed: 0 };
  const { set } = addWritten(empty, { id: 'h', now: NOW }, { text: prompt });
  const run = { control: uninterrupted, emit: () => {} };
  const { evaluation } = await compare(host, { set: { ...set, testLooks: 2 }, dataset }, run);
  expect(evaluation).toMatchObject({ kind: 'generate', plan: { looks: 3 } });
  expect(evaluation.plan.rowIds).toHaveLength(200);
  expect(evaluation.plan.rowIds.every((id) => dataset.split.test.includes(id))).toBe(true);
  // of three arms: untuned, yours, and yours with examples
  const tokens = (longest: number) => comparisonTokens(host, { set: { ...set, longest }, dataset }, run);
  expect((await tokens(14)) - (await tokens(4))).toBe(3 * 200 * 10 * GENERATED_TOKEN);
});
