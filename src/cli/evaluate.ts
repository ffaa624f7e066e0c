import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { accountOf, accountSentence, rowsRead, without } from '../dataset/account';
import { withHashes } from '../dataset/keys';
import { goldOf, rowsOf } from '../dataset/labels';
import type { Dataset, RowAccount } from '../dataset/types';
import type { ScoreResult } from '../engine/types';
import { times } from '../evaluation/words';
import type { Sidecar } from '../interchange/sidecar';
import { present } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { counted, midSentence, ofRows, percent, points } from '../lib/format';
import { firstFault, z } from '../lib/zod';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import { wilson } from '../metrics/intervals';
import { forEachMetric, LABEL_METRICS } from '../metrics/registry';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { armsOf } from '../prompt-set/arms';
import { askedArm } from '../prompt-set/calibration';
import { tunedPrompt } from '../prompt-set/versions';
import type { TokenRow } from '../tokens/tokenizer';
import { isHashed } from '../workflow/grid';
import type { Host } from '../workflow/host';
import { openTestRows } from '../workflow/open-data';
import { tokenRows } from '../workflow/token-rows';
import { bytesAt, openTable, readPrompt } from './data';
import { earlierLooks } from './exports';
import { createLog, type Log, openHost } from './node-host';
import {
  flags,
  MEND_USAGE,
  mendOptions,
  PROMPT_MODEL_USAGE,
  promptModelOptions,
  readArguments,
  UsageError,
  valued,
  withLists,
} from './options';

export const EVALUATE_USAGE = `npm run evaluate -- PROMPT DATA.csv [--text COL] [--label COL] [--test-rows N] [--out FILE.json]
  [--min-accuracy PER_CENT] [--baseline RESULTS.json [--max-loss POINTS]] [--ignore-left-out]
  ${PROMPT_MODEL_USAGE}
  PROMPT: an exported zip, or the folder prompt/ that tune makes
  --text and --label, left out: the columns that the prompt was made with
  --min-accuracy and --baseline make it a gate: exit code 3 and one sentence when the tuned prompt falls short
  for the gate, rows without a text or a label, unreadable or too long count as wrong; --ignore-left-out: they do not count
  ${MEND_USAGE}
  RESULTS.json: of tune, of Compare, or an earlier --out; of the same file, its rows are scored; --max-loss: 0 if left out`;

const argumentsOf = (args: readonly string[]) =>
  readArguments(withLists(args, ['models']), {
    ...promptModelOptions,
    ...mendOptions,
    ...valued('text', 'label', 'test-rows', 'out', 'min-accuracy', 'baseline', 'max-loss'),
    ...flags('ignore-left-out'),
  });
type Given = ReturnType<typeof argumentsOf>;

