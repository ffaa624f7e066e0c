/**
 * What a search for the best hand-written prompt brings: accuracy on test rows of the template alone, of a prompt written by
 * hand, and of the winner, which is chosen without them. Answers are kept in a file, so that a search that is cut off by
 * `timeout` continues. One JSON line at the end.
 *
 *     npx tsx tools/bench/improve.ts DATA SET STATE.json [--budget 200] [--backend node-native] [--train-rows 256]
 *       [--test-rows N] [--seed 0] [--threads N] [--found PROMPT.json] [--as-dropped]
 *
 * DATA and SET as in training.ts; STATE.json is written. With --as-dropped the words and the prompt are those that are proposed
 * for the file, and SET may be any. With --found the winner is that of `improve --out PROMPT.json`.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { goldOf, labelCounts } from '../../src/dataset/labels';
import { chosenCalibration } from '../../src/evaluation/classify/outcome';
import { uninterrupted } from '../../src/lib/control';
import { calibrated } from '../../src/metrics/calibration';
import { accuracy, argmax } from '../../src/metrics/classification';
import { wilson } from '../../src/metrics/intervals';
import { firstText } from '../../src/prompt/prompt';
import { candidateKey, type PromptCandidate } from '../../src/task/prompt-candidates';
import { wordsFor } from '../../src/task/template';
import { labelTokens } from '../../src/tokens/tokenizer';
import { improve } from '../../src/workflow/improve';
import { tokenRows } from '../../src/workflow/token-rows';
import { validationIds } from '../../src/workflow/training-rows';
import { openSet } from '../../src/workflow/tune';
import { readOptions } from './read-options.mjs';
import { readSet, SETS, sizesOf } from './sets';

type Answers = [rowId: string, logProbs: readonly number[]][];

const { values, positionals } = readOptions({
  budget: 200,
  backend: 'node-native',
  'train-rows': 256,
  'test-rows': null,
  seed: 0,
  threads: null,
  found: null,
  'as-dropped': false,
});
const [data = '', name = '', file = ''] = positionals;
const set = SETS[name as keyof typeof SETS];
if ((!set && !values['as-dropped']) || !file) {
  console.error(`Name the folder, one of ${Object.keys(SETS).join(', ')}, and a file for the answers.`);
  process.exit(2);
}
const read = (): [string, Answers][] => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
};
const scored = new Map(read());
function save(): void {
  writeFileSync(`${file}.part`, JSON.stringify([...scored]));
  renameSync(`${file}.part`, file);
}

const log = createLog();
const { seed } = values;
const dataset = await readSet(data, name, { seed, ...sizesOf(values) }, log);
const backend = values.backend === 'node-wasm' ? 'node-wasm' : 'node-native';
const threads = values.threads === null ? null : Number(values.threads);
await using host = await openHost({ model: DEFAULT_MODEL, backend, threads }, log);
const asGiven = values['as-dropped'] ? null : set;
const given = asGiven && new Map(asGiven.words.split(',').map((pair) => pair.split('=') as [string, string]));
const asked = { dataset, prompt: asGiven?.prompt ?? null, words: given };
const { words, versions, baseTemplate: template } = openSet(host, asked);
const [first] = versions;
const hand = { prompt: first ? firstText(first.prompt) : { template, shots: 0, shotSeed: 0 }, words };
const request = { dataset, template, words, own: [hand], budget: values.budget };
const search = () =>
  improve(host, request, {
    control: uninterrupted,
    emit: (event) => {
      if (event.kind === 'progress') log.progress(`${event.note}: ${Math.round(100 * event.fraction)}%`);
    },
  });

/** The file that `improve --out` writes. */
function fromFile(path: string) {
  const { name, prompt, words, search, board } = JSON.parse(readFileSync(path, 'utf8'));
  return { winner: { name, prompt, words }, search, board, tokens: null };
}
const found = values.found === null ? await search() : fromFile(values.found);

/** Log-probabilities of a prompt for these rows; those of the file are not asked again. */
async function answersOf({ prompt, words: own }: Pick<PromptCandidate, 'prompt' | 'words'>, ids: readonly string[]) {
  const key = candidateKey({ prompt, words: own });
  const known = new Map(scored.get(key));
  const fitting = wordsFor(prompt, own);
  for (let at = 0; at < ids.length; at += 25) {
    const split = ids.slice(at, at + 25).filter((id) => !known.has(id));
    if (split.length === 0) continue;
    const { rows } = await tokenRows(host, { dataset, prompt, words: fitting, split }, uninterrupted);
    const labels = labelTokens(host.tokens, fitting);
    const answers = await host.engine.score({ rows, labels, soft: null, cacheKey: null }, uninterrupted);
    for (const { rowId, logProbs } of answers.rows) known.set(rowId, logProbs);
    scored.set(key, [...known]);
    save();
    log.progress(`${at + split.length} of ${ids.length} rows`);
  }
  return ids.map((id) => known.get(id) ?? []);
}

/** Calibrated as a comparison would, on validation rows; right on test rows. */
async function onTest(candidate: Pick<PromptCandidate, 'prompt' | 'words'>) {
  const validation = validationIds(dataset);
  const own = await answersOf(candidate, validation);
  const counts = labelCounts(dataset, dataset.split.train);
  const means = chosenCalibration(own, goldOf(dataset, validation), [], counts)?.meanLogProbs ?? null;
  const answers = (await answersOf(candidate, dataset.split.test)).map((row) => argmax(calibrated(row, means)));
  const gold = goldOf(dataset, dataset.split.test);
  const right = answers.filter((answer, i) => answer === gold[i]).length;
  return { accuracy: accuracy(gold, answers), interval: wilson(right, gold.length), calibrated: means !== null };
}

const bare = { prompt: { template, shots: 0, shotSeed: 0 }, words };
const { winner, tokens, board } = found;
const line = {
  set: name,
  budget: request.budget,
  seed,
  winner: winner.name,
  search: found.search,
  tokens,
  first: board.slice(0, 8),
  bare: await onTest(bare),
  hand: await onTest(hand),
  improved: await onTest(winner),
};
console.log(JSON.stringify(line));
