/**
 * `npm run acceptance`: the long checks on the real model, by hand and before a release. Takes more than an hour on two
 * cores. Public data sets are looked for in ../shared/data; what needs them says so and is skipped where they are not.
 * Names choose parts: `npm run acceptance -- reference check resume python takeaway two-processes vllm interchange fuzz training dropin writing kill files browsers page`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const data = join(root, '../shared/data');
const only = process.argv.slice(2);
let failed = 0;

/** Parts that drive the built page. */
const ON_THE_PAGE = ['dropin', 'interchange', 'writing', 'kill', 'files', 'browsers', 'page'];
const isWanted = (name) =>
  only.length === 0 || only.includes(name) || (name === 'build' && only.some((part) => ON_THE_PAGE.includes(part)));

function part(name, about, command, args, needsData = false) {
  if (!isWanted(name)) return;
  console.log(`\n== ${name}: ${about}`);
  if (needsData && !existsSync(data)) {
    console.log(`skipped: ${data} is not there`);
    return;
  }
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { KILLS: '20', ...process.env, EVERY_FILE: '1' },
  });
  if (status !== 0) failed++;
  console.log(`== ${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
}

part('reference', 'logits, losses, gradients, greedy text and a PEFT prompt against PyTorch', 'npx', [
  'vitest',
  'run',
  '--project',
  'node',
  'src/engine',
]);
part('check', 'gradients of the built-in model against finite differences', 'npm', [
  'run',
  '--silent',
  'softprompt',
  '--',
  'check',
  'public/models/HuggingFaceTB/SmolLM2-135M-Instruct',
]);
part('resume', 'a resumed run ends in the same bytes', 'npx', ['tsx', 'tools/acceptance-resume.ts']);
part('python', 'the shipped prompt in PyTorch, and the programs of an export on the tiny model', 'node', [
  'tools/export/check.mjs',
]);
part('takeaway', 'every prompt of a comparison, answered from its exported files alone, within 0.001', 'npx', [
  ...['tsx', 'tools/acceptance-takeaway.ts'],
]);
part('two-processes', 'train_peft.py by two processes: the losses and vectors of one', 'node', [
  'tools/export/two-processes.mjs',
]);
part(
  'vllm',
  'the shipped prompt and one before the text, 400 rows, by a vLLM server: the answers of predict.py',
  'node',
  ['tools/export/vllm.mjs'],
);
part(
  'interchange',
  'prompts trained here in PEFT, and prompts trained by PEFT here: 100 rows, within 0.001',
  'npx',
  ['tsx', 'tools/acceptance-interchange.ts', data],
  true,
);
part('fuzz', '10,000 mutations of every format', 'env', [
  ...['FUZZ=10000', 'npx', 'vitest', 'run', '--project', 'node', 'src/interchange/recognise.test.ts'],
]);
part(
  'training',
  'SST-2, 256 rows: suffix at least 83% over three seeds, prefix at least 81%',
  'npx',
  ['tsx', 'tools/acceptance-training.ts', data],
  true,
);
part('build', 'the page', 'npx', ['vite', 'build', '--logLevel', 'warn']);
part('dropin', 'prompts of every kind in a page of its own, one in every place: 200 rows, within 0.001', 'npx', [
  ...['tsx', 'tools/acceptance-drop-in.ts', '200'],
]);
part(
  'interchange',
  'the same with the page in place of the command line',
  'npx',
  ['tsx', 'tools/acceptance-page-interchange.ts', data],
  true,
);
part('writing', 'texts written in the page: tuned nearer to the wanted ones than the hand prompt, clear of 0', 'npx', [
  ...['tsx', 'tools/acceptance-writing.ts'],
]);
part(
  'kill',
  'tab, worker and process killed at twenty random moments each: nothing saved is lost, the same bytes',
  'npx',
  ['playwright', 'test', 'e2e/kill.spec.ts'],
);
part('files', 'from six awkward files to the verdict in one click', 'npx', [
  'playwright',
  'test',
  'e2e/clicks.spec.ts',
]);
part('browsers', 'the sample in Firefox and WebKit: trained, reloaded, compared and exported', 'npx', [
  ...['tsx', 'tools/acceptance-browsers.ts'],
]);
part('page', 'the sample in the page, start times and peak memory', 'node', [
  'tools/bench/page.mjs',
  '--full',
  '--memory',
  join(data, 'sst2-train.csv'),
]);
console.log(failed === 0 ? '\nAll parts hold.' : `\n${failed} parts failed.`);
process.exit(failed === 0 ? 0 : 1);