/** Scores an exported prompt, and its text without the vectors, on the rows of a labelled file; JSON on stdout. */
export async function evaluate(args: readonly string[]): Promise<void> {
  const { values, ...read } = argumentsOf(args);
  const [prompt, data] = read.exactly(['PROMPT', 'DATA.csv']);
  const testRows = read.wholeNumber('test-rows');
  const gate = await readGate({ values, ...read });
  const log = createLog();
  const { sidecar, set, dataset: own } = await readPrompt(resolve(prompt));
  const columns = read.columns(sidecar.columns ?? own?.mapping);
  const model = await read.modelFor([sidecar.model]);
  const table = await openTable(resolve(data), columns, log, { mends: read.mends() });
  const all = await openTestRows(table, { ...columns, id: null }, testRows);
  const dataset = await onRowsOf(gate.baseline, all);
  checkLabels(sidecar, dataset);
  const known = knownRows(sidecar, dataset);
  const isSameFile = sidecar.data?.fingerprint === dataset.fingerprint && dataset === all;
  if (known ?? isSameFile)
    log.line(
      `This prompt was trained on rows of this file${known ? ` (${known} of the ${counted(dataset.split.test.length, 'row')} here)` : ''}: accuracy on new rows will be lower.`,
    );
  const earlier = [values.out, values.baseline].flatMap((path) => (path ? [earlierLooks(resolve(path), dataset)] : []));
  const looks = Math.max(0, ...(await Promise.all(earlier)));
  if (looks > 0) log.line(`These rows were used ${times(looks)} before, by the results that are named`);
  const soft = present(set.soft[0]?.soft, 'vectors');
  await using host = await openHost(model, log);
  const { id, dtype, sha256 } = host.engine.info;
  const { rows, account } = await askedRows(host, sidecar, dataset);
  if (rows.length === 0) {
    const nothing = `No row of ${table.format.fileName} could be scored.\n${accountSentence(account)}`;
    throw isGate(gate) ? new BelowGate(`The tuned prompt falls short: ${midSentence(nothing)}`) : badInput(nothing);
  }
  const asked = { sidecar, dataset, rows };
  const bare = present(armsOf(set).arms[0], 'untuned prompt');
  const untuned = await armOf(
    host,
    { id: bare.id, soft: null, subtracted: askedArm(set, bare).prompt.calibration?.meanLogProbs ?? null },
    asked,
    log,
  );
  const subtracted = sidecar.calibration?.meanLogProbs ?? null;
  const tuned = await armOf(host, { id: 'tuned', soft, subtracted }, asked, log);
  const { name, placement } = sidecar;
  const found = {
    model: { id, dtype, sha256 },
    prompt: { name, placement },
    dataset: { name: table.format.fileName, fingerprint: dataset.fingerprint, knownRows: known },
    looks: looks + 1,
    rows: account,
    arms: [untuned, tuned],
  };
  const text = `${JSON.stringify(found, null, 1)}\n`;
  if (values.out) await writeFile(resolve(values.out), text);
  else process.stdout.write(text);
  const { isPassed, sentence } = judged(gate, { ...tuned, account }, dataset, testRows !== null);
  if (isPassed && sentence) log.line(sentence);
  if (!isPassed) throw new BelowGate(`${sentence}\n${accountSentence(account)}`);
  log.line(accountSentence(account));
}

const DEFAULT_LOSS = 0;

/** What an accuracy must reach; a baseline is the tuned prompt of earlier results. */
interface Gate {
  /** A share; null = any. */
  readonly minAccuracy: number | null;
  readonly baseline: Baseline | null;
  /** How far it may fall below the baseline, as a share. */
  readonly maxLoss: number;
  /** Rows that were left out do not count; else they count as wrong. */
  readonly ignoresLeftOut: boolean;
}

interface Baseline {
  readonly accuracy: number;
  /** Ids of the rows that it answered. */
  readonly rows: readonly string[];
  /** Of the file whose rows they are; null = not known. */
  readonly fingerprint: string | null;
}

/** The prompt was scored, and falls short of the gate. */
export class BelowGate extends Error {
  override readonly name = 'BelowGate';
}

/** What a baseline needs of results.json and of the JSON that this command prints. */
const baselineSchema = z.object({
  dataset: z.object({ fingerprint: z.string() }).optional(),
  arms: z.array(
    z.object({ id: z.string(), accuracy: z.number().min(0).max(1), rows: z.array(z.object({ id: z.string() })) }),
  ),
});

/** @throws UsageError for numbers that cannot be meant; StudioError `bad-input` for a baseline that cannot be read */
async function readGate({ values, share }: Pick<Given, 'values' | 'share'>): Promise<Gate> {
  const { baseline } = values;
  if (values['max-loss'] !== undefined && baseline === undefined)
    throw new UsageError('--max-loss is the loss against a baseline: name its results with --baseline.');
  return {
    minAccuracy: share('min-accuracy', 'per cent'),
    baseline: baseline === undefined ? null : await readBaseline(resolve(baseline)),
    maxLoss: share('max-loss', 'points') ?? DEFAULT_LOSS,
    ignoresLeftOut: values['ignore-left-out'] ?? false,
  };
}

