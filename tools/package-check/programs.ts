/** Programs of Node over the packed file: the examples, and what they promise. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { at, command, expect, type Lab, TINY } from './lab.ts';

const node = ({ folder }: Lab, ...args: string[]) => command(process.execPath, args, folder);

/** Runs a module that is written for one check. */
async function script(lab: Lab, name: string, code: string, ...args: string[]): Promise<string> {
  const { code: plain } = await transform(code, { target: 'node20', format: 'esm' });
  await writeFile(join(lab.folder, name), plain);
  return (await node(lab, '--expose-gc', name, TINY, ...args)).trim();
}

/** Leaves its prompt in the folder `prompt`. */
export async function example(lab: Lab): Promise<string> {
  const output = await node(lab, 'node.mjs', 'support.csv', TINY, '30', 'prompt');
  expect(/\d+%, by prompt.prompt\.json|\d+%\), by prompt.prompt\.json/.test(output), output);
  return output.trim().split('\n').at(-1) ?? '';
}

export async function gradients(lab: Lab): Promise<string> {
  const model = at('test/fixtures/models/llama-torch-dynamo-fp32/onnx/model.onnx');
  return (await node(lab, 'gradients.mjs', model)).trim().split('\n').at(-1) ?? '';
}

/** What page, Node and command line train with. */
export const SAME = { preset: 'quick', steps: 12, seed: 5, heldOut: 'share' } as const;

/** As the command line writes it, in `tuned/prompt`. */
export async function commandLine({ folder }: Lab): Promise<void> {
  const { preset, steps, seed } = SAME;
  const settings = ['--preset', preset, '--steps', `${steps}`, '--seed', `${seed}`, '--threads', '1'];
  const columns = ['--text', 'text', '--label', 'label'];
  const args = ['tune', 'support.csv', ...columns, '--model', TINY, '--out', 'tuned', ...settings];
  await command('npx', ['--no', 'softprompt', ...args], folder);
}

const HASH = `const hash = async ({ vectors }) => Buffer.from(await crypto.subtle.digest('SHA-256', vectors.data)).toString('hex');`;

/** The vectors' SHA-256 by Node, and by the command line. @param given that of the page */
export async function sameBits(lab: Lab, given: string): Promise<string> {
  const code = `import { readFile } from 'node:fs/promises';
import { loadPrompt, openModel, train } from 'softprompt';
${HASH}
const model = await openModel(process.argv[2], { threads: 1 });
const rows = new Blob([await readFile('support.csv')]);
console.log(await hash(await train(model, rows, ${JSON.stringify(SAME)}).prompt));
console.log(await hash(await loadPrompt(model, new Blob([await readFile('tuned/prompt/prompt.json')]))));`;
  const [ours, theirs] = (await script(lab, 'bits.mjs', code)).split('\n');
  expect(ours === theirs && ours === given, `Node ${ours}, command line ${theirs}, page ${given}`);
  return `SHA-256 ${given.slice(0, 12)}…`;
}

export const disposal = (lab: Lab) =>
  script(
    lab,
    'using.mjs',
    `import { openModel, train } from 'softprompt';
const rows = [{ text: 'a', label: 'b' }];
const refuses = async (model) => {
  const { code } = await train(model, rows).prompt.catch((error) => error);
  if (code !== 'bad-input') throw new Error('a model that was given back still trains: ' + code);
};
const gone = [];
{
  using model = await openModel(process.argv[2], { threads: 1 });
  gone.push(model);
}
{
  await using model = await openModel(process.argv[2], { threads: 1 });
  gone.push(model);
}
for (const model of gone) await refuses(model);`,
  );

/** Most MB that 20 models leave behind, once the first has made the heap of ONNX Runtime. */
const LEFT = { heap: 2, process: 64 };

export async function memory(lab: Lab): Promise<string> {
  const code = `import { openModel } from 'softprompt';
const used = () => { gc(); const { heapUsed, rss } = process.memoryUsage(); return [heapUsed, rss]; };
const once = async () => (await openModel(process.argv[2], { threads: 1 })).dispose();
for (let i = 0; i < 3; i++) await once();
const before = used();
for (let i = 0; i < 20; i++) await once();
const after = used();
console.log(JSON.stringify(after.map((bytes, i) => (bytes - before[i]) / 1e6)));`;
  const [heap, whole]: number[] = JSON.parse(await script(lab, 'memory.mjs', code));
  const found = `heap ${heap?.toFixed(1)} of ${LEFT.heap} MB, process ${whole?.toFixed(1)} of ${LEFT.process} MB`;
  expect((heap ?? 0) < LEFT.heap && (whole ?? 0) < LEFT.process, found);
  return found;
}
