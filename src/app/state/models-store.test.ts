import { beforeEach, expect, test, vi } from 'vitest';
import type { ModelCard } from '../../model/card';
import {
  chosenModel,
  createModelsStore,
  createSpeedometer,
  hubModels,
  type KnownModel,
  type ModelsStore,
  speedKey,
} from './models-store';
import type { Services } from './services';
import { createSessionStore } from './session-store';
import { CAPABILITIES, fakeLocation, testServices } from './test-support';

let services: Services;
let forgotten: [ModelCard, readonly ModelCard[]][];

beforeEach(() => {
  fakeLocation();
  forgotten = [];
  const base = testServices({
    load: ({ id, sha256 = '' }) => ({
      id,
      sha256,
      dtype: 'fp32',
      family: 'llama',
      backend: 'wasm',
      threads: 2,
      adapter: null,
      heapBytes: 17e6,
      parameters: 1000,
      layers: 1,
      hidden: 2,
      vocabulary: 10,
      contextLength: 20,
      keys: null,
      embeddingRms: 0.1,
      embeddingNorms: [1, 2, 3],
      loadSeconds: 1,
      roomTokens: 1,
    }),
  });
  services = {
    ...base,
    forgetModelFiles: async (card, others) => void forgotten.push([card, others]),
    loadModelFiles: async (source) => {
      const id = source.kind === 'folder' ? source.name : source.kind === 'kept' ? source.card.id : 'embedded';
      const files = { 'tokenizer.json': new Uint8Array(1), 'onnx/model.onnx': new Uint8Array(1) };
      return { card: { id, dtype: 'fp32', sha256: `hash of ${id}`, files: [] }, files };
    },
  };
});

const ids = (models: ModelsStore) => models.getState().known.map(({ id }) => id);

/** The page opened again, with the same disk. */
function visit() {
  const session = createSessionStore(services, CAPABILITIES);
  return { session, models: createModelsStore(services, session) };
}

test('knows the models of the site, and the facts of every model that was loaded, also at the next visit', async () => {
  const { models } = visit();
  await models.getState().refresh();
  expect(ids(models)).toEqual(['HuggingFaceTB/SmolLM2-135M-Instruct', 'softprompt-studio/tiny-support']);
  await models.getState().choose({ kind: 'folder', name: 'mine', files: [] });
  await vi.waitFor(() => expect(ids(models)[0]).toBe('mine'));

  const later = visit().models;
  await services.store.settings.set(speedKey({ sha256: 'hash of mine', backend: 'wasm', threads: 2, adapter: null }), {
    tokenMs: 1,
    step: { suffix: { ms: 400, tokens: 80 } },
  });
  await later.getState().refresh();
  expect(later.getState().known[0]).toMatchObject({
    id: 'mine',
    source: { kind: 'kept', card: { id: 'mine' } },
    info: { family: 'llama', heapBytes: 17e6 },
    speed: { step: { suffix: { ms: 400 } } },
    verdict: null,
  });
});

test('learns no speed from a comparison whose answers were nearly all kept', async () => {
  const { session } = visit();
  await session.getState().loadModel(session.getState().source);
  const asked = await session.getState().modelReady();
  const speedometer = createSpeedometer(services, () => undefined);
  await speedometer.learnWork(asked, 'comparedTokenMs', { tokens: 2000, seconds: 8 });
  await speedometer.learnWork(asked, 'comparedTokenMs', { tokens: 20, seconds: 3 });
  expect(await speedometer.known(asked)).toMatchObject({ tokenMs: 4, comparedTokenMs: 4 });
});

test('removes the files of a removed model, but not those that other models need', async () => {
  const { models } = visit();
  for (const name of ['one', 'two']) await models.getState().choose({ kind: 'folder', name, files: [] });
  await vi.waitFor(() => expect(ids(models).slice(0, 2)).toEqual(['two', 'one']));
  const [, one] = models.getState().known;
  if (one) await models.getState().forget(one);
  expect(ids(models)).not.toContain('one');
  expect(forgotten.map(([card, others]) => [card.id, others.map(({ id }) => id)])).toEqual([['one', ['two']]]);
});

const TINY = { kind: 'site', base: 'models/softprompt-studio/tiny-support/' } as const;

test('opens the next visit with the chosen model of the site, before it has loaded', async () => {
  const { models } = visit();
  const choosing = models.getState().choose(TINY);
  expect(await chosenModel(services)).toEqual(TINY);
  await choosing;
  expect(await chosenModel(services)).toEqual(TINY);
});

test('opens the next visit with the kept copy of a chosen folder, once it is loaded', async () => {
  const { models } = visit();
  await models.getState().choose(TINY);
  await models.getState().choose({ kind: 'folder', name: 'mine', files: [] });
  await vi.waitFor(async () =>
    expect(await chosenModel(services)).toMatchObject({ kind: 'kept', card: { id: 'mine' } }),
  );
});

test('keeps the last choice while the address names another model', async () => {
  await visit().models.getState().choose(TINY);
  const { session, models } = visit();
  await session.getState().loadModel({ kind: 'site', base: 'models/another/one/' });
  await vi.waitFor(() => expect(models.getState().known).not.toEqual([]));
  expect(await chosenModel(services)).toEqual(TINY);
});

test('forgets the choice of a model that is removed', async () => {
  const { models } = visit();
  await models.getState().choose({ kind: 'folder', name: 'mine', files: [] });
  await vi.waitFor(() => expect(ids(models)[0]).toBe('mine'));
  const [mine] = models.getState().known;
  if (mine) await models.getState().forget(mine);
  expect(await chosenModel(services)).toBeNull();
});

test('loads the present model to train adapters, and as before afterwards, also after a failure', async () => {
  const loads: unknown[] = [];
  const { engine } = services;
  const call: typeof engine.call = (method, params, options) => {
    if (method === 'load') loads.push((params as { readonly trains?: string }).trains);
    return engine.call(method, params, options);
  };
  services = { ...services, engine: { ...engine, call } };
  const { session, models } = visit();
  await session.getState().loadModel(TINY);
  await models.getState().visit(async (load) => void [await load(null, 'adapters'), await load(null, 'adapters')]);
  expect(loads).toEqual([undefined, 'adapters', undefined]);
  const failing = models.getState().visit(async (load) => {
    await load(null, 'adapters');
    throw new Error('no adapters here');
  });
  await expect(failing).rejects.toThrow('no adapters here');
  expect(loads.slice(3)).toEqual(['adapters', undefined]);
  expect(session.getState().source).toEqual(TINY);
});

test('offers models of the hub with a step scaled from the built-in model, until they are in this browser', () => {
  const built: KnownModel = {
    id: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    source: { kind: 'site', base: 'models/HuggingFaceTB/SmolLM2-135M-Instruct/' },
    info: { parameters: 102.5e6 } as KnownModel['info'],
    speed: { tokenMs: 1, step: { suffix: { ms: 400, tokens: 80 } } },
    verdict: null,
  };
  const [first] = hubModels([built]);
  expect(first).toMatchObject({ parameters: 410e6, speed: { step: { suffix: { ms: 1600 } } } });
  expect(hubModels([{ ...built, speed: null }])[0]?.speed).toBeNull();
  const kept = hubModels([built, { ...built, id: first?.id ?? '' }]);
  expect(kept.map(({ id }) => id)).not.toContain(first?.id);
  expect(kept).toHaveLength(2);
});
