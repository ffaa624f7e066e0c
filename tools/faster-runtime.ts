/** Gives pages ONNX Runtime's WebAssembly with faster products (src/runtime/faster-products.ts), as a file of the same name. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, runnerImport } from 'vite';

const NAME = 'ort-wasm-simd-threaded.wasm';
const root = join(import.meta.dirname, '..');
const folder = join(root, '.cache/runtime');

export const fasterRuntime = (): Plugin => ({
  name: 'faster-runtime',
  enforce: 'pre',
  async buildStart() {
    const path = join(root, 'src/runtime/faster-products.ts');
    const { module } = await runnerImport<typeof import('../src/runtime/faster-products.ts')>(path);
    const original = new Uint8Array(readFileSync(join(root, 'node_modules/onnxruntime-web/dist', NAME)));
    mkdirSync(folder, { recursive: true });
    // renamed when it is whole: another server may be reading it
    const part = join(folder, `${process.pid}.part`);
    writeFileSync(part, await module.withFasterProducts(original));
    renameSync(part, join(folder, NAME));
  },
  resolveId: (id) => (id === `onnxruntime-web/${NAME}?url` ? `${join(folder, NAME)}?url` : null),
});
