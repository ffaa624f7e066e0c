import { counted, percentWhole } from '../../lib/format';
import { isNumeric } from '../columns';
import {
  type ClassShare,
  classBalance,
  labelOf,
  labelsIndexer,
  type Spellings,
  targetOf,
  textKey,
  textOf,
} from '../labels';
import { alikeLabels, OTHER, otherFor, starGroups } from '../mends';
import { NO_LABEL, separatorIn, tagsIn } from '../tags';
import type { Issue, Row } from '../types';
import {
  type Context,
  defineLint,
  ifAny,
  LABELLED,
  labelsHardlyRepeat,
  listed,
  MAX_CLASSES,
  MIN_ROWS,
  mendButton,
  quote,
  RARE_ROWS,
  repeated,
  together,
  when,
} from './define';

const MANY_CLASSES = 30;
const KEPT_LABELS = 10;
const IMBALANCED_SHARE = 0.8;

const labelHere = mendButton('Label rows here', 'label-column');

function mergeRest({ dataset }: Context): Issue['fix'] {
  const balance = classBalance(dataset).toSorted((a, b) => b.rows - a.rows);
  const rest = otherFor(balance.slice(KEPT_LABELS));
  return {
    label: `Keep the ${KEPT_LABELS} most frequent, merge the rest into “${OTHER}”`,
    change: { kind: 'merge-labels', from: [...rest.keys()], into: OTHER },
  };
}

export const oneClass = defineLint({
  kind: 'one-class',
  only: LABELLED,
  severity: 'blocking',
  find: ({ dataset: { labels, mapping }, usable }) =>
    when(usable.length > 0 && labels.length <= (mapping.task === 'tag' ? 2 : 1)),
  title: (_, { dataset }) => `Every row has the same label, ${quote(dataset.labels[0] ?? '')}`,
  advice: () =>
    'There is nothing to tell apart. Choose another label column, or add rows with a second label from another file.',
  mend: labelHere,
});

export const swappedColumns = defineLint({
  kind: 'swapped-columns',
  only: ['classify'],
  severity: 'blocking',
  find: ({ swapped }) => when(swapped),
  title: () => 'Text and label look swapped',
  advice: (_, { dataset: { mapping } }) =>
    `“${mapping.text}” holds a few short values that repeat, and “${mapping.label}” holds long texts that do not. Swap the two columns.`,
});

export const labelsAreIds = defineLint({
  kind: 'too-many-classes',
  only: LABELLED,
  severity: 'blocking',
  find: (context) => when(!context.swapped && labelsHardlyRepeat(context)),
  title: (_, { dataset, usable }) => `${dataset.labels.length} different labels in ${counted(usable.length, 'row')}`,
  advice: (_, { dataset: { labels, mapping } }) =>
    `“${mapping.label}” looks like ${labels.every(isNumeric) ? 'an ID or a measured number' : 'an ID or free text'}, not a label: almost every row has its own value. Choose the column that says which kind a row is.`,
  mend: labelHere,
});

const labelCount = (context: Context) =>
  context.swapped || labelsHardlyRepeat(context) ? 0 : context.dataset.labels.length;

export const tooManyClasses = defineLint({
  kind: 'too-many-classes',
  only: ['classify'],
  severity: 'blocking',
  find: (context) => when(labelCount(context) > MAX_CLASSES),
  title: (_, { dataset }) => `${dataset.labels.length} different labels`,
  advice: (_, { dataset }) =>
    `A small model cannot tell so many apart. Group the values of “${dataset.mapping.label}” into at most ${MAX_CLASSES} labels, better 2 to 10.`,
  mend: (_, context) => mergeRest(context),
});

export const manyClasses = defineLint({
  kind: 'many-classes',
  only: ['classify'],
  severity: 'warning',
  find: (context) => when(labelCount(context) > MANY_CLASSES && labelCount(context) <= MAX_CLASSES),
  title: (_, { dataset }) => `${dataset.labels.length} different labels`,
  advice: () => 'A small model tells 2 to 10 labels apart well. Group the labels if you can.',
  mend: (_, context) => mergeRest(context),
});

