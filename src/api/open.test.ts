import { describe, expect, it, vi } from 'vitest';
import type { LoadRequest } from '../engine/types';
import type { StartedEngine } from './host';
import { nodePlatform } from './node-platform';
import { openingOn, type Platform } from './open';

const MODEL = 'public/models/softprompt-studio/tiny-support';

/** Engines in name, over the files of a real model: the first on a graphics device, which takes its files. */
function opening({ ok = true, broken = '' } = {}) {
  const read = vi.fn(async (...asked: Parameters<Platform['read']>) => {
    const loaded = await nodePlatform.read(...asked);
    return { ...loaded, files: { ...loaded.files, ...(broken && { [broken]: new Uint8Array(0) }) } };
  });
  const closed = vi.fn(async () => {});
  const started: LoadRequest[] = [];
  const start = async (request: LoadRequest) => {
    const weights = Object.entries(request.files).flatMap(([path, { buffer }]) =>
      path.endsWith('.onnx') ? buffer : [],
    );
    expect(weights.map(({ byteLength }) => byteLength > 0)).toEqual([true]);
    if (request.consume) structuredClone(weights, { transfer: weights });
    const isGpu = started.push(request) === 1;
    const info = { id: request.id, backend: isGpu ? 'webgpu' : 'wasm', threads: 1, adapter: { name: 'card' } };
    const selfCheck = async () => ({ ok });
    return { info, selfCheck, [Symbol.asyncDispose]: closed } as unknown as StartedEngine;
  };
  const open = openingOn({ ...nodePlatform, read, start, backend: (device) => device });
  return { open: (device?: 'webgpu') => open(MODEL, device && { device }), read, started, closed };
}

describe('opening a model', () => {
  it('gives its files away, and reads them again where the graphics device computes wrongly', async () => {
    const { open, read, started, closed } = opening({ ok: false });
    const model = await open();
    expect([model.device, read.mock.calls.length, closed.mock.calls.length]).toEqual(['wasm', 2, 1]);
    expect(started.map(({ consume, avoidAdapters }) => [consume, avoidAdapters])).toEqual([
      [true, []],
      [true, ['card']],
    ]);
  });

  it.each([
    ['computes rightly', opening(), undefined],
    ['was chosen', opening({ ok: false }), 'webgpu'],
  ] as const)('stays on a graphics device that %s', async (_, { open, read }, device) => {
    expect((await open(device)).device).toBe('webgpu');
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('closes the engine where the rest of the model cannot be opened', async () => {
    const { open, closed } = opening({ broken: 'tokenizer.json' });
    await expect(open()).rejects.toThrow();
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('closes the engine once, however often the model is given back', async () => {
    const { open, closed } = opening();
    const model = await open();
    await Promise.all([model.dispose(), model.dispose()]);
    await model[Symbol.asyncDispose]();
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
