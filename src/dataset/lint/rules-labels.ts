/** Checks of the labels as a set: how many there are, how often each appears, how they are spelled. */
import { isNumeric } from '../columns';
import { type ClassShare, classBalance, labelOf, type Spellings, textKey } from '../labels';
import {
  type Context,
  defineLint,
  labelsHardlyRepeat,
  listed,
  MAX_CLASSES,
  MIN_ROWS,
  percent,
  plural,
  quote,
  together,
  when,
} from './define';

const RARE_ROWS = 5;
const MANY_CLASSES = 30;
const IMBALANCED_SHARE = 0.8;

export const oneClass = defineLint({
  kind: 'one-class',
  name: 'One label',
  severity: 'blocking',
  find: ({ dataset, usable }) => when(usable.length > 0 && dataset.labels.length <= 1),
  title: (_, { dataset }) => `Every row has the same label, ${quote(dataset.labels[0] ?? '')}`,
  advice: () => 'There is nothing to tell apart. Choose another label column, or add rows with a second label.',
});

export const swappedColumns = defineLint({
  kind: 'swapped-columns',
  name: 'Swapped columns',
  severity: 'blocking',
  find: ({ swapped }) => when(swapped),
  title: () => 'Text and label look swapped',
  advice: (_, { dataset: { mapping } }) =>
    `“${mapping.text}” holds a few short values that repeat, and “${mapping.label}” holds long texts that do not. Swap the two columns.`,
});

export const labelsAreIds = defineLint({
  kind: 'too-many-classes',
  name: 'Too many labels',
  severity: 'blocking',
  find: (context) => when(!context.swapped && labelsHardlyRepeat(context)),
  title: (_, { dataset, usable }) => `${dataset.labels.length} different labels in ${plural(usable.length, 'row')}`,
  advice: (_, { dataset: { labels, mapping } }) =>
    `“${mapping.label}” looks like ${labels.every(isNumeric) ? 'an ID or a measured number' : 'an ID or free text'}, not a label: almost every row has its own value. Choose the column that says which kind a row is.`,
});

const labelCount = (context: Context) =>
  context.swapped || labelsHardlyRepeat(context) ? 0 : context.dataset.labels.length;

export const tooManyClasses = defineLint({
  kind: 'too-many-classes',
  name: 'Too many labels',
  severity: 'blocking',
  find: (context) => when(labelCount(context) > MAX_CLASSES),
  title: (_, { dataset }) => `${dataset.labels.length} different labels`,
  advice: (_, { dataset }) =>
    `A small model cannot tell so many apart. Group the values of “${dataset.mapping.label}” into at most ${MAX_CLASSES} labels, better 2 to 10.`,
});

export const manyClasses = defineLint({
  kind: 'many-classes',
  name: 'Many labels',
  severity: 'warning',
  find: (context) => when(labelCount(context) > MANY_CLASSES && labelCount(context) <= MAX_CLASSES),
  title: (_, { dataset }) => `${dataset.labels.length} different labels`,
  advice: () => 'A small model tells 2 to 10 labels apart well. Group the labels if you can.',
});

export const numericLabels = defineLint({
  kind: 'numeric-labels',
  name: 'Numbers as labels',
  severity: 'warning',
  find: (context) => {
    const { labels } = context.dataset;
    return when(labels.length >= 3 && labels.every(isNumeric) && !labelsHardlyRepeat(context));
  },
  title: (_, { dataset }) => {
    const numbers = dataset.labels.map((label) => Number.parseFloat(label.replace(',', '.'))).sort((a, b) => a - b);
    return `The labels are numbers, ${numbers[0]} to ${numbers.at(-1)}`;
  },
  advice: () =>
    'Scores are treated as names without an order: confusing 4 with 5 counts as much as confusing 1 with 5. If that is wrong for you, group them in your file, for example 1-2 = bad, 3 = mixed, 4-5 = good.',
});

