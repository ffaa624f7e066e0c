/**
 * `npm run package`: the package `softprompt` in dist/package, ready for `npm pack`. Code and its libraries are bundled, ONNX
 * Runtime's files and the drop-in go along: it depends on nothing. Run `npm run build` first, which makes the drop-in.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';
import { runtimeBeside } from './drop-in.ts';
import { fasterRuntime } from './faster-runtime.ts';
import { withoutUnused } from './lean-build.ts';
import { surface } from './surface.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist/package');
const at = (...path: string[]) => join(root, ...path);

const shared: InlineConfig = {
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  base: './',
  root,
};

/** Side by side, since each finds ONNX Runtime's files from where it is. */
const output = {
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
} as const;

/** Bundlers of those who use the package must see these addresses as they are, and leave alone what is known only at run time. */
const plainAddresses = (): Plugin => ({
  name: 'plain-addresses',
  enforce: 'pre',
  // parts that are loaded late come by a plain import(): a program has no document to preload them in
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : null),
  renderChunk: (code) => ({ code: code.replace(/\/\* ?@vite-ignore ?\*\/\s*/g, ''), map: null }),
  // once it is minified, which drops comments
  generateBundle: (_, bundle) => {
    for (const part of Object.values(bundle))
      if (part.type === 'chunk')
        part.code = part.code
          .replace(/\bimport\((?=[\w$]+\))/g, '$&/*webpackIgnore:true*/ /*@vite-ignore*/ ')
          // where ONNX Runtime's module would lie if it were not bundled
          .replace(/new URL\([`"']ort\.\w+\.min\.mjs[`"'],import\.meta\.url\)\.href/g, 'import.meta.url');
  },
});

/** The entries that run in a page, and those that run anywhere. */
const pages = () =>
  build({
    ...shared,
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'production'] },
    plugins: [runtimeBeside('ort/', true), fasterRuntime(), withoutUnused(), plainAddresses()],
    build: {
      outDir: join(out, 'dist'),
      emptyOutDir: true,
      target: 'es2023',
      minify: true,
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: {
          index: at('src/api/web.ts'),
          worker: at('src/api/worker.ts'),
          'engine.worker': at('src/api/engine.worker.ts'),
          autodiff: at('src/api/autodiff.ts'),
          stats: at('src/api/stats.ts'),
          // each alone, so that a bundler leaves out what is not called
          ...Object.fromEntries(['train', 'compare', 'prompt'].map((name) => [name, at(`src/api/${name}.ts`)])),
        },
        preserveEntrySignatures: 'strict',
        output,
      },
    },
  });

const node = () =>
  build({
    ...shared,
    resolve: { conditions: ['node', 'module', 'production'] },
    ssr: { noExternal: true, external: ['onnxruntime-node'], target: 'node' },
    plugins: [plainAddresses()],
    build: {
      ssr: true,
      outDir: join(out, 'dist/node'),
      emptyOutDir: false,
      target: 'node20',
      minify: true,
      rolldownOptions: {
        input: { index: at('src/api/node.ts'), cli: at('src/cli/main.ts') },
        output: { ...output, banner: ({ name }) => (name === 'cli' ? '#!/usr/bin/env node' : '') },
      },
    },
  });

/** Declarations of a file of src, and of those that it imports, with the names that Node wants. */
function declare(entries: readonly string[], folder: string): void {
  const made = join(root, '.cache/package-types');
  rmSync(made, { recursive: true, force: true });
  const flags = [
    '--declaration',
    '--emitDeclarationOnly',
    '--noEmit',
    'false',
    '--outDir',
    made,
    '--rootDir',
    at('src'),
  ];
  // it reports what it cannot declare of files that nothing here reaches
  spawnSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.package.json'), ...flags]);
  const waiting = entries.map((entry) => join(made, entry));
  const seen = new Set<string>();
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = readFileSync(path, 'utf8').replace(
      /(from |import\()(['"])(\.[^'"]*)\2/g,
      (_, word: string, quote: string, name: string) => {
        waiting.push(join(dirname(path ?? ''), `${name}.d.ts`));
        return `${word}${quote}${name}.js${quote}`;
      },
    );
    const foreign = /from ['"]([^.'"][^'"]*)['"]/.exec(text)?.[1];
    if (foreign) throw new Error(`The types of the package would need ${foreign}: ${relative(made, path)}`);
    const to = join(folder, relative(made, path));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
  }
}

function types(): void {
  const dist = join(out, 'dist');
  writeFileSync(join(dist, 'index.d.ts'), surface());
  writeFileSync(join(dist, 'worker.d.ts'), "export * from './index.js';\n");
  declare(['api/autodiff.d.ts', 'api/stats.d.ts'], join(dist, 'types'));
  for (const name of ['autodiff', 'stats'])
    writeFileSync(join(dist, `${name}.d.ts`), `export * from './types/api/${name}.js';\n`);
}

function beside(): void {
  const dist = join(out, 'dist');
  const ort = at('node_modules/onnxruntime-web/dist');
  mkdirSync(join(dist, 'ort'), { recursive: true });
  for (const name of [
    'ort-wasm-simd-threaded.mjs',
    'ort-wasm-simd-threaded.asyncify.mjs',
    'ort-wasm-simd-threaded.asyncify.wasm',
  ])
    copyFileSync(join(ort, name), join(dist, 'ort', name));
  copyFileSync(at('.cache/runtime/ort-wasm-simd-threaded.wasm'), join(dist, 'ort/ort-wasm-simd-threaded.wasm'));
  cpSync(at('dist/drop-in'), join(dist, 'drop-in'), { recursive: true });
  for (const name of ['predict.py', 'rows_file.py', 'train_peft.py', 'serve_vllm.py', 'serve_vllm.md', 'predict.mjs'])
    cpSync(at('tools/export', name), join(dist, 'node/assets', name));
  cpSync(at('public/sample/sample.json'), join(dist, 'node/assets/sample.json'));
  for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES.md']) copyFileSync(at(name), join(out, name));
  cpSync(at('docs/package'), out, { recursive: true });
}

function manifest(): void {
  const { version, license, engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const both = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  const of = {
    name: 'softprompt',
    version,
    description: 'Train, compare and use soft prompts for a small language model, in a page and in Node.',
    keywords: ['soft-prompt', 'prompt-tuning', 'onnx', 'webgpu', 'autodiff', 'language-model'],
    license,
    type: 'module',
    engines,
    bin: { softprompt: './dist/node/cli.js' },
    exports: {
      '.': { types: './dist/index.d.ts', node: './dist/node/index.js', default: './dist/index.js' },
      './worker': both('worker'),
      './autodiff': both('autodiff'),
      './stats': both('stats'),
      './package.json': './package.json',
    },
    sideEffects: ['./dist/engine.worker.js', './dist/node/cli.js'],
    files: ['dist', '*.md'],
    peerDependencies: { 'onnxruntime-node': '1.30.0' },
    peerDependenciesMeta: { 'onnxruntime-node': { optional: true } },
  };
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(of, null, 2)}\n`);
}

if (!existsSync(at('dist/drop-in/softprompt.js'))) throw new Error('Run npm run build first: it makes the drop-in.');
rmSync(out, { recursive: true, force: true });
await pages();
await node();
types();
beside();
manifest();
chmodSync(join(out, 'dist/node/cli.js'), 0o755);
console.log(`The package is in ${relative(root, out)}: npm pack ./${relative(root, out)}`);
