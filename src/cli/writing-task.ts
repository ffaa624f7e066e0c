import { drawnRows } from '../dataset/draw';
import { prepareDataset } from '../dataset/prepare';
import type { ColumnMapping, Dataset } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { checkTemplate, printTemplate, splitInstruction } from '../task/template';
import { drawnTraining, firstBlocking, readTable, restOf } from './data';
import type { Log } from './log';
import { UsageError } from './usage';

/** At most, and at most a quarter of the rows that do not test. */
const VALIDATION_ROWS = 40;

/** What is to be generated, and the rows that show it. */
export interface WritingTask {
  readonly dataset: Dataset;
  /** The hand-written prompt, and the same without its instruction: the text that vectors are put to. */
  readonly yours: string;
  readonly bare: string;
  readonly instruction: string;
}

export interface WritingOptions {
  readonly text: string;
  readonly target: string;
  readonly prompt: string;
  readonly trainRows: number | null;
  readonly testRows: number | null;
}

/** Rows are drawn for their parts by a fixed seed. @throws UsageError, StudioError `bad-input` */
export async function readWritingTask(path: string, log: Log, options: WritingOptions): Promise<WritingTask> {
  const { text, target } = options;
  const table = await readTable(path, 'data', { text, target }, log);
  const mapping: ColumnMapping = { text, label: target, id: null, task: 'write' };
  const checked = checkTemplate(options.prompt, table.columns, mapping);
  if (!checked.ok) throw new UsageError(`--prompt: ${checked.error.message}`);
  const instructed = splitInstruction(checked.value);
  const prepare = async (fixedSplit?: Dataset['split']) => {
    const prepared = await prepareDataset(table, mapping, { seed: 0, fixedSplit });
    if (!prepared.ok) throw new UsageError(prepared.error.message);
    return prepared.value;
  };
  const first = await prepare();
  firstBlocking(first.issues);
  const dataset = (await prepare(drawnParts(first.dataset, options))).dataset;
  const { train, validation, test } = dataset.split;
  if (train.length === 0 || test.length === 0)
    throw new StudioError(
      'bad-input',
      `${table.format.fileName} has too few rows with both a text and a ${target}: some must train, and some must test.`,
    );
  log.line(`${train.length} rows train, ${validation.length} validate, ${test.length} are held back`);
  return {
    dataset,
    yours: options.prompt,
    bare: printTemplate(instructed.bare),
    instruction: instructed.instruction || options.prompt.split('{')[0] || 'Write',
  };
}

function drawnParts(dataset: Dataset, { trainRows, testRows }: WritingOptions): Dataset['split'] {
  const { test } = dataset.split;
  const validation = Math.min(VALIDATION_ROWS, Math.floor(restOf(dataset).length / 4));
  return {
    ...drawnTraining(dataset, { train: trainRows, validation }),
    test: drawnRows(dataset, test, testRows ?? test.length),
  };
}
