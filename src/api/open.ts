/** Opens a model: reads its files, starts an engine over them, and shows its facts. */
import type { LoadRequest } from '../engine/types';
import { controlOf, throwIfInterrupted, uninterrupted } from '../lib/control';
import type { DownloadProgress } from '../model/download';
import { isSmall, type LoadedModel } from '../model/load';
import type { Host, HostEngine } from '../workflow/host';
import { checkOpening } from './check';
import { type ApiHost, givenBack, hostOver, keepHost, type StartedEngine } from './host';
import type { Model, ModelSource, OpenModel, OpenOptions } from './types';

/** What differs between a page, a worker of a page, and Node. */
export interface Platform extends Pick<Host, 'asset' | 'dropIn'> {
  readonly read: (
    source: ModelSource,
    options: Omit<OpenOptions, 'onProgress'> & { readonly onProgress: (so: DownloadProgress) => void },
  ) => Promise<LoadedModel>;
  readonly start: (request: LoadRequest) => Promise<StartedEngine>;
  readonly files: ApiHost['files'];
  readonly bytesAt: ApiHost['bytesAt'];
  readonly backend: (device: NonNullable<OpenOptions['device']>) => LoadRequest['backend'];
}

/** Along this many directions the gradient is held against finite differences. */
const DIRECTIONS = 2;

/** Where nobody chose the graphics device, it must compute this model rightly. */
async function openRight<Opened extends { readonly engine: StartedEngine }>(
  isChosen: boolean,
  open: (avoidAdapters: readonly string[]) => Promise<Opened>,
): Promise<Opened> {
  const opened = await open([]);
  const { info, selfCheck, [Symbol.asyncDispose]: close } = opened.engine;
  if (isChosen || info.backend !== 'webgpu') return opened;
  const { ok } = await selfCheck({ directions: DIRECTIONS }, uninterrupted).catch(() => ({ ok: false }));
  if (ok) return opened;
  await close();
  return open([info.adapter?.name ?? '']);
}

const NO_THREADS =
  'One thread: this page is not cross-origin isolated. Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to use more.';

/** Why it is slower than it could be. */
function noteOf({ info: { backend, threads, fallback } }: HostEngine): string | null {
  const device = fallback && `WebAssembly computes: ${fallback}.`;
  const alone = backend === 'wasm' && threads === 1 && !globalThis.crossOriginIsolated && NO_THREADS;
  return [device, alone].filter(Boolean).join(' ') || null;
}

/** Older browsers have none; the polyfills of compilers use the same. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
const ASYNC_DISPOSE: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

function shown(open: ApiHost, engine: StartedEngine): Model {
  const { id, dtype, sha256, backend, threads, parameters, hidden, layers, contextLength, loadSeconds } = engine.info;
  const facts = { id, dtype, sha256, threads, parameters, hidden, layers, contextLength, loadSeconds };
  let closing: PromiseLike<void> | null = null;
  const host: ApiHost = {
    ...open,
    get engine() {
      if (closing) throw givenBack(engine.info);
      return engine;
    },
  };
  const dispose = async () => {
    keepHost(model, null);
    closing ??= engine[Symbol.asyncDispose]();
    await closing;
  };
  const model: Model = {
    ...facts,
    device: backend === 'webgpu' ? 'webgpu' : 'wasm',
    note: noteOf(engine),
    dispose,
    [DISPOSE]: () => void dispose(),
    [ASYNC_DISPOSE]: dispose,
  };
  keepHost(model, host);
  return model;
}

export const openingOn =
  (platform: Platform): OpenModel =>
  async (source, options = {}) => {
    checkOpening(options);
    const { device = 'auto', threads, wasmPaths, onProgress, signal } = options;
    const open = async (avoidAdapters: readonly string[]) => {
      const { card, files, onDisk } = await platform.read(source, {
        ...options,
        onProgress: (so) => onProgress?.({ file: so.file, received: so.receivedBytes, total: so.totalBytes }),
      });
      throwIfInterrupted(controlOf(signal));
      const engine = await platform.start({
        id: card.id,
        files,
        onDisk,
        backend: platform.backend(device),
        sha256: card.sha256,
        consume: true,
        avoidAdapters,
        ...(threads === undefined ? {} : { threads }),
        ...(wasmPaths === undefined ? {} : { wasmPaths: String(wasmPaths) }),
      });
      return { engine, card, small: Object.fromEntries(Object.entries(files).filter(([path]) => isSmall(path))) };
    };
    const { engine, card, small } = await openRight(device !== 'auto', open);
    const host = await hostOver(engine, card, small, platform).catch(async (cause: unknown) => {
      await engine[Symbol.asyncDispose]();
      throw cause;
    });
    return shown({ ...host, files: platform.files, bytesAt: platform.bytesAt }, engine);
  };
