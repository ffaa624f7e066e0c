/**
 * Trains what keys and values start from (soft prompt transfer, Vu et al. 2022): prompts for the five tasks of rows.txt, with
 * two seeds each, and their mean. `npx tsx tools/starts/main.ts` writes it into the built-in model's folder and its card.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Papa from 'papaparse';
import { createLog, DEFAULT_MODEL, type Log, openHost } from '../../src/cli/node-host';
import { groupBy } from '../../src/lib/collect';
import { TRANSFER_FILE } from '../../src/model/card';
import { writeSafetensors } from '../../src/prompt/codecs';
import { PRESETS } from '../../src/training/settings';
import { SILENT } from '../../src/workflow/host';
import { NO_TEST, openParts, readTable } from '../../src/workflow/open-data';
import { train } from '../../src/workflow/train';
import { openSet } from '../../src/workflow/tune';

const SEEDS = [0, 1];
/** More overfit so few rows. */
const STEPS = 40;
const { auto: _, core: __, ...auto } = PRESETS.auto.settings;
const SETTINGS = { ...auto, placement: 'kv', answerVectors: 'trained', patience: null, steps: STEPS } as const;
const OUT = process.argv[2] ?? join(import.meta.dirname, '../../public/models', DEFAULT_MODEL);

/** Below a line `# task: label` come its texts. */
function tasks(): ReadonlyMap<string, readonly { readonly text: string; readonly label: string }[]> {
  let [task = '', label = ''] = [];
  const rows = readFileSync(join(import.meta.dirname, 'rows.txt'), 'utf8').split('\n');
  const labelled = rows.flatMap((text) => {
    if (text.startsWith('# ')) [task = '', label = ''] = text.slice(2).split(': ');
    return text === '' || text.startsWith('# ') ? [] : [{ task, label, text }];
  });
  return groupBy(labelled, (row) => row.task);
}

async function* prompts(log: Log): AsyncGenerator<Float32Array> {
  await using host = await openHost({ model: DEFAULT_MODEL, backend: 'node-native', threads: 1 }, log);
  for (const [task, rows] of tasks()) {
    const bytes = new TextEncoder().encode(Papa.unparse([...rows]));
    const data = await readTable({ fileName: `${task}.csv`, bytes }, SILENT);
    const mapping = { task: 'classify', text: 'text', label: 'label', id: null } as const;
    const all = { trainRows: null, testRows: null };
    const dataset = await openParts({ data, test: null, mapping, seed: 0, shares: NO_TEST }, all);
    const { baseTemplate: template, words } = openSet(host, { dataset, prompt: null, words: null });
    for (const seed of SEEDS) {
      const settings = { ...SETTINGS, seed };
      const from = { initText: '\n', initFrom: null, resume: null, baselines: [] };
      const { soft, best } = await train(host, { runId: task, dataset, template, words, settings, ...from }, SILENT);
      log.line(`${task}, seed ${seed}: validation loss ${best?.loss.toFixed(3)}`);
      yield soft.vectors;
    }
  }
}

const trained: Float32Array[] = [];
for await (const prompt of prompts(createLog())) trained.push(prompt);
const vectors = (trained[0] ?? new Float32Array()).map((_x, i) =>
  trained.reduce((sum, each) => sum + (each[i] ?? 0) / trained.length, 0),
);
const { virtualTokens } = SETTINGS;
const bytes = writeSafetensors({ vectors, virtualTokens, hidden: vectors.length / virtualTokens });
writeFileSync(join(OUT, TRANSFER_FILE), bytes);
const card = JSON.parse(readFileSync(join(OUT, 'studio.json'), 'utf8'));
const entry = { path: TRANSFER_FILE, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
const others = card.files.filter(({ path }: typeof entry) => path !== TRANSFER_FILE);
writeFileSync(join(OUT, 'studio.json'), `${JSON.stringify({ ...card, files: [...others, entry] }, null, 2)}\n`);
