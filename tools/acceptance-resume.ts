/**
 * A training run of the built-in model, resumed from its checkpoint in another process, must end in the same float32 bytes.
 *
 *     npx tsx tools/acceptance-resume.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { DEFAULT_MODEL, openHost } from '../src/cli/node-host';
import { uninterrupted } from '../src/lib/control';
import type { Checkpoint } from '../src/training/events';
import { STANDARD } from '../src/training/settings';

const STEPS = 8;
const SENTENCES = readFileSync('public/sample/support-messages.csv', 'utf8').split('\n').slice(1, 41);
const silent = { line: () => {}, progress: () => {} };

/** Trains, from a checkpoint if one is given; returns the checkpoint half-way and the one at the end. */
async function trainHere(resume: Checkpoint | null): Promise<{ half: Checkpoint | null; end: Checkpoint }> {
  await using host = await openHost({ model: DEFAULT_MODEL, backend: 'node-wasm', threads: 2 }, silent);
  const { tokenizer } = host.tokens;
  const rows = SENTENCES.map((text, i) => ({
    rowId: String(i),
    ids: tokenizer.encode(`Message: ${text}\nSentiment:`),
    label: i % 2,
  }));
  const labels = [' negative', ' positive'].map((word) => ({
    label: word.trim(),
    word,
    tokenIds: [...tokenizer.encode(word)],
  }));
  const request = {
    runId: 'resume',
    train: rows.slice(0, 30),
    validation: rows.slice(30),
    labels,
    settings: { ...STANDARD, steps: STEPS, validateEvery: 3, checkpointEvery: STEPS / 2 },
    initTokenIds: tokenizer.encode('Decide whether the customer is happy.'),
    cacheKey: 'rows',
    resume,
  };
  let half: Checkpoint | null = null;
  let end: Checkpoint | null = null;
  for await (const event of host.engine.train(request, uninterrupted)) {
    if (event.kind === 'checkpoint' && event.checkpoint.step === STEPS / 2) half = event.checkpoint;
    if (event.kind === 'done') end = event.checkpoint;
  }
  if (!end) throw new Error('training did not end');
  return { half, end };
}

const [role, file = ''] = process.argv.slice(2);
if (role === 'whole') {
  writeFileSync(file, serialize(await trainHere(null)));
  process.exit(0);
}
if (role === 'rest') {
  const { half }: { half: Checkpoint } = deserialize(readFileSync(file));
  writeFileSync(`${file}.rest`, serialize(await trainHere(half)));
  process.exit(0);
}

const state = join(mkdtempSync(join(tmpdir(), 'acceptance-')), 'state');
for (const each of ['whole', 'rest']) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'tools/acceptance-resume.ts', each, state], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${each} ended with ${status}`);
}
const whole: Checkpoint = deserialize(readFileSync(state)).end;
const rest: Checkpoint = deserialize(readFileSync(`${state}.rest`)).end;
const bytes = (vectors: Float32Array) => Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
const same = bytes(whole.vectors).equals(bytes(rest.vectors)) && whole.step === STEPS && rest.step === STEPS;
console.log(
  `${same ? 'passed' : 'FAILED'}  a resumed run ends in the bytes of the uninterrupted one (${whole.environment})`,
);
process.exit(same ? 0 : 1);