async function readBaseline(path: string): Promise<Baseline> {
  const parsed = baselineSchema.safeParse(readJson(await bytesAt(path)));
  const tuned = parsed.data?.arms.find(({ id }) => id === 'tuned');
  if (!tuned)
    throw badInput(
      `${path} has no results of a tuned prompt (${parsed.success ? 'no such prompt in it' : `at ${firstFault(parsed.error)}`}). Give the results.json of tune or of Compare, or the JSON of an earlier evaluate.`,
    );
  const { accuracy, rows } = tuned;
  return { accuracy, rows: rows.map(({ id }) => id), fingerprint: parsed.data?.dataset?.fingerprint ?? null };
}

/** The rows of the baseline, where it is of the same file: its test rows, and none that it was trained on. */
async function onRowsOf(baseline: Baseline | null, dataset: Dataset): Promise<Dataset> {
  if (baseline?.fingerprint !== dataset.fingerprint) return dataset;
  const known = new Set(dataset.table.rows.map(({ id }) => id));
  const test = baseline.rows.filter((id) => known.has(id));
  const read = rowsRead(dataset.table, dataset.mapping);
  const account = without(read, 'drawn', read.used - test.length);
  return withHashes({ ...dataset, split: { ...dataset.split, test }, account });
}

const isGate = ({ minAccuracy, baseline }: Pick<Gate, 'minAccuracy' | 'baseline'>): boolean =>
  minAccuracy !== null || baseline !== null;

interface Judged {
  readonly isPassed: boolean;
  /** Null where nothing was demanded. */
  readonly sentence: string | null;
}

/**
 * Whether a prompt passes. Rows that were left out count as wrong: all of the file's, or only those among the rows that were
 * drawn or that the baseline answered.
 */
function judged(
  { minAccuracy, baseline, maxLoss, ignoresLeftOut }: Gate,
  { accuracy: ofUsed, account }: Pick<ScoredArm, 'accuracy'> & { readonly account: RowAccount },
  dataset: Dataset,
  isDrawn: boolean,
): Judged {
  if (!isGate({ minAccuracy, baseline })) return { isPassed: true, sentence: null };
  const isSame = baseline?.fingerprint === dataset.fingerprint;
  const { used } = account;
  const asked = ignoresLeftOut ? used : isSame || isDrawn ? dataset.split.test.length : account.read;
  const right = Math.round(ofUsed * used);
  const accuracy = right / asked;
  const ci = wilson(right, asked);
  const lost = baseline ? baseline.accuracy - accuracy : 0;
  const missed = asked > used ? `, where ${counted(asked - used, 'row')} left out count as wrong` : '';
  const reached = `${ofRows(accuracy, asked, 'row')} right (95% interval ${percent(ci.low)} to ${percent(ci.high)})${missed}`;
  const than = baseline && `the baseline’s ${percent(baseline.accuracy)} of ${isSame ? 'the same' : 'other'} rows`;
  const failed = [
    ...(minAccuracy !== null && !(accuracy >= minAccuracy)
      ? [`below the ${percent(minAccuracy)} of --min-accuracy`]
      : []),
    // results are stored with few digits
    ...(!(lost <= maxLoss + 1e-6)
      ? [`${points(-lost)} points against ${than}, where --max-loss allows ${points(-maxLoss)}`]
      : []),
  ];
  return failed.length > 0
    ? { isPassed: false, sentence: `The tuned prompt falls short: ${reached}, ${failed.join(', and ')}.` }
    : { isPassed: true, sentence: `The tuned prompt passes: ${reached}${than ? `, against ${than}` : ''}.` };
}

