import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog, type NodeHost, openHost } from '../cli/node-host';
import { preparedOf } from '../dataset/test-support';
import { uninterrupted } from '../lib/control';
import { type PromptCandidate, promptCandidates } from '../task/prompt-candidates';
import { wordsFor } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import { CUES } from './find-words';
import { type Asked, askGroup, groupsOf } from './prompt-readings';
import { tokenRows } from './token-rows';

const TEMPLATE = 'Message: {text}\nTone:';
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const LETTERS = WORDS.map(({ label }, i) => ({ label, word: [' A', ' B'][i] ?? '' }));
const TWO_TOKENS = WORDS.map(({ label, word }) => ({ label, word: ` quite${word}` }));

describe('prompts that are read together', () => {
  let host: NodeHost;
  beforeAll(async () => {
    const model = 'public/models/softprompt-studio/tiny-support';
    host = await openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it('answer as each does by itself, and for less than half of the tokens', async () => {
    const rows = [...Array(40).keys()].map(
      (i) => [`message ${i} is ${i % 2 ? 'fine' : 'poor'}`, i % 2 ? 'good' : 'bad'] as const,
    );
    const { dataset } = await preparedOf(rows);
    const from = {
      template: TEMPLATE,
      labels: dataset.labels,
      words: WORDS,
      found: { template: TEMPLATE, words: LETTERS },
      own: [],
      lists: [LETTERS, TWO_TOKENS],
      isShared: () => true,
    };
    const candidates = promptCandidates({ ...from, cues: CUES, hasChat: false }, 80, 40);
    expect(candidates.filter(({ words }) => words[0]?.word === TWO_TOKENS[0]?.word)).not.toEqual([]);
    const asked = candidates.map((candidate: PromptCandidate): Asked => ({ candidate, answers: new Map(), tokens: 0 }));
    const ids = dataset.split.train.slice(0, 6);
    const asking = { host, dataset, control: uninterrupted };
    const groups = await groupsOf(asking, asked, ids);
    expect(groups.some(({ stems }) => stems !== null)).toBe(true);
    for (const group of groups) await askGroup(asking, group);
    let alone = 0;
    for (const { candidate, answers } of asked) {
      const words = wordsFor(candidate.prompt, candidate.words);
      const own = await tokenRows(host, { dataset, prompt: candidate.prompt, words, split: ids }, uninterrupted);
      const labels = labelTokens(host.tokens, words);
      const scored = await host.engine.score({ rows: own.rows, labels, soft: null, cacheKey: null }, uninterrupted);
      alone += own.rows.reduce((sum, row) => sum + row.ids.length, 0);
      for (const { rowId, logProbs } of scored.rows)
        for (const [c, value] of logProbs.entries()) expect(answers.get(rowId)?.[c]).toBeCloseTo(value, 4);
    }
    expect(groups.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThan(0.5 * alone);
  });
});
