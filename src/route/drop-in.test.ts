import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createEngine, type Engine, type EngineOptions } from '../engine/engine';
import { readModel } from '../engine/test-support';
import { packageJson } from '../interchange/package';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { alone } from '../prompt-set/planned';
import { trainedIn, writtenIn } from '../prompt-set/test-support';
import { createNodeRunner } from '../runtime/ort-node';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { ABOUT } from '../workflow/fake-host.test-support';
import { makePackage } from '../workflow/make-package';
import { createSoftprompt } from './drop-in';
import { setOf } from './test-support';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const inNode = (options: Omit<EngineOptions, 'createRunner'>) =>
  createEngine({ ...options, backend: 'node-wasm', threads: 1, createRunner: createNodeRunner });

vi.mock('../engine/web', () => ({ createWebEngine: (options: EngineOptions) => inNode(options) }));

let engine: Engine;
/** As their files have them. */
let prompt: object;
let tagging: object;

beforeAll(async () => {
  vi.stubGlobal('location', { href: 'http://page/' });
  // a folder as the hub has it, without studio.json
  vi.stubGlobal('fetch', async (given: string | URL) => {
    const { pathname } = new URL(given);
    const bytes = pathname.endsWith('studio.json') ? null : await readFile(MODEL + pathname).catch(() => null);
    return bytes ? new Response(bytes) : new Response(null, { status: 404 });
  });
  const files = await readModel(MODEL);
  engine = await inNode({ id: 'tiny', files, backend: 'wasm' });
  const host = { engine, tokens: openTokenizerOf(await createCoreTokenizer(files), engine.info.contextLength) };
  const set = setOf('Tone', ['complaint', 'praise'], engine.info, 1);
  const hard = present(writtenIn(set)[0], 'version');
  const soft = present(trainedIn(set)[0], 'run');
  const versions = { ...alone(soft), fallback: hard };
  const run = { control: uninterrupted, emit: () => {} };
  prompt = JSON.parse(packageJson(await makePackage(host, versions, ABOUT, ['Thanks'], run)));
  const tags = setOf('Tags', ['late', 'broken', 'none'], engine.info, 1, { kind: 'tag' });
  const tagged = present(trainedIn(tags)[0], 'run');
  tagging = JSON.parse(packageJson(await makePackage(host, alone(tagged), ABOUT, ['Thanks', 'It is late'], run)));
}, 60_000);

afterAll(() => {
  vi.unstubAllGlobals();
  return engine.dispose();
});

/** Which texts the version in question answers; the others come from the hand-written one, because of the share. */
async function inside(how: { readonly share?: number; readonly shareBy?: string }): Promise<readonly boolean[]> {
  const opened = await createSoftprompt({ model: '/', prompt, ...how });
  const sides: boolean[] = [];
  for (let i = 0; i < 12; i++) {
    const row = { text: `My order ${i} is late`, customer: `${i % 3}` };
    const { version, fallbackReason } = await opened.classify(row);
    expect([version, fallbackReason ?? null]).toEqual(
      version === 'tuned 1' ? ['tuned 1', null] : ['hand-written 1', 'share'],
    );
    sides.push(version === 'tuned 1');
  }
  const others = sides.filter((own) => !own).length;
  expect(opened.counts()).toMatchObject({ answered: 12, fallbacks: { share: others } });
  await opened.dispose();
  return sides;
}

it('answers a share of the texts with the version in question, each text on its side', {
  timeout: 60_000,
}, async () => {
  expect(new Set(await inside({ share: 0 }))).toEqual(new Set([false]));
  expect(new Set(await inside({}))).toEqual(new Set([true]));
  expect(new Set(await inside({ share: 50 })).size).toBe(2);
});

it('parts texts by a column where one is named: a customer keeps its side', { timeout: 60_000 }, async () => {
  const sides = await inside({ share: 50, shareBy: 'customer' });
  expect(sides).toEqual(sides.map((_, i) => sides[i % 3]));
  expect(sides).not.toEqual(await inside({ share: 50 }));
});

it('gives several labels, each with its own probability', async () => {
  const opened = await createSoftprompt({ model: '/', prompt: tagging });
  expect([opened.task, opened.labels]).toEqual(['tag', ['late', 'broken', 'none']]);
  const { ok, rows } = await opened.check();
  expect(ok).toBe(true);
  for (const { cells, here, probabilities } of rows) {
    const answer = await opened.tag(cells);
    expect(answer.tags.join('; ') || 'none').toBe(here);
    const [late, broken] = probabilities.map((p) => expect.closeTo(p, 5));
    expect(answer.probabilities).toEqual({ late, broken });
  }
  await expect(opened.classify('Thanks')).rejects.toThrow('TONE gives every label that fits: ask it with tag.');
  await opened.dispose();
});

it.each([-1, 100.5, Number.NaN])('refuses a share of %s per cent', async (share) => {
  await expect(createSoftprompt({ model: '/', prompt, share })).rejects.toThrow('share takes per cent from 0 to 100');
});

it('refuses a share where no hand-written prompt could answer the others', async () => {
  const alone = { ...prompt, fallback: null };
  await expect(createSoftprompt({ model: '/', prompt: alone, share: 50 })).rejects.toThrow('no hand-written prompt');
});
