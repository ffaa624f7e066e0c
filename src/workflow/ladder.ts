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
 *
 * What a prompt has answered is given away as soon as it is finished, and is not asked again where it is given back: a stop
 * loses one prompt's answers at most.
 */
import { accountOf, without } from '../dataset/account';
import { withHashes } from '../dataset/keys';
import { goldOf, rowsOf } from '../dataset/labels';
import { usedRows } from '../dataset/split';
import type { Dataset, RowAccount } from '../dataset/types';
import { type AnswerSheet, answerDifferences, predictionsOf } from '../evaluation/classify/pairs';
import { rowGroups } from '../evaluation/rows';
import { present } from '../lib/assert';
import { contentKey, sha256 } from '../lib/bytes';
import { throwIfInterrupted } from '../lib/control';
import { badInput, badInputIn } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import { type MatrixPrompt, promptKey } from '../prompt-set/ready-prompt';
import { accuracyOf, type Ladder, type LadderAnswers, type LadderRung, type StepCost } from '../report/ladder';
import { scoredRows } from './compare-arms';
import { CALIBRATION_ROWS, decidedCalibration, otherRows } from './compare-labels';
import type { Host, Run, Verb } from './host';
import { baseOf, knows, type LadderRequest, type PlannedRung, partsFor, plannedRungs, reads } from './ladder-plan';
import { renderedRows, whySkipped } from './matrix';
import { prepareRows } from './open-data';

export type LadderEvent =
  | { readonly kind: 'rung'; readonly rung: LadderRung }
  /** To be kept, and given back where the same ladder is climbed again. */
  | { readonly kind: 'answers'; readonly answers: LadderAnswers }
  /** Share of the rows that have to be asked, what is asked now, and how fast. */
  | { readonly kind: 'progress'; readonly fraction: number; readonly note: string; readonly rowsPerSecond: number };

interface Climbed {
  readonly ladder: Ladder;
  /** The rows with step one's answers as the field, for training step two: without the rows that step one has seen. */
  readonly dataset: Dataset;
  /** All that it rests on, kept and new. */
  readonly answers: readonly LadderAnswers[];
  /** A row is used that step one and every rung could answer. */
  readonly account: RowAccount;
}

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
  const { ask, answers } = asking(host, request, run, all);
  const { asked, labels } = await stepOne(request, await withHashes({ ...dataset, split }), ask);
  const filled = await withField(dataset, field, split, labels);
  if (filled.split.test.length === 0) throw badInput('Step one could not answer any test row. Shorten its prompt.');
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
  const seen = without(accountOf(dataset), 'seen', usedRows(dataset) - rows.length);
  const fit = filled.split.test.filter((id) => rungs.every((rung) => rung.answers?.rowIds.includes(id) ?? true));
  const long = rows.length - usedRows(filled) + filled.split.test.length - fit.length;
  return { ladder, dataset: filled, answers, account: without(seen, 'long', long) };
};

interface Asked {
  /** Log-probabilities over the prompt's labels, by row id, before any calibration. */
  readonly logProbs: ReadonlyMap<string, readonly number[]>;
  readonly cost: StepCost;
}

type Ask = (note: string, of: MatrixPrompt, on: Dataset, ids: readonly string[]) => Promise<Asked>;

/** Asks what has no answer yet. @param all rows that a whole ladder asks */
function asking(host: Host, { kept }: LadderRequest, { control, emit }: Run<LadderEvent>, all: number) {
  const answers: LadderAnswers[] = [];
  const beganAt = performance.now();
  let [before, fresh] = [0, 0];
  const ask: Ask = async (note, of, on, ids) => {
    throwIfInterrupted(control);
    const key = await sha256(contentKey(await promptKey(of), host.engine.info.sha256, on.fingerprint, ids));
    const isWhole = ({ rows }: LadderAnswers) => rows.every(([, each]) => each.length === of.words.length);
    const old = kept.find((each) => each.key === key && isWhole(each));
    const tell = (share: number) => {
      const rowsPerSecond = (1000 * (fresh + share * ids.length)) / Math.max(1, performance.now() - beganAt);
      emit({ kind: 'progress', fraction: (before + share * ids.length) / all, note, rowsPerSecond });
    };
    const found = old ?? { key, ...(await askedRows(host, of, on, ids, { control, emit: tell })) };
    if (!old) {
      fresh += ids.length;
      emit({ kind: 'answers', answers: found });
    }
    before += ids.length;
    answers.push(found);
    return { logProbs: new Map(found.rows), cost: found.cost };
  };
  return { ask, answers };
}