/** Rows whose texts trained or validated the prompt, by the hashes of its package; null where it has none. */
function knownRows({ data }: Sidecar, dataset: Dataset): number | null {
  const hashes = data?.textHashes;
  if (!hashes) return null;
  return rowsOf(dataset, 'test').filter(isHashed(`${hashes.train}${hashes.validation}`, dataset)).length;
}

/** @throws StudioError `bad-input` where the prompt cannot answer rows with these labels */
function checkLabels({ writing, labels }: Sidecar, dataset: Dataset): void {
  if (writing)
    throw badInput(
      'This prompt generates texts, so it has no labels to score. Use predict to see its texts, or compare it in the page.',
    );
  const known = labels.map(({ label }) => label);
  const unknown = dataset.labels.filter((label) => !known.includes(label));
  if (unknown.length > 0)
    throw badInput(
      `The prompt does not know the label ${unknown.join(', ')}; it knows ${known.join(', ')}. Leave those rows out.`,
    );
}

interface ScoredArm {
  readonly id: string;
  /** By label: what is subtracted from its log-probability. */
  readonly calibration: Readonly<Record<string, number | undefined>> | null;
  readonly accuracy: number;
  readonly accuracyCi95: readonly [low: number, high: number];
  readonly rows: readonly object[];
}

interface Asked {
  readonly sidecar: Sidecar;
  readonly dataset: Dataset;
  readonly rows: readonly TokenRow[];
}

/** The test rows that fit the model. */
async function askedRows(host: Host, { template, placement }: Sidecar, dataset: Dataset) {
  // no examples are shown, so no answer words: these rows may lack a label, or have the labels in another order
  const request = { dataset, prompt: tunedPrompt(template, { placement }), words: [], split: 'test' as const };
  const { rows, tooLong } = await tokenRows(host, request, uninterrupted);
  return { rows, account: without(accountOf(dataset), 'long', tooLong.length) };
}

interface Asking {
  readonly id: string;
  readonly soft: SoftPrompt | null;
  /** From the log-probabilities of the labels, as the prompt was compared; null = nothing. */
  readonly subtracted: readonly number[] | null;
}

/** The answers to these rows, calibrated as they were compared and as `predict` calibrates them, and how good they are. */
async function armOf(
  host: Host,
  { id, soft, subtracted }: Asking,
  { sidecar: { labels }, dataset, rows }: Asked,
  log: Log,
): Promise<ScoredArm> {
  const asked = { rows, labels, soft, cacheKey: 'rows' };
  const scored = await host.engine.score(asked, uninterrupted, (done) =>
    log.progress(`${id}: ${done} of ${rows.length} rows`),
  );
  const names = labels.map(({ label }) => label);
  const ids = rows.map(({ rowId }) => rowId);
  const gold = goldOf(dataset, ids).map((index) => names.indexOf(dataset.labels[index] ?? ''));
  const predicted = scored.rows.map(({ logProbs }) => argmax(labelProbabilities(logProbs, subtracted)));
  const answers = { gold, predicted, classes: names.length };
  const { format, compute, interval } = LABEL_METRICS.accuracy;
  const { low, high } = interval(answers, { seed: 0 });
  log.line(`${format.value(compute(answers)).padStart(6)}  ${id}`);
  return {
    id,
    calibration: subtracted && Object.fromEntries(names.map((name, c) => [name, subtracted[c]])),
    ...forEachMetric(LABEL_METRICS, (metric) => metric.compute(answers)),
    accuracyCi95: [low, high],
    rows: scored.rows.map((row, i) => rowOf(row, names, gold[i] ?? 0, predicted[i] ?? 0)),
  };
}

const rowOf = (
  { rowId, logProbs }: ScoreResult['rows'][number],
  names: readonly string[],
  gold: number,
  predicted: number,
) => ({
  id: rowId,
  gold: names[gold],
  predicted: names[predicted],
  logProbs: Object.fromEntries(names.map((name, c) => [name, logProbs[c]])),
});
