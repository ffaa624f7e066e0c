/**
 * Builds softprompt.js, the module that runs an exported prompt in a web page (src/api/drop-in.ts), into a folder of its
 * own beside the page, which fetches it when such an export is made.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'vite';
import { withoutUnused } from './lean-build.ts';

/** Below the built page. */
export const DROP_IN = 'drop-in';

/** What goes along as it is. */
const COPIED = {
  'index.html': 'tools/export/drop-in.html',
  'THIRD_PARTY_NOTICES.md': 'THIRD_PARTY_NOTICES.md',
};

/** The surface of the package. */
export const API_TYPES = join(import.meta.dirname, '../src/api/types.ts');

const types = (): string => `${readFileSync(API_TYPES, 'utf8')}
export declare const openModel: OpenModel;
/** Left out: prompt.json beside this module. */
export declare function loadPrompt(
  model: Model,
  files?: PromptSource,
  options?: LoadOptions,
): Promise<Prompt>;
`;

const RUNTIME = /^onnxruntime-web\/(?<name>ort-wasm-simd-threaded(?<gpu>\.asyncify)?\.(?:mjs|wasm))\?url$/;
const VIRTUAL = '\0drop-in:';

/** ONNX Runtime's own files stay beside the module. @param gpu with the build for graphics devices */
export const runtimeBeside = (folder = '', gpu = false): Plugin => ({
  name: 'runtime-beside-the-module',
  enforce: 'pre',
  resolveId: (id) => (RUNTIME.test(id) || (!gpu && id === 'onnxruntime-web/webgpu') ? `${VIRTUAL}${id}` : null),
  load: (id) => {
    if (!id.startsWith(VIRTUAL)) return null;
    const found = RUNTIME.exec(id.slice(VIRTUAL.length))?.groups;
    if (!found?.name || (found.gpu && !gpu)) return 'export default null;';
    return `export default new URL(/* @vite-ignore */ './${folder}${found.name}', import.meta.url).href;`;
  },
});

/** @param conditions under which packages are resolved, as for the page */
export const dropIn = (conditions: readonly string[]): Plugin => ({
  name: 'drop-in',
  apply: 'build',
  writeBundle: {
    // before the service worker, which lists what is there
    order: 'pre',
    sequential: true,
    async handler({ dir }) {
      const folder = join(dir ?? 'dist', DROP_IN);
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        base: './',
        resolve: { conditions: [...conditions] },
        plugins: [runtimeBeside(), withoutUnused()],
        build: {
          outDir: folder,
          emptyOutDir: true,
          target: 'es2023',
          minify: true,
          rolldownOptions: {
            input: join(import.meta.dirname, '../src/api/drop-in.ts'),
            preserveEntrySignatures: 'strict',
            output: { format: 'es', entryFileNames: 'softprompt.js', codeSplitting: false },
          },
        },
      });
      for (const [name, source] of Object.entries(COPIED))
        copyFileSync(join(import.meta.dirname, '..', source), join(folder, name));
      writeFileSync(join(folder, 'softprompt.d.ts'), types());
    },
  },
});
