/**
 * Two steps and what each rung of their ladder adds. Step one answers a field of every row, once; step two's prompt reads
 * that answer as a column. The rungs, from the lowest: the template alone, its instruction, step one's answer, examples,
 * and each tuned prompt.
 *
 * Step two never reads the field's own column: the answers of step one replace it, right or wrong, in test rows and in the
 * rows that examples and training come from. A row that a prompt here was trained on or shows as an example is no test row.
 * A row that step one has seen is no training row for step two either: step one answers rows of its own training better
 * than new ones, and step two would learn to trust it more than it may. Refused: training step one again on parts of the
 * rows, which takes a run for each part.
 */
import { labelIndexer, rowsById, textKeyOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { chosenCalibration } from '../evaluation/classify/outcome';
import { type AnswerSheet, answerDifferences, predictionsOf } from '../evaluation/classify/pairs';
import { rowGroups } from '../evaluation/rows';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { counted } from '../lib/format';
import { unwrap } from '../lib/result';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import type { MatrixPrompt } from '../prompt-set/ready-prompt';
import { accuracyOf, type Ladder, type LadderRung, type StepCost } from '../report/ladder';
import { shotIds } from '../task/render';
import {
  alignWords,
  checkTemplate,
  otherColumns,
  parseTemplate,
  printTemplate,
  sameLabels,
  splitInstruction,
  withoutColumn,
  wordsFor,
} from '../task/template';
import { scoredRows } from './compare-arms';
import { CALIBRATION_ROWS, otherRows } from './compare-labels';
import type { Host, Run, Verb } from './host';
import { isHashed, renderedRows, whySkipped } from './matrix';
import { prepareRows } from './open-data';

export interface LadderRequest {
  readonly dataset: Dataset;
  /** What step one answers, as step two's prompt names it. A column of this name has step one's right answers. */
  readonly field: string;
  readonly first: MatrixPrompt;
  /** The first that reads the field, without its vectors, gives the lower rungs; each with vectors is a rung on top. */
  readonly second: readonly MatrixPrompt[];
  /** Examples of the rung with examples, where the prompt has none of its own. */
  readonly shots: number;
}

export type LadderEvent =
  | { readonly kind: 'rung'; readonly rung: LadderRung }
  /** Share of the rows that have to be asked, and what is asked now. */
  | { readonly kind: 'progress'; readonly fraction: number; readonly note: string };

interface Climbed {
  readonly ladder: Ladder;
  /** The rows with step one's answers as the field, for training step two: without the rows that step one has seen. */
  readonly dataset: Dataset;
}

const refused = (message: string) => new StudioError('bad-input', message);

/**
 * @throws StudioError `bad-input` for a field or prompts that make no ladder, or where no test row is left; `cancelled`; and as
 * the engine. A rung that cannot be asked is skipped with its reason.
 */
export const climbLadder: Verb<LadderRequest, LadderEvent, Climbed> = async (host, request, run) => {
  const { dataset, field, first } = request;
  const { id, dtype, sha256 } = host.engine.info;
  const base = baseOf(request, sha256);
  const { known, ...split } = partsFor(request);
  const rows = [...split.train, ...split.validation, ...split.test];
  const rungRows = split.test.length + CALIBRATION_ROWS;
  const all = rows.length + rungRows * (4 + request.second.length);
  let before = 0;
  const ask: Ask = async (note, of, on, ids) => {
    const tell = (share: number) => run.emit({ kind: 'progress', fraction: (before + share * ids.length) / all, note });
    const asked = await askedRows(host, of, on, ids, { control: run.control, emit: tell });
    before += ids.length;
    return asked;
  };
  const { asked, labels } = await stepOne(request, { ...dataset, split }, ask);
  const filled = await withField(dataset, field, split, labels);
  if (filled.split.test.length === 0) throw refused('Step one could not answer any test row. Shorten its prompt.');
  const rungs: LadderRung[] = [];
  for (const plan of plannedRungs(request, base, filled)) {
    const rung = await climbed(plan, filled, { sha256, field }, ask);
    rungs.push(rung);
    run.emit({ kind: 'rung', rung });
  }
  const ladder: Ladder = {
    formatVersion: 1,
    kind: 'ladder',
    field,
    model: { id, dtype, sha256 },
    first: { name: first.name, cost: asked.cost, ...firstFigures(request, filled, labels) },
    rungs: compared(rungs),
    test: {
      rows: filled.split.test.length,
      known: dataset.split.test.length - split.test.length,
      unanswered: split.test.length - filled.split.test.length,
    },
    training: { rows: filled.split.train.length + filled.split.validation.length, known },
    unsure: [first, ...request.second].flatMap((of) => (knows(of, dataset) === null ? [of.name] : [])),
  };
  return { ladder, dataset: filled };
};

const reads = ({ prompt }: MatrixPrompt, field: string, { mapping }: Dataset): boolean =>
  otherColumns(prompt.template, mapping.text).includes(field);

/** Step two's hand-written prompt, which reads the field. @throws StudioError `bad-input` */
function baseOf({ dataset, field, first, second }: LadderRequest, sha256: string): MatrixPrompt {
  const { mapping, table } = dataset;
  if (field === mapping.label || field === mapping.text || field.trim() === '')
    throw refused(
      `“${field}” cannot be step one's field: name one that is neither the text nor the answer of step two.`,
    );
  if (reads(first, field, dataset))
    throw refused(`Step one's prompt shows {${field}}, which it is to answer. Take it out.`);
  if (first.model && first.model.sha256 !== sha256)
    throw refused(`Step one's vectors only work with ${first.model.id} (${first.model.dtype}). Load that model.`);
  unwrap(checkTemplate(first.prompt.template, table.columns, mapping));
  for (const { prompt } of second) unwrap(checkTemplate(prompt.template, [...table.columns, field], mapping));
  const base = second.find((of) => reads(of, field, dataset));
  if (!base)
    throw refused(`No prompt of step two reads step one's answer. Write {${field}} on a line of its own in it.`);
  return { ...base, softs: [], model: null, ...(base.softs.length > 0 ? { meanLogProbs: null } : {}), threshold: null };
}

/** Whether a prompt was trained on a row, or shows it as an example; null = nobody can say. */
function knows(
  { seen, dataset: own, prompt, softs }: MatrixPrompt,
  { mapping }: Dataset,
): ((row: Row) => boolean) | null {
  if (seen === null) return null;
  if ('hashes' in seen) return isHashed(seen.hashes, { mapping });
  if (!own) return seen.parts.length === 0 ? () => false : null;
  const isFixed = softs.length === 0 && prompt.selection !== 'nearest';
  const ids = isFixed ? shotIds(own, prompt) : seen.parts.flatMap((part) => own.split[part]);
  const byId = rowsById(own.table.rows);
  const keys = new Set(ids.flatMap((id) => byId.get(id) ?? []).map((row) => textKeyOf(row, own.mapping)));
  return (row) => keys.has(textKeyOf(row, mapping));
}

type Parts = Dataset['split'] & { readonly known: number };

/** Test rows that no prompt knows, and other rows that step one does not. @throws StudioError `bad-input` */
function partsFor({ dataset, first, second }: LadderRequest): Parts {
  const byId = rowsById(dataset.table.rows);
  const without = (ids: readonly string[], prompts: readonly MatrixPrompt[]) => {
    const known = prompts.flatMap((of) => knows(of, dataset) ?? []);
    return ids.filter((id) => !known.some((has) => has(present(byId.get(id), `row ${id}`))));
  };
  const { split } = dataset;
  const test = without(split.test, [first, ...second]);
  if (test.length === 0)
    throw refused(
      split.test.length === 0
        ? 'These rows have no test rows. Name a file with more rows, or one with test rows.'
        : 'Every test row is known to one of the prompts. Name the test rows that they were trained without.',
    );
  const [train, validation] = [without(split.train, [first]), without(split.validation, [first])];
  const known = split.train.length + split.validation.length - train.length - validation.length;
  return { train, validation, test, known };
}

interface Asked {
  /** Log-probabilities over the prompt's labels, by row id, before any calibration. */
  readonly logProbs: ReadonlyMap<string, readonly number[]>;
  readonly cost: StepCost;
}

type Ask = (note: string, of: MatrixPrompt, on: Dataset, ids: readonly string[]) => Promise<Asked>;

/** What a prompt says of rows, as a matrix asks it. Labels of the rows are not given to it. */
async function askedRows(
  host: Host,
  of: MatrixPrompt,
  { table, mapping }: Dataset,
  ids: readonly string[],
  { control, emit }: Run<number>,
): Promise<Asked> {
  throwIfInterrupted(control);
  const byId = rowsById(table.rows);
  const asked = { ...table, rows: ids.map((id) => present(byId.get(id), `row ${id}`)) };
  const { rows } = await renderedRows(host, of, asked, { text: mapping.text, label: null });
  const beganAt = performance.now();
  const found = rows.length === 0 ? [] : await scoredRows(host, of, { rows, cacheKey: null }, control, emit);
  const each = (sum: number) => sum / Math.max(1, found.length);
  return {
    logProbs: new Map(found.map(({ rowId, logProbs }) => [rowId, logProbs])),
    cost: {
      tokens: each(found.reduce((sum, { tokensSent }) => sum + tokensSent, 0)),
      msPerRow: each(performance.now() - beganAt),
    },
  };
}

/**
 * Probabilities by row id. A prompt without a calibration of its own gets one where it lowers the loss on validation rows, as
 * in a comparison.
 * @param goldOf index into the prompt's labels; null = not known
 */
function probabilitiesOf(
  { meanLogProbs }: MatrixPrompt,
  { logProbs }: Asked,
  { validation, calibration }: ReturnType<typeof otherRows>,
  goldOf: (id: string) => number | null,
): ReadonlyMap<string, readonly number[]> {
  const known = validation.flatMap((id) => {
    const [said, gold] = [logProbs.get(id), goldOf(id)];
    return said && gold !== null ? [{ id, said, gold }] : [];
  });
  const ids = new Set(known.map(({ id }) => id));
  const others = calibration.flatMap((id) => (ids.has(id) || !logProbs.has(id) ? [] : [logProbs.get(id) ?? []]));
  const [said, gold] = [known.map((row) => row.said), known.map((row) => row.gold)];
  const subtracted = meanLogProbs ?? chosenCalibration(said, gold, others)?.meanLogProbs ?? null;
  return new Map([...logProbs].map(([id, each]) => [id, labelProbabilities(each, subtracted)]));
}

/** Index of a row's cell into the labels of a prompt; null = it is none of them. */
function goldIn({ table, mapping }: Dataset, column: string, { words }: MatrixPrompt): (id: string) => number | null {
  const indexOf = labelIndexer({ labels: words.map(({ label }) => label), mapping: { ...mapping, label: column } });
  const byId = rowsById(table.rows);
  return (id) => indexOf(present(byId.get(id), `row ${id}`));
}

/** Step one's label for each row that it could answer, asked once. */
async function stepOne(
  { field, first }: LadderRequest,
  dataset: Dataset,
  ask: Ask,
): Promise<{ readonly asked: Asked; readonly labels: ReadonlyMap<string, string> }> {
  const { train, validation, test } = dataset.split;
  const asked = await ask(`Step one, ${first.name}`, first, dataset, [...train, ...validation, ...test]);
  const said = probabilitiesOf(first, asked, otherRows(dataset, []), goldIn(dataset, field, first));
  return { asked, labels: new Map([...said].map(([id, each]) => [id, first.words[argmax(each)]?.label ?? ''])) };
}

/** The rows with step one's answers in place of whatever the field's column has; rows without an answer are in no part. */
async function withField(
  { table, mapping, labels, seed }: Dataset,
  field: string,
  { train, validation, test }: Dataset['split'],
  said: ReadonlyMap<string, string>,
): Promise<Dataset> {
  const rows = table.rows.map((row) => ({ ...row, cells: { ...row.cells, [field]: said.get(row.id) ?? '' } }));
  const columns = table.columns.includes(field) ? table.columns : [...table.columns, field];
  const has = (ids: readonly string[]) => ids.filter((id) => said.has(id));
  const fixedSplit = { train: has(train), validation: has(validation), test: has(test) };
  const prepared = await prepareRows({ ...table, columns, rows }, mapping, { seed, fixedSplit, labelOrder: labels });
  return prepared.dataset;
}

/** How often step one is right about test rows, and what it says of them. */
function firstFigures(
  { dataset, field, first }: LadderRequest,
  { split, seed }: Dataset,
  said: ReadonlyMap<string, string>,
): Pick<Ladder['first'], 'accuracy' | 'answers'> {
  const answers = Object.fromEntries(split.test.map((id) => [id, said.get(id) ?? '']));
  const goldOf = goldIn(dataset, field, first);
  const rowIds = split.test.filter((id) => goldOf(id) !== null);
  if (rowIds.length === 0) return { accuracy: null, answers };
  const labels = first.words.map(({ label }) => label);
  const gold = rowIds.map((id) => goldOf(id) ?? -1);
  const predicted = rowIds.map((id) => labels.indexOf(answers[id] ?? ''));
  const groups = rowGroups(dataset, rowIds) ?? null;
  const accuracy = accuracyOf({ gold, predicted, classes: labels.length }, { seed, groups });
  return { accuracy: { ...accuracy, rows: rowIds.length }, answers };
}

/** A rung with its prompt, or with the reason why there is none. */
interface PlannedRung {
  readonly id: string;
  readonly name: string;
  readonly of: MatrixPrompt | string;
}

function plannedRungs(
  { field, second, shots }: LadderRequest,
  base: MatrixPrompt,
  filled: Dataset,
): readonly PlannedRung[] {
  const { template, ...own } = base.prompt;
  const hand = (text: string): MatrixPrompt => {
    const prompt = { ...own, template: text, shots: 0 };
    return {
      ...base,
      prompt,
      words: wordsFor(prompt, base.words),
      meanLogProbs: text === template ? base.meanLogProbs : null,
    };
  };
  const alone = withoutColumn(template, field);
  const noLine = `{${field}} is not on a line of its own above the last line, so there is no prompt without it`;
  const bare = alone === null ? null : bareOf(alone);
  const isBare = 'The prompt has no instruction above its first column';
  const vectors = second.flatMap((of, i) =>
    of.softs.length > 0 ? [{ id: `vectors-${i + 1}`, name: `Vectors: ${of.name}`, of }] : [],
  );
  return [
    { id: 'foundation', name: 'Foundation prompt', of: bare === null ? noLine : hand(bare) },
    { id: 'instruction', name: 'Instruction', of: alone === null ? noLine : alone === bare ? isBare : hand(alone) },
    { id: 'first', name: "Step one's answer", of: hand(template) },
    examplesRung(hand(template), own.shots > 0 ? own.shots : shots, filled),
    ...vectors,
  ];
}

/** The prompt with examples, which are training rows with step one's answers to them. */
function examplesRung(of: MatrixPrompt, shots: number, filled: Dataset): PlannedRung {
  const rung = (of: PlannedRung['of']) => ({ id: 'examples', name: counted(shots, 'example'), of });
  if (filled.split.train.length === 0)
    return rung('Step one has seen every training row, so none can be an example. Train it on a part of them');
  if (!sameLabels(of.words, filled.labels)) return rung('The prompt has other labels than these rows');
  const words = alignWords(of.words, filled.labels);
  return rung({ ...of, prompt: { ...of.prompt, shots }, words, meanLogProbs: null, dataset: filled });
}

const bareOf = (template: string): string => printTemplate(splitInstruction(unwrap(parseTemplate(template))).bare);

const NOT_ASKED = { readsFirst: false, skipped: null, cost: null, accuracy: null, added: null, answers: null };

/** Asks one rung; what makes its prompt unfit for these rows is its own matter, and skips it. */
async function climbed(
  { id, name, of }: PlannedRung,
  filled: Dataset,
  { sha256, field }: { readonly sha256: string; readonly field: string },
  ask: Ask,
): Promise<LadderRung> {
  const skipped = (why: string): LadderRung => ({ ...NOT_ASKED, id, name, skipped: why });
  if (typeof of === 'string') return skipped(of);
  const why = whySkipped(of, sha256, filled);
  if (why !== null) return skipped(why);
  const others = otherRows(filled, [of]);
  let asked: Asked;
  try {
    asked = await ask(name, of, filled, [...filled.split.test, ...others.calibration]);
  } catch (cause) {
    if (!(cause instanceof StudioError) || cause.code !== 'bad-input') throw cause;
    return skipped(cause.message);
  }
  const rowIds = filled.split.test.filter((row) => asked.logProbs.has(row));
  if (rowIds.length === 0) return skipped('No test row fits the model with this prompt');
  const goldOf = goldIn(filled, filled.mapping.label, of);
  const said = probabilitiesOf(of, asked, others, goldOf);
  const answers: AnswerSheet = {
    labels: of.words.map(({ label }) => label),
    rowIds,
    gold: rowIds.map((row) => present(goldOf(row), `label of row ${row}`)),
    probabilities: rowIds.map((row) => said.get(row) ?? []),
    groups: rowGroups(filled, rowIds) ?? null,
    seed: filled.seed,
  };
  const { gold, labels } = answers;
  const accuracy = accuracyOf({ gold, predicted: predictionsOf(answers), classes: labels.length }, answers);
  return { ...NOT_ASKED, id, name, readsFirst: reads(of, field, filled), cost: asked.cost, accuracy, answers };
}

/** Each rung against the next one below that was asked, corrected for all of them. */
function compared(rungs: readonly LadderRung[]): readonly LadderRung[] {
  const asked = rungs.flatMap(({ id, answers }) => (answers ? [{ id, answers }] : []));
  const found = answerDifferences(
    asked.slice(1).map(({ answers }, i) => [present(asked[i], 'rung').answers, answers] as const),
  );
  const added = new Map(asked.slice(1).map(({ id }, i) => [id, found[i] ?? null]));
  return rungs.map((rung) => ({ ...rung, added: added.get(rung.id) ?? null }));
}
