import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/commands.ts';
import { surface } from '../surface.ts';
import { type Block, blocks, linesOf, moduleOf } from './blocks.ts';
import { allRows, files, model } from './given.ts';

const root = join(import.meta.dirname, '../..');
const made = join(root, '.cache/docs-blocks');
const start = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'softprompt-docs-'));

const TINY = join(root, 'public/models/softprompt-studio/tiny-support');
/** Files that the documents name. */
const CSV = ['text,label', ...allRows.map(({ text, label }) => `"${text}",${label}`)].join('\n');
const HERE: Readonly<Record<string, string | Uint8Array>> = {
  'messages.csv': CSV,
  'test.csv': CSV,
  'model.onnx': readFileSync(join(root, 'test/fixtures/models/llama-torch-dynamo-fp32/onnx/model.onnx')),
};

beforeAll(() => {
  for (const [name, content] of Object.entries(HERE)) writeFileSync(join(folder, name), content);
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
  await model.dispose();
});

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  // addresses in the documents lead to the prompt of given.ts
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', async (asked: string | URL | Request, ...more: RequestInit[]) =>
    String(asked).startsWith('https://example.org/') ? new Response(files['prompt.json']) : fetch(asked, ...more),
  );
});
afterEach(() => vi.unstubAllGlobals());

const RUNS = {
  softprompt: join(import.meta.dirname, 'softprompt.ts'),
  'softprompt/autodiff': join(root, 'src/api/autodiff.ts'),
  'softprompt/stats': join(root, 'src/api/stats.ts'),
  given: join(import.meta.dirname, 'given.ts'),
};

/** As a stranger has them, without the sources behind given.ts. */
const GIVEN = `import type { Model, Prompt, Row } from 'softprompt';
export declare const model: Model;
export declare const prompt: Prompt;
export declare const [rows, testRows, pairs]: readonly (readonly Row[])[];
`;

const write = (path: string, text: string): string => {
  mkdirSync(join(made, path, '..'), { recursive: true });
  writeFileSync(join(made, path), text);
  return join(made, path);
};
const fileOf = ({ at, language }: Block) => `${at.replaceAll(/[:/]/g, '-')}.${language === 'ts' ? 'ts' : 'js'}`;

async function runModule(block: Block, code: string): Promise<void> {
  const mapped = Object.entries(RUNS).reduce((text, [name, to]) => text.replaceAll(`'${name}'`, `'${to}'`), code);
  await import(/* @vite-ignore */ write(`run/${fileOf(block)}`, mapped));
}

/** `npm install` of this package, and its commands on the rows here, with a few steps. */
async function runShell(line: string): Promise<void> {
  if (/^npm install softprompt( onnxruntime-node)?$/.test(line)) return;
  const [, command, rest = ''] = /^npx softprompt (\w+) ?(.*)$/.exec(line) ?? [];
  if (!command) throw new Error(`Nothing runs ${line}`);
  const short = command === 'tune' ? ['--steps', '4', '--preset', 'quick'] : [];
  const asked = [command, ...rest.split(' '), '--model', TINY, '--threads', '1', ...short];
  expect(await runCommand(asked)).toBe(0);
}

/** An example runs in tools/package-check; a block that needs a page has its lines, with what its address may choose left out. */
function inExample(block: Block, path: string): void {
  const example = readFileSync(join(root, path), 'utf8');
  const plain = example.replaceAll(/asked\.get\('\w+'\) \?\? /g, '').replaceAll(/Number\((\d+)\)/g, '$1');
  const found = linesOf(plain);
  expect(linesOf(block.text).filter((line) => !found.includes(line))).toEqual([]);
}

/** It runs where PEFT and PyTorch are, in the acceptance tests; here it must at least be Python. */
function parsePython(code: string): void {
  const { error, status } = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
    input: code,
  });
  if (!error) expect(status).toBe(0);
}

const title = ({ at, language, text }: Block) => `${at} ${language}: ${text.split('\n')[0]}`;

describe('the code in docs/package', () => {
  it.each(blocks.map((block) => [title(block), block] as const))('%s', async (_, block) => {
    const { language, text, marks } = block;
    const code = moduleOf(block);
    if (language === 'mermaid' || language === 'text') return;
    if (language === 'json') return void JSON.parse(text);
    if (language === 'sh') {
      for (const line of text.trim().split('\n')) await runShell(line.replace(/ +#.*$/, ''));
      return;
    }
    if (marks.page !== undefined) return inExample(block, marks.page);
    if (language === 'py' && marks.theirs !== undefined) return parsePython(text);
    if (marks.theirs !== undefined && code) return; // compiled below
    if (!code || language === 'html') throw new Error('Nothing runs this block. Mark the page that does.');
    await runModule(block, code);
  });

  it('compiles against the declarations of the package', () => {
    rmSync(join(made, 'types'), { recursive: true, force: true });
    write('types/softprompt.d.ts', surface());
    write('types/given.d.ts', GIVEN);
    for (const block of blocks) {
      const code = moduleOf(block);
      if (code) write(`types/${fileOf(block)}`, code);
    }
    const at = (path: string) => [join(root, path)];
    const own = ['./softprompt.d.ts'];
    const paths = {
      softprompt: own,
      'softprompt/worker': own,
      'softprompt/autodiff': at('src/api/autodiff.ts'),
      'softprompt/stats': at('src/api/stats.ts'),
      given: ['./given.d.ts'],
    };
    const compilerOptions = {
      allowJs: true,
      checkJs: true,
      noImplicitAny: false,
      noUnusedLocals: false,
      noUncheckedIndexedAccess: false,
      paths,
    };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['./*'] };
    write('types/tsconfig.json', JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const check = () => execFileSync(process.execPath, [compiler, '-p', join(made, 'types')], { encoding: 'utf8' });
    expect(existsSync(compiler)).toBe(true);
    try {
      check();
    } catch (cause) {
      throw new Error((cause as { readonly stdout: string }).stdout);
    }
  });
});
