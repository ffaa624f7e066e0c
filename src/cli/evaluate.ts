import { writeFile } from 'node:fs/promises';
import { accountOf, accountSentence, rowsRead, without } from '../dataset/account';
import { withHashes } from '../dataset/keys';
import { labelsIndexer, rowsOf } from '../dataset/labels';
import type { Dataset, Row, RowAccount } from '../dataset/types';
import { sheetFigures, sheetRows } from '../evaluation/sheets';
import type { AnswerSheet } from '../evaluation/types';
import { times } from '../evaluation/words';
import { type Package, unpacked } from '../interchange/package';
import { readJson } from '../lib/bytes';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { counted, midSentence, ofRows, percent, points } from '../lib/format';
import { firstFault, z } from '../lib/zod';
import { wilson } from '../metrics/intervals';
import { type Figure, headlineMetric, headlineOf } from '../metrics/registry';
import { labelsOf, softOf } from '../prompt/prompt';
import { withoutVectors } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { asChoice, ofKind, openVersion, tableSource } from '../route/answering';
import { isHashed, labelAnswers } from '../workflow/grid';
import type { Host } from '../workflow/host';
import { openTestRows } from '../workflow/open-data';
import { bytesAt, openTable, readPrompt } from './data';
import { earlierLooks } from './exports';
import { type Log, openHost } from './node-host';
import {
  columnsOf,
  FIX,
  flag,
  modelOf,
  PROMPT_COLUMNS,
  PROMPT_MODEL,
  share,
  text,
  UsageError,
  type Values,
  whole,
} from './options';
import { command, type Ended } from './program';

const GATE = {
  minAccuracy: share('per cent', 'end with 3 below this accuracy'),
  baseline: text('RESULTS.json', 'end with 3 below these results: of tune, of Compare, or an earlier --out'),
  maxLoss: share('points', 'how far below the baseline it may be (default: 0)'),
  ignoreLeftOut: flag('for the gate, rows that are left out do not count (default: they count as wrong)'),
};

const BELOW_GATE = 3;

export const evaluate = command({
  summary: 'score an exported prompt on other rows, or guard what you ship',
  takes: { prompt: '<PROMPT>', data: '<DATA.csv>' },
  options: {
    ...PROMPT_COLUMNS,
    testRows: whole('rows to score, drawn by the seed (default: all)'),
    out: text('FILE.json', 'file for the results, in place of standard output'),
    ...GATE,
    ...FIX,
    ...PROMPT_MODEL,
  },
  notes:
    'PROMPT: an exported zip, or the folder prompt/ that tune makes. Where the baseline is of the same file, its rows are scored.',
  async run(given, log) {
    const gate = await readGate(given);
    const of = await readPrompt(given.prompt);
    const { model: needed } = of;
    if (!needed) throw badInput('This prompt counts words and needs no model: use predict.');
    const { kind } = of.version.prompt.task;
    if (kind === 'generate')
      throw badInput(
        'This prompt generates texts, so it has no labels to score. Use predict to see its texts, or compare it in the page.',
      );
    const columns = columnsOf(given, of.columns ?? undefined);
    const model = await modelOf(given, [needed]);
    const table = await openTable(given.data, columns, log, given);
    const all = await openTestRows(table, { ...columns, id: null, task: kind }, given.testRows);
    const dataset = await onRowsOf(gate.baseline, all);
    checkLabels(of, dataset);
    const knownRows = rowsKnown(of, dataset);
    const isSameFile = of.data?.fingerprint === dataset.fingerprint && dataset === all;
    if (knownRows ?? isSameFile)
      log.line(
        `This prompt was trained on rows of this file${knownRows ? ` (${knownRows} of the ${counted(dataset.split.test.length, 'row')} here)` : ''}: accuracy on new rows will be lower.`,
      );
    const earlier = [given.out, given.baseline].flatMap((path) => (path ? [earlierLooks(path, dataset)] : []));
    const looks = Math.max(0, ...(await Promise.all(earlier)));
    if (looks > 0) log.line(`These rows were used ${times(looks)} before, by the results that are named`);
    await using host = await openHost(model, log);
    const version = unpacked(of, of.version);
    const asked = { dataset, columns, wanted: rowsOf(dataset, 'test') };
    const { rows, leftOut } = await sourceOf(host, version, asked);
    const account = leftOut.reduce((sum, [, , why]) => without(sum, why, 1), accountOf(dataset));
    if (rows.length === 0) {
      const nothing = `No row of ${table.format.fileName} could be scored.`;
      if (!isGate(gate)) throw badInput(`${nothing}\n${accountSentence(account)}`);
      return below(`The tuned prompt falls short: ${midSentence(nothing)}`, { account });
    }
    const bare = withoutVectors(version);
    const untuned = { ...bare, prompt: { ...bare.prompt, calibration: of.untuned } };
    const arms = softOf(version.prompt) ? [await armOf(host, 'untuned', untuned, asked, log)] : [];
    const tuned = await armOf(host, 'tuned', version, asked, log);
    const { id, dtype, sha256 } = host.engine.info;
    const json = {
      model: { id, dtype, sha256 },
      prompt: { name: of.name, version: of.version.name },
      dataset: { name: table.format.fileName, fingerprint: dataset.fingerprint, knownRows },
      looks: looks + 1,
      rows: account,
      arms: [...arms, tuned],
    };
    if (given.out) await writeFile(given.out, `${JSON.stringify(json, null, 1)}\n`);
    const ended: Ended = { json, account, ...(given.out && { text: '' }) };
    const { isPassed, sentence } = judged(gate, { ...tuned, account }, dataset, given.testRows !== null);
    if (!isPassed) return below(sentence, ended);
    if (sentence) log.line(sentence);
    return ended;
  },
});

