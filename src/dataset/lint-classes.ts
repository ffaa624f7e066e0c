/** What is worth a look about the labels as a set: how many there are, how often each, and whether they are numbers. */
import { isNumeric } from './columns';
import { classBalance, labelOf } from './labels';
import {
  finding,
  labelsHardlyRepeat,
  listed,
  MAX_CLASSES,
  MIN_ROWS,
  percent,
  plural,
  quote,
  type Rule,
} from './lint-context';

const RARE_ROWS = 5;
const MANY_CLASSES = 30;
const IMBALANCED_SHARE = 0.8;

export const oneClass: Rule = ({ dataset, usable }) => {
  if (usable.length === 0 || dataset.labels.length > 1) return [];
  return [
    finding(
      'one-class',
      'blocking',
      `Every row has the same label, ${quote(dataset.labels[0] ?? '')}`,
      'There is nothing to tell apart. Choose another label column, or add rows with a second label.',
    ),
  ];
};

export const tooManyClasses: Rule = (context) => {
  const { dataset, usable } = context;
  const n = dataset.labels.length;
  if (context.swapped) return [];
  const column = `“${dataset.mapping.label}”`;
  if (labelsHardlyRepeat(context))
    return [
      finding(
        'too-many-classes',
        'blocking',
        `${n} different labels in ${plural(usable.length, 'row')}`,
        `${column} looks like ${dataset.labels.every(isNumeric) ? 'an ID or a measured number' : 'an ID or free text'}, not a label: almost every row has its own value. Choose the column that says which kind a row is.`,
      ),
    ];
  if (n <= MANY_CLASSES) return [];
  const blocking = n > MAX_CLASSES;
  return [
    finding(
      'too-many-classes',
      blocking ? 'blocking' : 'warning',
      `${n} different labels`,
      blocking
        ? `A small model cannot tell so many apart. Group the values of ${column} into at most ${MAX_CLASSES} labels, better 2 to 10.`
        : 'A small model tells 2 to 10 labels apart well. Group the labels if you can.',
    ),
  ];
};

export const numericLabels: Rule = (context) => {
  const { labels } = context.dataset;
  if (labels.length < 3 || !labels.every(isNumeric) || labelsHardlyRepeat(context)) return [];
  const numbers = labels.map((label) => Number.parseFloat(label.replace(',', '.'))).sort((a, b) => a - b);
  return [
    finding(
      'numeric-labels',
      'warning',
      `The labels are numbers, ${numbers[0]} to ${numbers.at(-1)}`,
      'Scores are treated as names without an order: confusing 4 with 5 counts as much as confusing 1 with 5. If that is wrong for you, group them in your file, for example 1-2 = bad, 3 = mixed, 4-5 = good.',
    ),
  ];
};

export const rareClass: Rule = (context) => {
  if (labelsHardlyRepeat(context) || context.swapped) return [];
  const rare = classBalance(context.dataset).filter(({ rows }) => rows < RARE_ROWS);
  if (rare.length === 0 || context.dataset.labels.length < 2 || context.usable.length < MIN_ROWS) return [];
  const named = rare.map(({ label, rows }) => `${quote(label, 24)} (${rows})`);
  return [
    finding(
      'rare-class',
      'warning',
      `${plural(rare.length, 'label has', 'labels have')} fewer than ${RARE_ROWS} rows: ${listed(named)}`,
      'So few rows cannot be learned or checked. Add rows of these labels, or merge them into another label.',
      context.usable.filter((row) => rare.some(({ label }) => label === labelOf(row, context.dataset.mapping))),
    ),
  ];
};

export const imbalanced: Rule = ({ dataset }) => {
  if (dataset.labels.length < 2) return [];
  const balance = classBalance(dataset);
  const total = balance.reduce((sum, { rows }) => sum + rows, 0);
  const top = [...balance].sort((a, b) => b.rows - a.rows)[0];
  if (!top || top.share < IMBALANCED_SHARE) return [];
  return [
    finding(
      'imbalanced',
      'warning',
      `${top.rows} of ${plural(total, 'row')} are ${quote(top.label, 24)}`,
      `Always saying ${quote(top.label, 24)} is right ${percent(top.share)} of the time, so accuracy says little here. Look at macro-F1, and add rows of the other labels; or choose another column, if this is not the label you mean.`,
    ),
  ];
};
