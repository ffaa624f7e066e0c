/** What registries, bundlers and compilers ask of a package. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { at, bin, command, expect, type Lab } from './lab.ts';

const PACKAGE = at('dist/package');

export const publint = () => command(bin('publint'), [PACKAGE, '--strict'], PACKAGE);

export const types = ({ packed, folder }: Lab) =>
  command(bin('attw'), [packed, '--profile', 'esm-only', '--no-color', '--no-emoji'], folder);

const CONSUMER = `import { type Model, openModel, type Prompt, train } from 'softprompt';
import { openModel as inWorker } from 'softprompt/worker';
import { parse } from 'softprompt/autodiff';
import { mcnemar } from 'softprompt/stats';
export async function tuned(source: string): Promise<Prompt> {
  await using model: Model = await openModel(source, { device: 'wasm' });
  const training = train(model, [{ text: 'a', label: 'b' }]);
  for await (const event of training) if (event.kind === 'step') event.loss.toFixed();
  return training.prompt;
}
export const others = [inWorker, parse, mcnemar({ aOnly: 1, bOnly: 2 }).p.toFixed()];
`;

/** A program in TypeScript, with nothing skipped. */
export async function compiles({ folder }: Lab): Promise<void> {
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom,dom.asynciterable,esnext.disposable',
  ];
  for (const module of [['nodenext'], ['esnext', '--moduleResolution', 'bundler']])
    await command(bin('tsc'), [...flags, '--types', '', '--module', ...module, 'consumer.ts'], folder);
}

export function manifest({ folder }: Lab): void {
  const {
    dependencies = {},
    peerDependencies = {},
    peerDependenciesMeta = {},
  } = JSON.parse(readFileSync(join(folder, 'node_modules/softprompt/package.json'), 'utf8'));
  expect(Object.keys(dependencies).length === 0, `it depends on ${Object.keys(dependencies)}`);
  const forced = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  expect(forced.length === 0, `it asks for ${forced}`);
}

/** A program of a few lines, bundled without what is loaded later: ONNX Runtime's JavaScript, and the writing of files. */
async function bundled({ folder }: Lab, contents: string): Promise<{ readonly code: string; readonly kB: number }> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'later',
        setup: ({ onResolve }) =>
          onResolve({ filter: /.*/ }, ({ kind, path }) =>
            kind === 'dynamic-import' ? { path, external: true } : null,
          ),
      },
    ],
  });
  const code = outputFiles[0]?.text ?? '';
  return { code, kB: gzipSync(code).length / 1000 };
}

const ENGINE = "import { openModel } from 'softprompt'; import * as autodiff from 'softprompt/autodiff';";

/** Most kB, gzipped. */
const SIZES: Readonly<Record<string, readonly [most: number, program: string]>> = {
  'engine and autodiff': [170, `${ENGINE} console.log(openModel, autodiff);`],
  'a page that asks a prompt': [
    175,
    "import { loadPrompt, openModel } from 'softprompt'; console.log(loadPrompt, openModel);",
  ],
  everything: [275, "import * as all from 'softprompt'; console.log(all);"],
  'worker, in the page': [80, "import { openModel } from 'softprompt/worker'; console.log(openModel);"],
  'worker, its own file': [115, "import './node_modules/softprompt/dist/engine.worker.js';"],
  autodiff: [45, "import * as autodiff from 'softprompt/autodiff'; console.log(autodiff);"],
  stats: [10, "import * as stats from 'softprompt/stats'; console.log(stats);"],
  'one test of stats': [1, "import { mcnemar } from 'softprompt/stats'; console.log(mcnemar);"],
};

export async function sizes(lab: Lab): Promise<string> {
  const rows: string[] = [];
  const over: string[] = [];
  for (const [name, [most, program]] of Object.entries(SIZES)) {
    const { kB } = await bundled(lab, program);
    rows.push(`${name} ${kB.toFixed(1)} of ${most} kB`);
    if (kB > most) over.push(name);
  }
  expect(over.length === 0, `too large (gzip): ${over.join(', ')}\n${rows.join('\n')}`);
  return rows.join(', ');
}

export async function treeShaking(lab: Lab): Promise<void> {
  const { code } = await bundled(lab, "import { mcnemar } from 'softprompt/stats'; console.log(mcnemar);");
  const engine = /ort-wasm|GroupQueryAttention|bootstrap|InferenceSession/.exec(code)?.[0];
  expect(engine === undefined, `one test of stats brings ${engine} along`);
  const nothing = await bundled(lab, "import type { Model } from 'softprompt'; export type Mine = Model;");
  expect(nothing.code.trim() === '', `types alone leave ${nothing.code}`);
  const ignored = await bundled(lab, "import 'softprompt/stats'; import 'softprompt/autodiff';");
  expect(ignored.code.trim() === '', `an import of nothing leaves ${ignored.code.length} characters`);
}

const SNAPSHOT = at('test/golden/api.txt');

/** The declarations as they are packed, without comments, against those that were agreed to. `UPDATE_API=1` writes them. */
export function surface({ folder }: Lab): void {
  const dist = join(folder, 'node_modules/softprompt/dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.d.ts') && !path.startsWith('drop-in/'))
    .sort();
  const code = (path: string) =>
    readFileSync(join(dist, path), 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/^\s*\n/gm, '');
  const now = files.map((path) => `// ${path}\n${code(path)}`).join('\n');
  if (process.env.UPDATE_API) writeFileSync(SNAPSHOT, now);
  const agreed = readFileSync(SNAPSHOT, 'utf8');
  const [before, after] = [agreed, now].map((all) => new Set(all.split('\n')));
  const lines = [
    ...agreed.split('\n').flatMap((line) => (after?.has(line) ? [] : [`- ${line}`])),
    ...now.split('\n').flatMap((line) => (before?.has(line) ? [] : [`+ ${line}`])),
  ];
  expect(
    agreed === now,
    `the surface has changed; if that is meant: UPDATE_API=1 npx tsx tools/package-check/main.ts surface\n${lines.join('\n')}`,
  );
}