const below = (why: string, ended: Ended): Ended => ({ ...ended, failed: { code: BELOW_GATE, why } });

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
  readonly rows: readonly string[];
  /** Of the file whose rows they are; null = not known. */
  readonly fingerprint: string | null;
}

const shareSchema = z.object({ value: z.number().min(0).max(1) });

/** The share of rows with exactly their labels. @throws StudioError `bad-input` where there is none */
function rightIn({ accuracy, subsetAccuracy }: Readonly<Partial<Record<string, { readonly value: number }>>>): number {
  const found = accuracy ?? subsetAccuracy;
  if (!found) throw badInput('The results do not say how many rows got exactly their labels.');
  return found.value;
}

/** What a baseline needs of results.json and of the JSON that this command prints. */
const baselineSchema = z.object({
  dataset: z.object({ fingerprint: z.string() }).optional(),
  arms: z.array(
    z.object({
      id: z.string(),
      metrics: z.object({ accuracy: shareSchema.optional(), subsetAccuracy: shareSchema.optional() }),
      rows: z.array(z.object({ id: z.string() })),
    }),
  ),
});

/** @throws UsageError for numbers that cannot be meant; StudioError `bad-input` for a baseline that cannot be read */
async function readGate({ minAccuracy, baseline, maxLoss, ignoreLeftOut }: Values<typeof GATE>): Promise<Gate> {
  if (maxLoss !== null && baseline === null)
    throw new UsageError('--max-loss is the loss against a baseline: name its results with --baseline.');
  const read = baseline === null ? null : await readBaseline(baseline);
  return { minAccuracy, baseline: read, maxLoss: maxLoss ?? 0, ignoresLeftOut: ignoreLeftOut };
}

