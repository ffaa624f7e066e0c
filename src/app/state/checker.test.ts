import { beforeEach, describe, expect, test } from 'vitest';
import { StudioError } from '../../lib/errors';
import { CATALOGUE, type ModelSource } from '../../model/load';
import type { LoadRequest, ModelInfo, SelfCheckReport } from '../../worker/protocol';
import { toasts } from '../ui/toast';
import type { Services } from './services';
import { judge, whyTrainingOff } from './session-state';
import { createSessionStore } from './session-store';
import { testServices } from './test-support';

const GPU = { name: 'acme one', software: false };
const SOFTWARE = { name: 'google swiftshader', software: true };

const report = (relativeError: number, loss = 1): SelfCheckReport => ({
  ok: relativeError <= 0.02,
  directions: [1e-5, relativeError, 1e-5].map((error) => ({ numeric: 1, analytic: 1, relativeError: error })),
  tolerance: 0.02,
  loss,
  tokens: 6,
  seconds: 1,
});

/** An engine on a machine with this graphics device, which computes what the test says. */
function machine(adapter: ModelInfo['adapter'] = null) {
  const log: string[] = [];
  const base = testServices();
  const computes: Record<string, SelfCheckReport | StudioError> = { wasm: report(1e-5), webgpu: report(1e-5) };
  const unloadable: { webgpu: StudioError | null } = { webgpu: null };
  let alive: ModelInfo['backend'] | null = null;
  let id = '';
  const call = async (method: string, params: unknown, options: { signal?: AbortSignal } = {}) => {
    if (method === 'prepare') return;
    if (method === 'load') {
      const { backend, avoidAdapters = [] } = params as LoadRequest;
      const usable = adapter && !adapter.software && !avoidAdapters.includes(adapter.name);
      const before: string | null = alive;
      alive = backend === 'auto' ? (usable ? 'webgpu' : 'wasm') : backend;
      log.push(`load ${id} on ${alive}${before ? ` beside ${before}` : ''}`);
      if (alive === 'webgpu' && unloadable.webgpu) throw unloadable.webgpu;
      return {
        id,
        sha256: id,
        backend: alive,
        adapter: alive === 'webgpu' ? adapter : null,
        threads: 2,
        hidden: 2,
        vocabulary: 9,
      };
    }
    const { directions } = params as { directions: number };
    log.push(`check ${directions}`);
    await new Promise((resolve) => setTimeout(resolve));
    if (options.signal?.aborted) throw new StudioError('cancelled', 'Cancelled.');
    const found = computes[alive ?? ''] ?? report(Number.NaN);
    if (found instanceof StudioError) throw found;
    return found;
  };
  const engine = {
    call,
    restart: () => {
      alive = null;
    },
    control: () => {},
    dispose: () => {},
  } as unknown as Services['engine'];
  const loadModelFiles: Services['loadModelFiles'] = async (source: ModelSource) => {
    id = source === CATALOGUE.tiny.source ? CATALOGUE.tiny.id : 'own';
    return {
      card: { id, dtype: 'fp32', sha256: id, files: [] },
      files: { 'tokenizer.json': new Uint8Array(1), 'onnx/model.onnx': new Uint8Array(1) },
    };
  };
  return { log, computes, unloadable, services: { ...base, engine, loadModelFiles } };
}

const CAPABILITIES = judge({
  wasm: true,
  crossOriginIsolated: true,
  cores: 2,
  memoryGb: 8,
  phone: false,
});
/** The page opened again: stored values are there, the worker is fresh. */
function visit({ services }: ReturnType<typeof machine>, backend?: 'webgpu') {
  services.engine.restart();
  return createSessionStore(services, CAPABILITIES, backend);
}

describe('on WebAssembly', () => {
  let pc: ReturnType<typeof machine>;
  beforeEach(() => {
    pc = machine();
  });

  test('checks the gradients once, before the first training, and never again', async () => {
    const session = visit(pc);
    await session.getState().modelReady();
    expect(pc.log).toEqual(['load own on wasm']);
    await Promise.all([session.getState().trainingReady(), session.getState().trainingReady()]);
    await session.getState().trainingReady();
    await visit(pc).getState().trainingReady();
    expect(pc.log).toEqual(['load own on wasm', 'check 3', 'load own on wasm']);
    expect(session.getState()).toMatchObject({ check: { kind: 'known', verdict: { ok: true } }, job: null });
  });

  test('turns training off while gradients are wrong, with the reason, also at the next visit, until a check passes', async () => {
    pc.computes.wasm = report(0.12);
    await expect(visit(pc).getState().trainingReady()).rejects.toMatchObject({
      code: 'gradient-wrong',
      message: expect.stringContaining('direction 2 of 3 is 12% off'),
    });
    const later = visit(pc);
    await later.getState().modelReady();
    expect(whyTrainingOff(later.getState())).toContain('Training is off for this model');
    await expect(later.getState().trainingReady()).rejects.toMatchObject({ code: 'gradient-wrong' });
    expect(pc.log.filter((line) => line.startsWith('check'))).toHaveLength(1);
    pc.computes.wasm = report(1e-5);
    await later.getState().checkAgain();
    expect(whyTrainingOff(later.getState())).toBeNull();
    await later.getState().trainingReady();
  });

  test('leaves nothing behind when a check is stopped', async () => {
    const session = visit(pc);
    const stopOnce = session.subscribe(({ job }) => job?.stop?.());
    await expect(session.getState().trainingReady()).rejects.toMatchObject({ code: 'cancelled' });
    stopOnce();
    expect(session.getState()).toMatchObject({ check: { kind: 'unknown' }, job: null, model: { kind: 'ready' } });
    await session.getState().trainingReady();
  });
});

