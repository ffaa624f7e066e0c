/** Builds the service worker after the page, with the list of what it is to keep. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { build, type Plugin } from 'vite';
import type { KeptFile, Manifest } from '../src/offline/rules';
import { DROP_IN } from './drop-in.ts';

const hash = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** The contents of a folder with a built page, as the worker receives it. */
export function manifestOf(folder: string): Manifest {
  const files: KeptFile[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).join('/'))
    .filter((path) => !path.endsWith('.map') && path !== 'service-worker.js')
    // fetched when it is exported
    .filter((path) => !path.startsWith(`${DROP_IN}/`))
    // weights and tokenizers are kept by the page itself, by their checksums
    .filter((path) => !path.startsWith('models/') || path.endsWith('/studio.json'))
    .sort()
    .map((path) => ({ path, sha256: hash(readFileSync(join(folder, path))) }));
  const isRuntime = ({ path }: KeptFile) => /\.(?:wasm|mjs)$/.test(path);
  const isForGpu = ({ path }: KeptFile) => path.includes('.asyncify');
  const runtimes = files.filter(isRuntime);
  return {
    version: hash(JSON.stringify(files)).slice(0, 16),
    shell: files.filter((file) => !isRuntime(file)),
    runtimes: { wasm: runtimes.filter((file) => !isForGpu(file)), webgpu: runtimes.filter(isForGpu) },
  };
}

/** Without imports and hashes in its name: its address must not change from version to version. */
export const serviceWorker = (): Plugin => ({
  name: 'service-worker',
  apply: 'build',
  writeBundle: {
    order: 'post',
    sequential: true,
    async handler({ dir }) {
      const outDir = dir ?? 'dist';
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: { __MANIFEST__: JSON.stringify(manifestOf(outDir)) },
        build: {
          outDir,
          emptyOutDir: false,
          target: 'es2023',
          rolldownOptions: {
            input: join(import.meta.dirname, '../src/offline/service-worker.ts'),
            output: { format: 'iife', entryFileNames: 'service-worker.js' },
          },
        },
      });
    },
  },
});