export const rareClass = defineLint<readonly ClassShare[]>({
  kind: 'rare-class',
  name: 'Rare labels',
  severity: 'warning',
  find: (context) =>
    context.swapped ||
    labelsHardlyRepeat(context) ||
    context.dataset.labels.length < 2 ||
    context.usable.length < MIN_ROWS
      ? []
      : together(classBalance(context.dataset).filter(({ rows }) => rows < RARE_ROWS)),
  title: (rare) =>
    `${plural(rare.length, 'label has', 'labels have')} fewer than ${RARE_ROWS} rows: ${listed(rare.map(({ label, rows }) => `${quote(label, 24)} (${rows})`))}`,
  advice: () => 'So few rows cannot be learned or checked. Add rows of these labels, or merge them into another label.',
  rows: (rare, { dataset, usable }) =>
    usable.filter((row) => rare.some(({ label }) => label === labelOf(row, dataset.mapping))),
});

interface Most extends ClassShare {
  readonly total: number;
}

export const imbalanced = defineLint<Most>({
  kind: 'imbalanced',
  name: 'Most frequent label',
  severity: 'warning',
  find: ({ dataset }) => {
    const balance = classBalance(dataset);
    const total = balance.reduce((sum, { rows }) => sum + rows, 0);
    const [top] = [...balance].sort((a, b) => b.rows - a.rows);
    return dataset.labels.length >= 2 && top && top.share >= IMBALANCED_SHARE ? [{ ...top, total }] : [];
  },
  title: ({ label, rows, total }) => `${rows} of ${plural(total, 'row')} are ${quote(label, 24)}`,
  advice: ({ label, share }) =>
    `Always answering ${quote(label, 24)} is right ${percent(share)} of the time, so accuracy says little here. Use macro-F1, and add rows of the other labels; or choose another column, if this is not the label you mean.`,
});

export const mergedSpellings = defineLint<readonly Spellings[]>({
  kind: 'label-spelling',
  name: 'Spellings',
  severity: 'info',
  find: ({ spellings }) => together(spellings.filter((each) => each.spellings.length > 1)),
  title: (merged) => `${plural(merged.length, 'label is', 'labels are')} spelled in more than one way`,
  advice: ([first]) =>
    `Capital letters and spaces make no difference: ${listed((first?.spellings ?? []).map((raw) => `“${raw}”`))} are read as “${first?.label ?? ''}”.`,
});

/** Levenshtein distance at most 1, or two neighbouring letters swapped. */
function oneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}

/**
 * A label without quotes, stops, underscores and hyphens between letters: `so-so`, `so so` and `“so_so”.` become the same.
 * Signs that mean something (+1, -1, C++, <5) stay.
 */
const looseKey = (label: string) =>
  textKey(label)
    .replace(/[\s_.,;:!?"'`´“”„‘’()[\]*]+/g, '')
    .replace(/(?<=\p{L})-(?=\p{L})/gu, '');

/** Whether a label and a more frequent one may be the same: other punctuation, or a typo in a much rarer label. */
function mayBeOne(rare: ClassShare, common: ClassShare): boolean {
  if (looseKey(rare.label) !== '' && looseKey(rare.label) === looseKey(common.label)) return true;
  if (rare.label.length < 5 || /\d/.test(rare.label) || rare.rows * 10 > common.rows) return false;
  return oneSlip(textKey(rare.label), textKey(common.label));
}

interface Alike {
  readonly rare: ClassShare;
  readonly common: ClassShare;
}

export const labelsLookAlike = defineLint<Alike>({
  kind: 'label-spelling',
  name: 'Spellings',
  severity: 'warning',
  find: (context) => {
    if (labelsHardlyRepeat(context) || context.dataset.labels.length > MAX_CLASSES) return [];
    const balance = [...classBalance(context.dataset)].sort((a, b) => b.rows - a.rows);
    return balance.flatMap((rare, i) => {
      const common = balance.slice(0, i).find((other) => mayBeOne(rare, other));
      return common ? [{ rare, common }] : [];
    });
  },
  title: ({ rare, common }) => `${quote(rare.label, 24)} may be a typo of ${quote(common.label, 24)}`,
  advice: ({ rare, common }) =>
    `They count as two labels: ${plural(rare.rows, 'row')} and ${plural(common.rows, 'row')}. Merge them if they mean the same.`,
  rows: ({ rare }, { dataset, usable }) => usable.filter((row) => labelOf(row, dataset.mapping) === rare.label),
  mend: ({ rare, common }) => ({
    label: `Merge into ${quote(common.label, 24)}`,
    change: { kind: 'merge-labels', from: [rare.label], into: common.label },
  }),
});
