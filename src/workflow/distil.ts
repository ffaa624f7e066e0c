/**
 * Verb: a prompt in other vectors: a long one made smaller, or a tuned one made to fit elsewhere. The prompt answers texts,
 * calibrated as it answers elsewhere, and vectors are trained to give the same probabilities (distillation: Hinton et al. 2015;
 * of a prompt: Askell et al. 2021). The texts' labels are not used. Validation rows choose the step to keep; test rows take no part.
 */
import { allUsed, without } from '../dataset/account';
import { drawnRows, textHash } from '../dataset/draw';
import { withHashes } from '../dataset/keys';
import { labelOf, rowsOf, textKeyOf } from '../dataset/labels';
import type { Dataset, Row, RowAccount } from '../dataset/types';
import type { CalibrationFit } from '../evaluation/types';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { secondsLeft } from '../lib/format';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import { type Prompt, softOf, textsOf } from '../prompt/prompt';
import { tokensAdded } from '../prompt/soft-prompt';
import type { Smaller } from '../prompt-set/types';
import { shotIds } from '../task/render';
import { wordsFor } from '../task/template';
import { labelTokens, type TokenRow } from '../tokens/tokenizer';
import { ask, textRows } from './ask';
import { decidedCalibration, otherRows } from './compare-labels';
import type { Host, Run, Verb } from './host';
import type { RunInputs } from './run-rows';
import { type TrainedRun, type TrainRunEvent, type TrainRunRequest, trainableInputs, trainOn } from './train';
import { cacheKeyOf, MOST_TRAINING_ROWS } from './training-rows';

export interface Teacher extends Pick<Prompt, 'voices'> {
  /** What its answers have subtracted; undefined = not decided yet, so that validation rows decide it as in a comparison. */
  readonly calibration: CalibrationFit | null | undefined;
}

export interface DistilRequest extends TrainRunRequest {
  readonly teacher: Teacher;
  /** Texts to learn from, without labels; null = those of the training rows, and of rows without a label. */
  readonly texts: readonly string[] | null;
}

export type DistilEvent =
  | TrainRunEvent
  | { readonly kind: 'teacher'; readonly done: number; readonly total: number; readonly secondsLeft: number | null };

export interface DistilledRun extends TrainedRun {
  /** Null where the run is paused. */
  readonly reached: Smaller | null;
  readonly texts: RowAccount;
}

/** @throws StudioError `bad-input` for a task, words, a prompt or texts that it cannot be done with; as `train` */
export const distil: Verb<DistilRequest, DistilEvent, DistilledRun> = async (host, request, run) => {
  checkTask(host, request);
  const { dataset, ids, account } = await learningTexts(request);
  const asked = { ...request, dataset };
  const inputs = await trainableInputs(host, { ...asked, trains: ids }, run.control);
  const answers = await teacherAnswers(host, asked, inputs, run);
  const taught = taughtBy(answers, inputs);
  const trained = await trainOn(host, asked, taught, run);
  const reached = trained.reason === 'paused' ? null : await reachedBy(host, asked, { taught, answers, trained });
  return { ...trained, reached, texts: without(account, 'long', ids.length - taught.train.length) };
};

function checkTask(host: Host, { dataset, template, words, teacher, texts }: DistilRequest): void {
  if (dataset.mapping.task === 'generate')
    throw badInput('Only a prompt that chooses a label can be made smaller. Choose a label column on the Data screen.');
  if (dataset.labels.length < 2)
    throw badInput('Making a prompt smaller needs at least two labels. Add rows with other labels.');
  const long = labelTokens(host.tokens, wordsFor(template, words)).find(({ tokenIds }) => tokenIds.length !== 1);
  if (long)
    throw badInput(
      `The answer word of ${long.label}, “${long.word.trim()}”, has ${long.tokenIds.length} tokens. Vectors can learn a prompt’s answers where each has one: choose another on the Prompts screen.`,
    );
  if (texts && showsNearest(teacher))
    throw badInput(
      'This prompt shows the examples nearest to each row, which are known only for the rows of its prompt set. Learn from the training rows, or take other examples.',
    );
}

/**
 * The rows to learn from: no more than the run can see, none that repeats a test or validation row, and none that the prompt
 * shows as an example, because there it reads the answer. Rows without a label serve too. Texts from elsewhere become rows of the data set.
 */
async function learningTexts({ dataset, teacher, texts, settings }: DistilRequest): Promise<{
  readonly dataset: Dataset;
  readonly ids: readonly string[];
  readonly account: RowAccount;
}> {
  const { mapping, split, table } = dataset;
  const keyOf = (row: Row) => textKeyOf(row, mapping);
  const held = new Set(rowsOf(dataset, [...split.test, ...split.validation]).map(keyOf));
  const taken = new Set(textsOf(teacher).flatMap((text) => shotIds(dataset, text)));
  const own = () => [...rowsOf(dataset, 'train'), ...(showsNearest(teacher) ? [] : withoutLabel(dataset))];
  const rows = texts?.map((text) => unlabelled(text, dataset)) ?? own();
  const free = rows.filter((row) => {
    const isFree = keyOf(row) !== '' && !held.has(keyOf(row)) && !taken.has(row.id);
    taken.add(row.id);
    return isFree;
  });
  if (free.length === 0)
    throw badInput(
      'No text is left to learn from: each is a test row, a validation row or an example in the prompt. Add texts.',
    );
  const all =
    texts === null ? dataset : await withHashes({ ...dataset, table: { ...table, rows: [...table.rows, ...free] } });
  const most = Math.min(
    MOST_TRAINING_ROWS,
    settings.trainRows ?? MOST_TRAINING_ROWS,
    settings.steps * settings.batchSize,
  );
  const ids = free.map(({ id }) => id);
  const drawn = drawnRows(all, ids, most);
  const empty = rows.filter((row) => keyOf(row) === '').length;
  const given = without(without(allUsed(rows.length), 'text', empty), 'repeat', rows.length - empty - ids.length);
  return { dataset: all, ids: drawn, account: without(given, 'drawn', ids.length - drawn.length) };
}

