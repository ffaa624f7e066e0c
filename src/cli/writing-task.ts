import { basename } from 'node:path';
import type { ColumnMapping, Row } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { createRng, shuffled } from '../lib/rng';
import { checkTemplate, printTemplate, splitInstruction } from '../task/template';
import { readTable } from './data';
import type { Log } from './log';
import { UsageError } from './usage';

/** At most, and at most a quarter of the rows that do not test. */
const VALIDATION_ROWS = 40;
const TEST_SHARE = 0.35;

/** What is to be written, and which rows show it. */
export interface WritingTask {
  readonly mapping: ColumnMapping;
  readonly target: string;
  /** The hand-written prompt, and the same without its instruction: the text that vectors are put to. */
  readonly yours: string;
  readonly bare: string;
  readonly instruction: string;
  readonly parts: Readonly<Record<'train' | 'validation' | 'test', readonly Row[]>>;
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
  const mapping: ColumnMapping = { text, label: target, id: null };
  const checked = checkTemplate(options.prompt, table.columns, mapping);
  if (!checked.ok) throw new UsageError(`--prompt: ${checked.error.message}`);
  const split = splitInstruction(checked.value);
  const usable = table.rows.filter(
    ({ cells }) => (cells[text] ?? '').trim() !== '' && (cells[target] ?? '').trim() !== '',
  );
  const rows = shuffled(usable, createRng(0));
  const test = rows.slice(
    0,
    Math.min(options.testRows ?? Number.POSITIVE_INFINITY, Math.round(TEST_SHARE * rows.length)),
  );
  const rest = rows.slice(test.length);
  const validation = rest.slice(0, Math.min(VALIDATION_ROWS, Math.floor(rest.length / 4)));
  const train = rest.slice(validation.length).slice(0, options.trainRows ?? undefined);
  if (train.length === 0 || test.length === 0)
    throw new StudioError(
      'bad-input',
      `${basename(path)} has ${usable.length} usable rows; that is too few to train and to test on.`,
    );
  log.line(`${train.length} rows train, ${validation.length} validate, ${test.length} are held back`);
  return {
    mapping,
    target,
    yours: options.prompt,
    bare: printTemplate(split.bare),
    instruction: split.instruction || options.prompt.split('{')[0] || 'Write',
    parts: { train, validation, test },
  };
}
