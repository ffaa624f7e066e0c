/**
 * Trains the prompt that the start screen shows, with this product's own command line, on the sample's own split:
 * `node tools/sample/pretrain.mjs [SEED]` writes public/sample/support-tone.prompt/ and prints what it reached.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const sample = join(root, 'public/sample');
const work = join(root, '.cache/pretrain');
const seed = process.argv[2] ?? '0';
const { split, textColumn, labelColumn, prompts, answerWords } = JSON.parse(
  readFileSync(join(sample, 'sample.json'), 'utf8'),
);

const { default: Papa } = await import('papaparse');
const { data } = Papa.parse(readFileSync(join(sample, 'support-messages.csv'), 'utf8'), {
  header: true,
  skipEmptyLines: true,
});
const byId = new Map(data.map((row) => [row.id, row]));
const file = (name, ids) => {
  const path = join(work, name);
  writeFileSync(
    path,
    Papa.unparse(
      ids.map((id) => byId.get(id)),
      { newline: '\r\n' },
    ),
  );
  return path;
};

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const { status } = spawnSync(
  'npm',
  [
    'run',
    '--silent',
    'tune',
    '--',
    file('train.csv', [...split.train, ...split.validation]),
    '--text',
    textColumn,
    '--label',
    labelColumn,
    '--train-rows',
    String(split.train.length),
    '--test',
    file('test.csv', split.test),
    '--prompt',
    prompts[0].template,
    '--words',
    Object.entries(answerWords)
      .map(([label, word]) => `${label}=${word.trim()}`)
      .join(','),
    '--seed',
    seed,
    '--out',
    join(work, 'out'),
  ],
  { cwd: root, stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);
const target = join(sample, 'support-tone.prompt');
rmSync(target, { recursive: true, force: true });
mkdirSync(target);
cpSync(join(work, 'out/prompt/prompt.json'), join(target, 'prompt.json'));
const { arms, comparisons } = JSON.parse(readFileSync(join(work, 'out/results.json'), 'utf8'));
console.log(JSON.stringify({ arms: arms.map(({ rows, ...arm }) => arm), comparisons }, null, 1));