const withoutLabel = ({ table, mapping }: Dataset): readonly Row[] =>
  table.rows.filter((row) => labelOf(row, mapping).trim() === '');

/** Neighbours are known for the rows of the parts alone. */
const showsNearest = (teacher: Teacher): boolean =>
  textsOf(teacher).some(({ selection, shots }) => selection === 'nearest' && shots > 0);

function unlabelled(text: string, { mapping }: Dataset): Row {
  const row = { id: '', line: 0, cells: { [mapping.text]: text } };
  return { ...row, id: `text ${textHash(row, mapping)}` };
}

interface Answer {
  /** Of the labels, calibrated. */
  readonly shares: readonly number[];
  readonly tokens: number;
}

/** What the prompt answers to the rows of a run, by id; rows that it does not fit are left out. */
async function teacherAnswers(
  host: Host,
  { dataset, teacher }: DistilRequest,
  { train, validation }: RunInputs,
  { control, emit }: Run<DistilEvent>,
): Promise<ReadonlyMap<string, Answer>> {
  const { calibration } = teacher;
  const deciding =
    calibration === undefined ? otherRows(dataset, textsOf(teacher)) : { validation: [], calibration: [] };
  const split = [...new Set([...[...train, ...validation].map(({ rowId }) => rowId), ...deciding.calibration])];
  const { rows } = await textRows(host, teacher, { dataset, split }, control);
  const begin = performance.now();
  const tell = (done: number) =>
    emit({
      kind: 'teacher',
      done,
      total: rows.length,
      secondsLeft: secondsLeft(done, rows.length, (performance.now() - begin) / 1000),
    });
  tell(0);
  const scored = await ask(host, teacher, { rows, dataset, cacheKey: null }, control, (share) =>
    tell(Math.round(share * rows.length)),
  );
  const answers = new Map(scored.rows.map(({ rowId, logProbs }) => [rowId, logProbs]));
  const isTrained = softOf(teacher) !== null;
  const chosen = calibration === undefined ? decidedCalibration(dataset, isTrained, deciding, answers) : calibration;
  return new Map(
    scored.rows.map((row) => [
      row.rowId,
      { shares: labelProbabilities(row.logProbs, chosen?.meanLogProbs ?? null), tokens: row.tokensSent },
    ]),
  );
}

/** The rows of a run with the prompt's answers. A training row's label is the prompt's, so that its own is not used. */
function taughtBy(answers: ReadonlyMap<string, Answer>, { train, validation, labels, facts }: RunInputs): RunInputs {
  const taught = (rows: readonly TokenRow[]) =>
    rows.flatMap((row): TokenRow[] => {
      const shares = answers.get(row.rowId)?.shares;
      return shares ? [{ ...row, taught: shares }] : [];
    });
  const learning = taught(train).map((row) => ({ ...row, label: argmax(present(row.taught, row.rowId)) }));
  if (learning.length === 0)
    throw badInput(
      'The prompt is too long for the model: no text fits after it. Take fewer examples, or shorten it on the Prompts screen.',
    );
  const chosen = taught(validation);
  const counts = { trainRows: learning.length, validationRows: chosen.length };
  return { train: learning, validation: chosen, labels, facts: { ...facts, ...counts } };
}

async function reachedBy(
  host: Host,
  { dataset, template }: DistilRequest,
  made: { readonly taught: RunInputs; readonly answers: ReadonlyMap<string, Answer>; readonly trained: TrainedRun },
): Promise<Smaller> {
  const { taught, answers, trained } = made;
  const { train, validation: rows, labels } = taught;
  const counted = rows.length > 0 ? rows : train;
  const mean = (of: (row: TokenRow) => number) => counted.reduce((sum, row) => sum + of(row), 0) / counted.length;
  const cacheKey = cacheKeyOf(dataset.fingerprint, template);
  // a stop ends the steps, not this
  const scored = await host.engine.score({ rows, labels, soft: trained.soft, cacheKey }, uninterrupted);
  const said = rows.map((_, i) => argmax(present(scored.rows[i], 'answer').logProbs));
  const taughtLabel = ({ taught: shares }: TokenRow) => argmax(present(shares, 'shares'));
  const count = (is: (row: TokenRow, i: number) => boolean) => rows.filter(is).length;
  return {
    tokensBefore: mean(({ rowId }) => present(answers.get(rowId), rowId).tokens),
    tokensAfter: mean(({ ids }) => ids.length + tokensAdded(trained.soft)),
    same: count((row, i) => taughtLabel(row) === said[i]),
    rightBefore: count((row) => taughtLabel(row) === row.label),
    rightAfter: count((row, i) => said[i] === row.label),
    rows: rows.length,
  };
}