async function readBaseline(path: string): Promise<Baseline> {
  const parsed = baselineSchema.safeParse(readJson(await bytesAt(path)));
  const tuned = parsed.data?.arms.find(({ id }) => id === 'tuned');
  if (!tuned)
    throw badInput(
      `${path} has no results of a tuned prompt (${parsed.success ? 'no such prompt in it' : `at ${firstFault(parsed.error)}`}). Give the results.json of tune or of Compare, or the JSON of an earlier evaluate.`,
    );
  const { metrics, rows } = tuned;
  return {
    accuracy: rightIn(metrics),
    rows: rows.map(({ id }) => id),
    fingerprint: parsed.data?.dataset?.fingerprint ?? null,
  };
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

/**
 * Whether a prompt passes. Rows that were left out count as wrong: all of the file's, or only those among the rows that were
 * drawn or that the baseline answered.
 */
function judged(
  { minAccuracy, baseline, maxLoss, ignoresLeftOut }: Gate,
  { metrics, account }: Pick<ScoredArm, 'metrics'> & { readonly account: RowAccount },
  dataset: Dataset,
  isDrawn: boolean,
) {
  if (!isGate({ minAccuracy, baseline })) return { isPassed: true, sentence: '' };
  const isSame = baseline?.fingerprint === dataset.fingerprint;
  const { used } = account;
  const asked = ignoresLeftOut ? used : isSame || isDrawn ? dataset.split.test.length : account.read;
  const right = Math.round(rightIn(metrics) * used);
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
function rowsKnown({ data }: Package, dataset: Dataset): number | null {
  const hashes = data?.textHashes;
  if (!hashes) return null;
  return rowsOf(dataset, 'test').filter(isHashed(`${hashes.train}${hashes.validation}`, dataset)).length;
}

/** @throws StudioError `bad-input` where the prompt cannot answer rows with these labels */
function checkLabels({ version: { prompt } }: Package, dataset: Dataset): void {
  const known = labelsOf(prompt);
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
  readonly metrics: Readonly<Record<string, Figure>>;
  readonly rows: readonly object[];
}

interface Asked {
  readonly dataset: Dataset;
  readonly columns: { readonly text: string };
  /** Its test rows. */
  readonly wanted: readonly Row[];
}

const sourceOf = (host: Host, version: Version, { dataset: { table }, columns: { text }, wanted }: Asked) =>
  tableSource(host, version, { columns: table.columns, rows: wanted }, { text, label: null }).rowsAt(0, wanted.length);

/** The answers to these rows, calibrated as they were compared and as `predict` calibrates them, and how good they are. */
async function armOf(host: Host, id: string, version: Version, asked: Asked, log: Log): Promise<ScoredArm> {
  const { prompt } = version;
  const subtracted = prompt.calibration?.meanLogProbs ?? null;
  const { rows } = await sourceOf(host, version, asked);
  const answer = openVersion(host, asChoice({ ...version, prompt: { ...prompt, calibration: null } }));
  const names = labelsOf(prompt);
  const scored: (readonly number[])[] = [];
  for (let from = 0; from < rows.length; from += PIECE) {
    const { answers } = await answer(rows.slice(from, from + PIECE), uninterrupted);
    for (const each of answers)
      scored.push(ofKind('classify', each).probabilities.map((share) => Math.log(share || Number.MIN_VALUE)));
    log.progress(`${id}: ${scored.length} of ${rows.length} rows`);
  }
  const ids = rows.map(({ rowId }) => asked.wanted[Number(rowId)]?.id ?? '');
  const labelsAt = labelsIndexer(asked.dataset);
  const known = rowsOf(asked.dataset, ids).map((row) => {
    const places = labelsAt(row).map((place) => names.indexOf(asked.dataset.labels[place] ?? ''));
    return { label: places[0] ?? null, tags: places.filter((place) => place < names.length - 1) };
  });
  const { kind } = prompt.task;
  const answers = { kind, rowIds: ids, groups: null, seed: 0, ...labelAnswers(prompt, scored, known) } as AnswerSheet;
  const metrics = sheetFigures(answers);
  const { value } = headlineOf({ kind, metrics });
  log.line(`${headlineMetric(kind).format.value(value).padStart(6)}  ${id}`);
  const said = sheetRows(answers);
  return {
    id,
    calibration: subtracted && Object.fromEntries(names.map((name, c) => [name, subtracted[c]])),
    metrics,
    rows: scored.map((logProbs, i) => ({
      id: ids[i],
      gold: said[i]?.gold,
      predicted: said[i]?.label,
      logProbs: Object.fromEntries(names.map((name, c) => [name, logProbs[c]])),
    })),
  };
}

/** Rows that are answered at once, so that progress shows. */
const PIECE = 64;
