/**
 * The product's promise that page and command line are one: the same journey by the page's host, whose engine is a worker,
 * and by Node, with the same results.json and the same package, bytes included.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from 'vitest/browser';
import { configOf } from '../model/card';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { story } from '../workflow/two-hosts.test-support';
import { createEngineClient } from './clients';
import { createPageHost } from './page-host';

const MODEL = '/models/softprompt-studio/tiny-support';

async function modelFiles() {
  const card = await (await fetch(`${MODEL}/studio.json`)).json();
  const files = await Promise.all(
    card.files.map(async ({ path }: { readonly path: string }) => {
      const bytes = await (await fetch(`${MODEL}/${path}`)).arrayBuffer();
      return [path, new Uint8Array(bytes)] as const;
    }),
  );
  return { card, files: Object.fromEntries(files) };
}

describe('page and command line', () => {
  const engine = createEngineClient();
  const host = createPageHost();
  beforeAll(async () => {
    const { card, files } = await modelFiles();
    host.open(openTokenizerOf(await createCoreTokenizer(files), configOf(files).contextLength), files);
    const info = await engine.call('load', { id: card.id, files, backend: 'wasm', threads: 1, sha256: card.sha256 });
    const { port1, port2 } = new MessageChannel();
    await engine.call('connect', { port: port1 }, { transfer: [port1] });
    host.connect({ port: port2, info, weights: card.weights ?? null, base: `${location.origin}/` });
  });
  afterAll(() => engine.dispose());

  it.each(['classify', 'tag', 'generate'] as const)('give the same numbers and the same files: %s', async (kind) => {
    const [page, node] = await Promise.all([story(host, kind), commands.storyInNode(kind)]);
    const { losses, vectors, results, matrix, searched, zip, probe } = JSON.parse(node) as typeof page;
    expect(page.losses).toEqual(losses);
    expect(page.vectors).toEqual(vectors);
    expect(JSON.parse(page.results)).toEqual(JSON.parse(results));
    expect(page.matrix).toBe(matrix);
    expect(page.searched).toEqual(searched);
    if (searched) expect(searched.board.some(({ lists }) => lists > 1)).toBe(true);
    expect(page.zip.name).toBe(zip.name);
    expect(page.zip.bytes === zip.bytes, 'the packages have the same bytes').toBe(true);
    expect(page.probe?.name).toBe(probe?.name);
    expect(page.probe?.bytes === probe?.bytes, 'the packages of the probe have the same bytes').toBe(true);
    expect(page.results.length).toBeGreaterThan(1000);
    // a file sorted by label gives the page the same figures too
    const sorted = await story(host, kind, 'sorted');
    expect(sorted.vectors).toEqual(page.vectors);
    expect(sorted.ofAnyOrder).toEqual(page.ofAnyOrder);
  });
});

declare module 'vitest/browser' {
  interface BrowserCommands {
    storyInNode: (kind: string) => Promise<string>;
  }
}