/** What a prompt says of rows, as a matrix asks it. Labels of the rows are not given to it. */
async function askedRows(
  host: Host,
  of: MatrixPrompt,
  dataset: Dataset,
  ids: readonly string[],
  { control, emit }: Run<number>,
): Promise<Omit<LadderAnswers, 'key'>> {
  const { table, mapping } = dataset;
  const asked = { ...table, rows: rowsOf(dataset, ids) };
  const { rows } = await renderedRows(host, of, asked, { text: mapping.text, label: null });
  const beganAt = performance.now();
  const found = rows.length === 0 ? [] : await scoredRows(host, of, { rows, dataset, cacheKey: null }, control, emit);
  const each = (sum: number) => sum / Math.max(1, found.length);
  return {
    rows: found.map(({ rowId, logProbs }) => [rowId, Array.from(logProbs)]),
    cost: {
      tokens: each(found.reduce((sum, { tokensSent }) => sum + tokensSent, 0)),
      msPerRow: each(performance.now() - beganAt),
    },
  };
}

/**
 * Probabilities by row id. A prompt without a calibration of its own gets one where a comparison would give it one.
 * @param on rows with the prompt's labels
 */
function probabilitiesOf(
  of: MatrixPrompt,
  { logProbs }: Asked,
  others: ReturnType<typeof otherRows>,
  on: Dataset,
): ReadonlyMap<string, readonly number[]> {
  const subtracted = of.meanLogProbs ?? decidedCalibration(on, of, others, logProbs)?.meanLogProbs ?? null;
  return new Map([...logProbs].map(([id, each]) => [id, labelProbabilities(each, subtracted)]));
}

/** The rows with a column's cells as their labels, and those of a prompt as the labels there are. */
const labelledBy = (dataset: Dataset, label: string, { words }: MatrixPrompt): Dataset => ({
  ...dataset,
  labels: words.map((word) => word.label),
  mapping: { ...dataset.mapping, label },
});

/** Step one's label for each row that it could answer, asked once. */
async function stepOne(
  { field, first }: LadderRequest,
  dataset: Dataset,
  ask: Ask,
): Promise<{ readonly asked: Asked; readonly labels: ReadonlyMap<string, string> }> {
  const { train, validation, test } = dataset.split;
  const asked = await ask(`Step one, ${first.name}`, first, dataset, [...train, ...validation, ...test]);
  const said = probabilitiesOf(first, asked, otherRows(dataset, []), labelledBy(dataset, field, first));
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
  const on = labelledBy(dataset, field, first);
  const { labels } = on;
  const onTest = goldOf(on, split.test);
  const rowIds = split.test.filter((_id, i) => onTest[i] !== -1);
  // in a file that step one has answered, the column is its answers
  const ofAll = goldOf(on, [...said.keys()]);
  const isItsOwn = [...said.values()].every((label, i) => labels[ofAll[i] ?? -1] === label);
  if (rowIds.length === 0 || isItsOwn) return { accuracy: null, answers };
  const gold = onTest.filter((label) => label !== -1);
  const predicted = rowIds.map((id) => labels.indexOf(answers[id] ?? ''));
  const groups = rowGroups(dataset, rowIds) ?? null;
  const accuracy = accuracyOf({ gold, predicted, classes: labels.length }, { seed, groups });
  return { accuracy: { ...accuracy, rows: rowIds.length }, answers };
}

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
    return skipped(badInputIn(cause));
  }
  const rowIds = filled.split.test.filter((row) => asked.logProbs.has(row));
  if (rowIds.length === 0) return skipped('No test row fits the model with this prompt');
  const on = labelledBy(filled, filled.mapping.label, of);
  const said = probabilitiesOf(of, asked, others, on);
  const answers: AnswerSheet = {
    labels: on.labels,
    rowIds,
    gold: goldOf(on, rowIds),
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
