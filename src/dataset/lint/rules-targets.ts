/** Checks of the expected texts, where a prompt generates one. */
import { isNumeric } from '../columns';
import { targetOf, textKey, textOf } from '../labels';
import type { Row } from '../types';
import { type Context, defineLint, MIN_ROWS, plural, quote, together, when } from './define';
import { repeated } from './rules-rows';

/** A column with no more different values than this probably holds labels. */
const FEW_VALUES = 20;

const targetKey = ({ dataset }: Pick<Context, 'dataset'>, row: Row) => textKey(targetOf(row, dataset.mapping));

/** How many different answers there are; null with too few rows to judge. */
const valueCount = (context: Context) =>
  context.usable.length < MIN_ROWS ? null : new Set(context.usable.map((row) => targetKey(context, row))).size;

export const oneTarget = defineLint({
  kind: 'few-targets',
  name: 'Few different answers',
  severity: 'blocking',
  find: (context) => when(valueCount(context) === 1),
  title: (_, { dataset, usable }) =>
    `Every row has the same answer, ${quote(usable[0] ? targetOf(usable[0], dataset.mapping) : '')}`,
  advice: (_, { dataset }) => `There is nothing to learn in “${dataset.mapping.label}”. Choose another column.`,
});

export const fewTargets = defineLint<number>({
  kind: 'few-targets',
  name: 'Few different answers',
  severity: 'warning',
  find: (context) => {
    const values = valueCount(context);
    const isFew = values !== null && values > 1 && values <= FEW_VALUES && values * 4 <= context.usable.length;
    return isFew ? [values] : [];
  },
  title: (values, { dataset }) => `“${dataset.mapping.label}” has only ${plural(values, 'different value')}`,
  advice: () =>
    'They look like labels. Choosing a label trains faster and is measured more precisely than generating a text: change the task under “Columns”.',
});

export const numericTargets = defineLint({
  kind: 'few-targets',
  name: 'Few different answers',
  severity: 'warning',
  find: ({ dataset, usable }) =>
    when(usable.length >= MIN_ROWS && usable.every((row) => isNumeric(targetOf(row, dataset.mapping)))),
  title: (_, { dataset }) => `“${dataset.mapping.label}” holds numbers`,
  advice: () =>
    'Texts are generated word by word: a number that is almost right counts as wrong. Is this the right column?',
});

export const targetIsText = defineLint<readonly Row[]>({
  kind: 'target-is-text',
  name: 'Answer repeats the text',
  severity: 'warning',
  find: (context) =>
    together(context.usable.filter((row) => textKey(textOf(row, context.dataset.mapping)) === targetKey(context, row))),
  title: (rows) => `${plural(rows.length, 'row has', 'rows have')} the same text in both columns`,
  advice: (_, { dataset }) =>
    `These rows teach the model to repeat the text. If you do not want that, correct “${dataset.mapping.label}” in the table below, or leave them out.`,
  rows: (rows) => rows,
});

export const severalTargets = defineLint<readonly (readonly Row[])[]>({
  kind: 'several-targets',
  name: 'Several answers to one text',
  severity: 'warning',
  find: (context) => together(repeated(context, false)),
  title: (groups) => `${plural(groups.length, 'text has', 'texts have')} more than one answer`,
  advice: () =>
    'Each row is compared with its own answer only, so no prompt can be right in all of them. Fine where several answers are good.',
  rows: (groups) => groups.flat(),
});

export const targetLines = defineLint<readonly Row[]>({
  kind: 'target-lines',
  name: 'Answers of several lines',
  severity: 'info',
  find: ({ dataset, usable }) =>
    together(usable.filter((row) => /[\n\r]/.test((row.cells[dataset.mapping.label] ?? '').trim()))),
  title: (rows) => `${plural(rows.length, 'answer has', 'answers have')} several lines`,
  advice: () => 'Answers are one line here: line breaks are read as spaces.',
  rows: (rows) => rows,
});
