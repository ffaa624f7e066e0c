/** What a JavaScript program gives is checked at the door, so that an error names what is wrong with it. */
import { isRecord } from '../lib/assert';
import { badInput } from '../lib/errors';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { NUMBER_SETTINGS } from '../training/fields';
import { PRESET_NAMES } from '../training/settings';
import type { OpenOptions, TrainOptions } from './types';

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? `“${value}”` : String(value);
  return text.slice(0, 80);
};

/** @throws StudioError `bad-input` */
function checkChoice(name: string, value: unknown, among: readonly string[]): void {
  if (value !== undefined && !among.includes(value as string))
    throw badInput(`${name} takes ${among.join(', ')}, not ${shown(value)}.`);
}

/** @throws StudioError `bad-input` */
function checkNumber(name: string, value: unknown, [min, max]: readonly [number, number], whole = true): void {
  if (value === undefined) return;
  const isSound = typeof value === 'number' && value >= min && value <= max && (!whole || Number.isSafeInteger(value));
  if (!isSound)
    throw badInput(`${name} takes a ${whole ? 'whole number' : 'number'} from ${min} to ${max}, not ${shown(value)}.`);
}

const NUMBERS = ['virtualTokens', 'steps', 'learningRate', 'seed'] as const;

/** @throws StudioError `bad-input` */
export function checkTraining(options: TrainOptions): void {
  for (const name of ['name', 'prompt'] as const) {
    const text: unknown = options[name];
    if (text !== undefined && typeof text !== 'string') throw badInput(`${name} takes a text, not ${shown(text)}.`);
  }
  checkChoice('task', options.task, ['classify', 'tag', 'generate']);
  checkChoice('preset', options.preset, PRESET_NAMES);
  checkChoice('placement', options.placement, PLACEMENTS);
  checkChoice('heldOut', options.heldOut, ['share', 'none']);
  for (const { key, min, max, whole } of NUMBER_SETTINGS) {
    const name = NUMBERS.find((each) => each === key);
    if (name) checkNumber(name, options[name], [min, max], whole);
  }
}

/** @throws StudioError `bad-input` */
export function checkOpening({ device, threads }: OpenOptions): void {
  checkChoice('device', device, ['auto', 'wasm', 'webgpu']);
  checkNumber('threads', threads, [1, 64]);
}

const isCell = (cell: unknown, several: boolean): boolean =>
  cell === null ||
  ['string', 'number', 'boolean', 'undefined'].includes(typeof cell) ||
  (several && Array.isArray(cell) && cell.every((each) => isCell(each, false)));

/** @throws StudioError `bad-input` */
export function checkRows(rows: unknown, task: TrainOptions['task']): void {
  if (rows instanceof Blob) return;
  if (!Array.isArray(rows)) throw badInput('Rows are an array of objects, such as [{ text, label }], or a file.');
  if (rows.length === 0) throw badInput('There are no rows. Give at least a few of each label.');
  rows.forEach((row: unknown, i) => {
    if (!isRecord(row)) throw badInput(`Row ${i + 1} is no object with a cell for each column.`);
    const wrong = Object.entries(row).find(([, cell]) => !isCell(cell, task === 'tag'));
    if (wrong && Array.isArray(wrong[1]) && task !== 'tag')
      throw badInput(`Row ${i + 1} has several labels in “${wrong[0]}”. Rows with several labels are the task tag.`);
    if (wrong) throw badInput(`Row ${i + 1} has no text in “${wrong[0]}”, but ${shown(wrong[1])}.`);
  });
}

/** @throws StudioError `bad-input` */
export function checkAsked(rows: unknown): void {
  const isRow = (row: unknown) => typeof row === 'string' || (isRecord(row) && !Array.isArray(row));
  if (!Array.isArray(rows) || !rows.every(isRow))
    throw badInput('Texts are asked as an array of texts, or of rows by column: classify([text]).');
}
