import { describe, expect, test } from 'vitest';
import { lower } from './lower';
import { normalise } from './normalise';
import { parse } from './parse';
import { fixtures, lastLogits, plainFeeds, readFixture, runGraph } from './test-support';

describe('every exporter comes to the same form', () => {
  test.each(fixtures)('%s: same logits, and the splice point of the oracle', async (name) => {
    const { model, external, oracle } = readFixture(name);
    const decoder = normalise(parse(model, external));
    expect(decoder.embeddings).toBe(oracle.embeddingTensor);
    expect(decoder).toMatchObject({ hidden: 64, vocabulary: 512, layers: 2 });
    const graph = lower(decoder.graph);
    for (const [i, ids] of oracle.rows.entries()) {
      const { logits } = await runGraph(graph, plainFeeds(graph, ids), ['logits']);
      const got = lastLogits(logits, oracle.labelTokenIds);
      for (const [j, want] of (oracle.noPrompt.labelLogits[i] ?? []).entries())
        expect(Math.abs((got[j] ?? Number.NaN) - want)).toBeLessThan(1e-4);
    }
  });
});