test('fetches no model on a device that only shows results and says why', async () => {
  const { services, log } = machine();
  const fetched: ModelSource[] = [];
  const loadModelFiles: Services['loadModelFiles'] = (source, ...more) => {
    fetched.push(source);
    return services.loadModelFiles(source, ...more);
  };
  const session = createSessionStore({ ...services, loadModelFiles }, { ...CAPABILITIES, trainingOff: 'On phones.' });
  await expect(session.getState().modelReady()).rejects.toThrow('On phones.');
  await session.getState().loadModel();
  expect([log, fetched, session.getState().model]).toEqual([[], [], { kind: 'idle' }]);
});

test('starts a fresh engine after one that dies of the check', async () => {
  const pc = machine();
  pc.computes.wasm = new StudioError('out-of-memory', 'Too large.');
  const session = visit(pc);
  await expect(session.getState().trainingReady()).rejects.toMatchObject({ code: 'out-of-memory' });
  expect(session.getState()).toMatchObject({ model: { kind: 'failed' }, check: { kind: 'unknown' }, job: null });
  pc.computes.wasm = report(1e-5);
  await session.getState().trainingReady();
});

describe('on WebGPU', () => {
  beforeEach(() => toasts.clear());

  test('compares one loss with WebAssembly, never with both alive, and loads the model again where it was', async () => {
    const pc = machine(GPU);
    const session = visit(pc);
    expect((await session.getState().trainingReady()).backend).toBe('webgpu');
    expect(pc.log).toEqual(['load own on webgpu', 'check 3', 'load own on wasm', 'check 0', 'load own on webgpu']);
    expect(session.getState().check).toMatchObject({ kind: 'known', verdict: { ok: true, wasmLoss: 1 } });
  });

  test.each([
    ['computes a wrong gradient', report(0.3), 'direction 2 of 3 is 30% off'],
    ['computes another loss', report(1e-5, 1.1), '1.1000 on WebGPU and 1.0000 on WebAssembly'],
    ['cannot run it', new StudioError('session-failed', 'No such kernel.'), 'No such kernel'],
  ])(
    'runs the model on WebAssembly, checks it there and leaves it there where WebGPU %s',
    async (...[, found, reason]) => {
      const pc = machine(GPU);
      pc.computes.webgpu = found;
      const session = visit(pc);
      expect((await session.getState().trainingReady()).backend).toBe('wasm');
      expect(session.getState().refusals).toMatchObject([
        { adapter: 'acme one', reason: expect.stringContaining(reason) },
      ]);
      expect(session.getState().check).toMatchObject({ kind: 'known', verdict: { ok: true } });
      expect(pc.log.at(-1)).toBe('check 3');
      pc.log.length = 0;
      const later = visit(pc);
      expect((await later.getState().trainingReady()).backend).toBe('wasm');
      expect(pc.log).toEqual(['load own on wasm']);
      pc.computes.webgpu = report(1e-5);
      await later.getState().checkAgain();
      expect((await later.getState().modelReady()).backend).toBe('webgpu');
      expect(later.getState().refusals).toEqual([]);
    },
  );

  test('loads a model on WebAssembly that the graphics device cannot load, and says so once', async () => {
    const pc = machine(GPU);
    const said = new StudioError('session-failed', 'A buffer is too large.', { data: { adapter: 'acme one' } });
    pc.unloadable.webgpu = said;
    const session = visit(pc);
    expect((await session.getState().modelReady()).backend).toBe('wasm');
    expect(session.getState().refusals).toEqual([{ adapter: 'acme one', reason: 'A buffer is too large.' }]);
    expect(toasts.visibleToasts).toHaveLength(1);
    pc.log.length = 0;
    expect((await visit(pc).getState().modelReady()).backend).toBe('wasm');
    expect(pc.log).toEqual(['load own on wasm']);
    expect(toasts.visibleToasts).toHaveLength(1);
    pc.unloadable.webgpu = null;
    await session.getState().checkAgain();
    expect((await session.getState().modelReady()).backend).toBe('webgpu');
  });

  test('says why a model does not load where no graphics device is to blame', async () => {
    const pc = machine(GPU);
    pc.unloadable.webgpu = new StudioError('session-failed', 'The runtime did not start.');
    await expect(visit(pc).getState().modelReady()).rejects.toBe(pc.unloadable.webgpu);
  });

  test('does not blame the graphics device when WebAssembly has no memory for the model', async () => {
    const pc = machine(GPU);
    pc.computes.wasm = new StudioError('out-of-memory', 'Too large.');
    const session = visit(pc);
    expect((await session.getState().trainingReady()).backend).toBe('webgpu');
    expect(session.getState()).toMatchObject({
      refusals: [],
      check: { verdict: { ok: true, wasmLoss: null, uncompared: 'Too large.' } },
    });
  });

  test('turns training off, without a loop, when both are wrong', async () => {
    const pc = machine(GPU);
    pc.computes.webgpu = report(0.3);
    pc.computes.wasm = report(Number.NaN);
    await expect(visit(pc).getState().trainingReady()).rejects.toMatchObject({
      message: expect.stringContaining('direction 2 of 3 is not a number'),
    });
  });

  test('checks the tiny model in place of this one on a software device', async () => {
    const pc = machine(SOFTWARE);
    const session = visit(pc, 'webgpu');
    expect((await session.getState().trainingReady()).id).toBe('own');
    const tiny = 'softprompt-studio/tiny-support';
    expect(pc.log).toEqual([
      'load own on webgpu',
      `load ${tiny} on webgpu`,
      'check 3',
      `load ${tiny} on wasm`,
      'check 0',
      'load own on webgpu',
    ]);
    expect(session.getState().check).toMatchObject({ verdict: { ok: true, standIn: tiny } });
  });
});