export const numericLabels = defineLint({
  kind: 'numeric-labels',
  only: ['classify'],
  severity: 'warning',
  find: (context) => {
    const { labels } = context.dataset;
    const isScale = labels.length >= 3 && labels.every(isNumeric) && !labelsHardlyRepeat(context);
    return when(isScale && !starGroups(labels, context.dataset.mapping.label));
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
  only: LABELLED,
  severity: 'warning',
  find: (context) =>
    context.swapped ||
    labelsHardlyRepeat(context) ||
    context.dataset.labels.length < 2 ||
    context.usable.length < MIN_ROWS
      ? []
      : together(classBalance(context.dataset).filter(({ label, rows }) => rows < RARE_ROWS && label !== NO_LABEL)),
  title: (rare) =>
    `${counted(rare.length, 'label has', 'labels have')} fewer than ${RARE_ROWS} rows: ${listed(rare.map(({ label, rows }) => `${quote(label, 24)} (${rows})`))}`,
  advice: () => 'So few rows cannot be learned or checked. Add rows of these labels, or merge them into another label.',
  rows: (rare, { dataset, usable }) => {
    const labelsAt = labelsIndexer(dataset);
    const isRare = new Set(rare.map(({ label }) => dataset.labels.indexOf(label)));
    return usable.filter((row) => labelsAt(row).some((place) => isRare.has(place)));
  },
  mend: (rare, { dataset }) =>
    dataset.mapping.task === 'tag'
      ? undefined
      : otherFor(rare).size > 1 || (otherFor(rare).size === 1 && dataset.labels.includes(OTHER))
        ? {
            label: `Merge ${rare.length === 1 ? 'it' : 'them'} into “${OTHER}”`,
            change: { kind: 'mend', mend: 'rare-labels' },
          }
        : undefined,
});

interface Most extends ClassShare {
  readonly total: number;
}

export const imbalanced = defineLint<Most>({
  kind: 'imbalanced',
  only: ['classify'],
  severity: 'warning',
  find: ({ dataset }) => {
    const balance = classBalance(dataset);
    const total = balance.reduce((sum, { rows }) => sum + rows, 0);
    const [top] = [...balance].sort((a, b) => b.rows - a.rows);
    return dataset.labels.length >= 2 && top && top.share >= IMBALANCED_SHARE ? [{ ...top, total }] : [];
  },
  title: ({ label, rows, total }) => `${rows} of ${counted(total, 'row')} are ${quote(label, 24)}`,
  advice: ({ label, share }) =>
    `Always answering ${quote(label, 24)} is right ${percentWhole(share)} of the time, so accuracy says little here. Use macro-F1, and add rows of the other labels. If this is not the label you mean, choose another column.`,
});

export const mergedSpellings = defineLint<readonly Spellings[]>({
  kind: 'label-spelling',
  only: LABELLED,
  severity: 'info',
  find: ({ spellings }) => together(spellings.filter((each) => each.spellings.length > 1)),
  title: (merged) => `${counted(merged.length, 'label is', 'labels are')} spelled in more than one way`,
  rows: () => [],
  advice: ([first]) =>
    `Capital letters and spaces make no difference: ${listed((first?.spellings ?? []).map((raw) => `“${raw}”`))} are read as “${first?.label ?? ''}”.`,
});

export const labelsLookAlike = defineLint<ReturnType<typeof alikeLabels>[number]>({
  kind: 'label-spelling',
  only: ['classify'],
  severity: 'warning',
  find: (context) => {
    if (labelsHardlyRepeat(context) || context.dataset.labels.length > MAX_CLASSES) return [];
    return alikeLabels(classBalance(context.dataset));
  },
  title: ({ rare, common }) => `${quote(rare.label, 24)} may be a typo of ${quote(common.label, 24)}`,
  advice: ({ rare, common }) =>
    `They count as two labels: ${counted(rare.rows, 'row')} and ${counted(common.rows, 'row')}. Merge them if they mean the same.`,
  rows: ({ rare }, { dataset, usable }) => usable.filter((row) => labelOf(row, dataset.mapping) === rare.label),
  mend: ({ rare, common }) => ({
    label: `Merge into ${quote(common.label, 24)}`,
    change: { kind: 'merge-labels', from: [rare.label], into: common.label },
  }),
});

type Groups = ReadonlyMap<string, string>;

export const severalLabels = defineLint<readonly string[]>({
  kind: 'several-labels',
  only: ['classify'],
  severity: 'warning',
  find: ({ dataset: { labels }, swapped }) => {
    const separator = swapped ? null : separatorIn(labels);
    return separator === null ? [] : [labels.filter((label) => tagsIn(label, separator).length > 1)];
  },
  title: (several) =>
    `${counted(several.length, 'label names', 'labels name')} several: ${listed(
      several.map((label) => quote(label, 24)),
      2,
    )}`,
  advice: () =>
    'With one label a row, each combination counts as a label of its own. Choose “Give several labels” as the task, so that every label is given or not by itself.',
  rows: (several, { dataset, usable }) => usable.filter((row) => several.includes(labelOf(row, dataset.mapping))),
});

export const starLabels = defineLint<Groups>({
  kind: 'stars',
  only: ['classify'],
  severity: 'warning',
  find: (context) => {
    const { labels, mapping } = context.dataset;
    return ifAny(labelsHardlyRepeat(context) ? null : starGroups(labels, mapping.label));
  },
  title: () => 'The labels are numbers from 1 to 5',
  advice: (groups) => {
    const grouped = [...new Set(groups.values())].map(
      (name) => `${[...groups].flatMap(([label, of]) => (of === name ? label : [])).join(' and ')} as ${name}`,
    );
    return `Labels have no order: 4 for 5 counts as much as 1 for 5, and neighbours are hard to tell apart. Group them: ${grouped.join(', ')}.`;
  },
  mend: mendButton('Group them', 'stars'),
});

/** A column with no more different values than this probably holds labels. */
const FEW_VALUES = 20;

const targetKey = ({ dataset }: Pick<Context, 'dataset'>, row: Row) => textKey(targetOf(row, dataset.mapping));

/** Null with too few rows to judge. */
const valueCount = (context: Context) =>
  context.usable.length < MIN_ROWS ? null : new Set(context.usable.map((row) => targetKey(context, row))).size;

export const oneTarget = defineLint({
  kind: 'few-targets',
  only: ['generate'],
  severity: 'blocking',
  find: (context) => when(valueCount(context) === 1),
  title: (_, { dataset, usable }) =>
    `Every row has the same answer, ${quote(usable[0] ? targetOf(usable[0], dataset.mapping) : '')}`,
  advice: (_, { dataset }) => `There is nothing to learn in “${dataset.mapping.label}”. Choose another column.`,
});

export const fewTargets = defineLint<number>({
  kind: 'few-targets',
  only: ['generate'],
  severity: 'warning',
  find: (context) => {
    const values = valueCount(context);
    const isFew = values !== null && values > 1 && values <= FEW_VALUES && values * 4 <= context.usable.length;
    return isFew ? [values] : [];
  },
  title: (values, { dataset }) => `“${dataset.mapping.label}” has only ${counted(values, 'different value')}`,
  advice: () =>
    'They look like labels. Choosing a label trains faster and is measured more precisely than generating a text: change the task under “Columns”.',
});

export const numericTargets = defineLint({
  kind: 'few-targets',
  only: ['generate'],
  severity: 'warning',
  find: ({ dataset, usable }) =>
    when(usable.length >= MIN_ROWS && usable.every((row) => isNumeric(targetOf(row, dataset.mapping)))),
  title: (_, { dataset }) => `“${dataset.mapping.label}” holds numbers`,
  advice: () =>
    'Texts are generated word by word: a number that is almost right counts as wrong. Is this the right column?',
});

export const targetIsText = defineLint<readonly Row[]>({
  kind: 'target-is-text',
  only: ['generate'],
  severity: 'warning',
  find: (context) =>
    together(context.usable.filter((row) => textKey(textOf(row, context.dataset.mapping)) === targetKey(context, row))),
  title: (rows) => `${counted(rows.length, 'row has', 'rows have')} the same text in both columns`,
  advice: (_, { dataset }) =>
    `These rows teach the model to repeat the text. If you do not want that, correct “${dataset.mapping.label}” in the table below, or leave them out.`,
});

export const severalTargets = defineLint<readonly (readonly Row[])[]>({
  kind: 'several-targets',
  only: ['generate'],
  severity: 'warning',
  find: (context) => together(repeated(context, false)),
  title: (groups) => `${counted(groups.length, 'text has', 'texts have')} more than one answer`,
  advice: () =>
    'Each row is compared with its own answer only, so no prompt can be right in all of them. Fine where several answers are good.',
});

export const targetLines = defineLint<readonly Row[]>({
  kind: 'target-lines',
  only: ['generate'],
  severity: 'info',
  find: ({ dataset, usable }) =>
    together(usable.filter((row) => /[\n\r]/.test((row.cells[dataset.mapping.label] ?? '').trim()))),
  title: (rows) => `${counted(rows.length, 'answer has', 'answers have')} several lines`,
  advice: () => 'Answers are one line here: line breaks are read as spaces.',
});
