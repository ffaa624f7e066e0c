import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { setFiles } from '../interchange/set-files';
import { setPackageFiles } from '../interchange/set-package';
import { writeZip } from '../interchange/zip';
import type { PromptSet } from '../prompt-set/types';
import { readMatrix } from '../report/matrix';
import { setOf } from '../route/test-support';
import { STANDARD } from '../training/settings';
import { readDataset, readLibrary } from './data';
import { migrate } from './migrate';
import { createLog, readModelDir } from './node-host';

const OLD = 'public/models/softprompt-studio/tiny-support';
const NEW = 'test/fixtures/models/llama-optimum-fp32';
const SETTINGS = { ...STANDARD, virtualTokens: 4, steps: 4, batchSize: 2, validateEvery: 2 };

let folder: string;
let zip: string;
let set: PromptSet;

const run = async (...args: readonly string[]) => {
  const lines: string[] = [];
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    await migrate([zip, '--from', OLD, '--model', NEW, '--out', join(folder, 'out'), '--threads', '1', ...args]);
  } finally {
    out.mockRestore();
  }
  return lines.join('');
};

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  folder = await mkdtemp(join(tmpdir(), 'softprompt-migrate-'));
  const columns = { text: 'text', label: 'label' };
  const asked = {
    data: 'public/sample/support-messages.csv',
    test: null,
    columns,
    seed: 0,
    trainRows: 20,
    testRows: 12,
  };
  const dataset = await readDataset(asked, createLog());
  const { card } = await readModelDir(OLD);
  const made = setOf('Tone', dataset.labels, { hidden: 96, sha256: card.sha256 }, 1);
  const facts = { datasetFingerprint: dataset.fingerprint, splitHash: dataset.splitHash, settings: SETTINGS };
  set = { ...made, soft: made.soft.map((each) => ({ ...each, ...facts })) };
  const complete = { set, dataset, checkpoints: [], evaluations: [], measurements: [] };
  zip = join(folder, 'tone.zip');
  await writeFile(zip, writeZip(await setPackageFiles(complete)));
});

it('trains what is in use again, compares old and new, switches nothing, and asks nothing twice', async () => {
  const text = await run();
  expect(text).toContain('| hand-written 1 |');
  expect(text).toContain('| tuned 1 |');
  expect(text).toContain('p is corrected for 2 pairs');
  expect(text).toContain('1 prompt trained again');
  expect(text).toContain('production: from tuned 1 to tuned 2');
  const [kept] = await readLibrary(join(folder, 'out', 'TONE', 'set'));
  expect(kept?.set.soft.map(({ model }) => model.sha256)).toHaveLength(2);
  // what training took, beside its seconds
  expect(kept?.set.soft[1]?.heapBytes).toBeGreaterThanOrEqual(16 * 1024 * 1024);
  expect(kept?.set.testLooks).toBe(set.testLooks + 1);
  expect(kept?.set.moves).toEqual(set.moves);
  expect(kept?.set.chosenSoft).toBe(set.chosenSoft);
  const answers = join(folder, 'out', 'TONE', 'answers.json');
  const matrix = readMatrix(await readFile(answers, 'utf8'));
  expect(matrix.ok && matrix.value.cells.map(({ skipped }) => skipped)).toEqual([null, null, null, null]);
  const bytes = await readFile(answers);
  const before = kept && setFiles(kept);
  expect(await run()).toBe(text);
  expect(await readFile(answers)).toEqual(bytes);
  const [again] = await readLibrary(join(folder, 'out', 'TONE', 'set'));
  expect(again && setFiles(again)).toEqual(before);
}, 120_000);

it('refuses the same weights twice, a set that is not there, and a folder of other rows', async () => {
  await expect(migrate([zip, '--from', OLD, '--model', OLD, '--out', folder])).rejects.toThrow('the same weights');
  await expect(run('--handle', 'NONE')).rejects.toThrow('there is no NONE');
  const bare = { set, dataset: null, checkpoints: [], evaluations: [], measurements: [] };
  const path = join(folder, 'bare.zip');
  await writeFile(path, writeZip(await setPackageFiles(bare)));
  await expect(migrate([path, '--from', OLD, '--model', NEW, '--out', folder])).rejects.toThrow('has no rows');
});
