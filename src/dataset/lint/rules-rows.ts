import { count, counted } from '../../lib/format';
import { labelOf, perCell, rowsOf, textKeyOf, textOf, writes } from '../labels';
import { headerThatIsARow, withoutHtml, withShortLinks } from '../mends';
import { findPersonal, personalWords } from '../personal';
import { TASK_FACTS } from '../task-facts';
import type { Row } from '../types';
import {
  answersOf,
  type Context,
  defineLint,
  ifAny,
  LABELLED,
  LONG_TEXT,
  listed,
  MIN_ROWS,
  mendButton,
  quote,
  repeated,
  together,
  when,
} from './define';

/** Training works with fewer, but the comparison shows little. */
const FEW_ROWS = 100;

const words = ({ dataset }: Context) => TASK_FACTS[dataset.mapping.task];
const rowWords = ({ dataset }: Context) => (writes(dataset.mapping) ? 'row' : 'labelled row');

export const tooFewRows = defineLint({
  kind: 'too-few-rows',
  severity: 'blocking',
  find: ({ usable }) => when(usable.length < MIN_ROWS),
  title: (_, context) =>
    context.usable.length === 0
      ? `No row has both a text and ${words(context).answer}`
      : `Only ${counted(context.usable.length, rowWords(context))}`,
  advice: (_, context) =>
    `At least ${MIN_ROWS} rows are needed to train and check anything; 100 to 2,000 work well. ${moreRows(context)}`,
});

/** Rows without a label can get one on the screen. */
const moreRows = (context: Context) => {
  const { table, mapping } = context.dataset;
  const canLabel = mapping.task === 'classify' && table.rows.length - context.usable.length >= MIN_ROWS;
  return canLabel ? 'Label some of them here, or add rows from another file.' : 'Add rows from another file.';
};

const lacksPart = ({ usable, swapped, dataset: { split } }: Context) =>
  usable.length >= MIN_ROWS && !swapped && (split.train.length === 0 || split.test.length === 0);

export const emptyPart = defineLint({
  kind: 'empty-part',
  severity: 'blocking',
  find: (context) => when(lacksPart(context)),
  title: (_, { dataset }) =>
    dataset.split.train.length === 0 ? 'There are no training rows' : 'There are no test rows',
  advice: () => 'Both are needed to show that tuning helps. Move the slider, or add rows from another file.',
});

export const fewRows = defineLint({
  kind: 'few-rows',
  severity: 'warning',
  find: (context) =>
    when(
      context.usable.length >= MIN_ROWS && context.usable.length < FEW_ROWS && !context.swapped && !lacksPart(context),
    ),
  title: (_, context) => `A small data set: ${counted(context.usable.length, rowWords(context))}`,
  advice: (_, { dataset }) =>
    `Training works, but ${counted(dataset.split.test.length, 'test row')} can only confirm a large gain. 100 to 2,000 rows work well.`,
});

export const emptyText = defineLint<readonly Row[]>({
  kind: 'empty-text',
  severity: 'warning',
  find: ({ dataset: { mapping, table } }) => together(table.rows.filter((row) => textOf(row, mapping).trim() === '')),
  title: (rows) => `${counted(rows.length, 'row has', 'rows have')} no text`,
  advice: (_, { dataset }) =>
    `They are left out. If there are many, “${dataset.mapping.text}” may be the wrong column.`,
});

export const emptyLabel = defineLint<readonly Row[]>({
  kind: 'empty-label',
  severity: 'warning',
  find: ({ dataset: { mapping, table } }) =>
    together(table.rows.filter((row) => labelOf(row, mapping).trim() === '' && textOf(row, mapping).trim() !== '')),
  title: (rows, context) => `${counted(rows.length, 'row has', 'rows have')} no ${words(context).column.toLowerCase()}`,
  advice: (_, { dataset: { mapping, table } }) =>
    mapping.task === 'classify'
      ? 'They are left out of training and of the comparison. Label them, or let the tuned prompt do it afterwards.'
      : table.rows.some((row) => textOf(row, mapping).trim() === '')
        ? 'They are left out too.'
        : `They are left out. If there are many, “${mapping.label}” may be the wrong column.`,
});

export const contradiction = defineLint<readonly (readonly Row[])[]>({
  kind: 'contradiction',
  only: LABELLED,
  severity: 'warning',
  find: (context) => together(repeated(context, false)),
  title: (groups) => `${counted(groups.flat().length, 'row')} have the same text but different labels`,
  advice: ([first = []], context) => {
    const [row] = first;
    const text = row ? quote(textOf(row, context.dataset.mapping)) : '';
    const labels = [...answersOf(first, context)].slice(0, 3).join(' and ');
    return `${text} is both ${labels}. No prompt can get both right: correct the labels in the table below, or leave the rows out.`;
  },
  mend: (groups, { dataset }) => {
    const test = new Set(dataset.split.test);
    const free = groups.flat().flatMap(({ id }) => (test.has(id) ? [] : [id]));
    return free.length > 0
      ? { label: `Leave out ${counted(free.length, 'row')}`, change: { kind: 'unlabel', rowIds: free } }
      : undefined;
  },
});

export const duplicate = defineLint<readonly (readonly Row[])[]>({
  kind: 'duplicate',
  severity: 'info',
  find: (context) => together(repeated(context, true)),
  title: (groups) => `${counted(groups.length, 'text appears', 'texts appear')} more than once`,
  advice: () => 'Rows with the same text stay in one part of the split: training never sees the text of a test row.',
});

interface Leak {
  /** Test rows whose text training or validation rows have too. */
  readonly test: readonly Row[];
  readonly copies: readonly string[];
}

export const leak = defineLint<Leak>({
  kind: 'leak',
  severity: 'warning',
  find: ({ dataset }) => {
    const key = (row: Row) => textKeyOf(row, dataset.mapping);
    const others = rowsOf(dataset, [...dataset.split.train, ...dataset.split.validation]);
    const seen = new Set(others.map(key));
    const test = rowsOf(dataset, 'test').filter((row) => seen.has(key(row)));
    const leaked = new Set(test.map(key));
    const copies = others.filter((row) => leaked.has(key(row))).map(({ id }) => id);
    return test.length === 0 ? [] : [{ test, copies }];
  },
  title: ({ test }) =>
    `${counted(test.length, 'test row also appears', 'test rows also appear')} in the training or validation rows`,
  advice: () =>
    'A prompt may know them by heart, so the comparison would flatter it. Leave out the copies, or split again.',
  rows: ({ test }) => test,
  mend: ({ copies }) => ({
    label: `Leave out ${counted(copies.length, 'copy', 'copies')}`,
    change: { kind: 'unlabel', rowIds: copies },
  }),
});

export const noPart = defineLint<readonly Row[]>({
  kind: 'no-part',
  severity: 'warning',
  find: ({ dataset: { split, splitBy }, usable }) => {
    if (splitBy.kind !== 'column') return [];
    const placed = new Set([...split.train, ...split.validation, ...split.test]);
    return together(usable.filter((row) => !placed.has(row.id)));
  },
  title: (rows) => `${counted(rows.length, 'row belongs', 'rows belong')} to no part of the split`,
  advice: (_, { dataset: { splitBy } }) =>
    `${splitBy.kind === 'column' ? `“${splitBy.column}”` : 'The column'} says neither train, validation nor test there, so they are not used.`,
});

export const longText = defineLint<readonly Row[]>({
  kind: 'long-text',
  severity: 'warning',
  find: ({ dataset, usable }) => together(usable.filter((row) => textOf(row, dataset.mapping).length > LONG_TEXT)),
  title: (rows) => `${counted(rows.length, 'text is', 'texts are')} longer than ${count(LONG_TEXT)} characters`,
  advice: () =>
    'Long rows are slow, and may not fit the model. Cutting keeps a quarter from the beginning and the rest from the end.',
  mend: (rows) => ({
    label: `Cut ${counted(rows.length, 'text')} to ${count(LONG_TEXT)} characters`,
    change: { kind: 'mend', mend: 'cut', most: LONG_TEXT },
  }),
});

const NONE: ReturnType<typeof findPersonal> = [];
const personalIn = perCell((cell) => {
  const found = findPersonal(cell);
  return found.length === 0 ? NONE : found;
});

interface Personal {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export const personalData = defineLint<Personal>({
  kind: 'personal-data',
  severity: 'warning',
  find: ({ dataset: { table, mapping }, swapped }) => {
    if (swapped) return [];
    const free = table.columns.filter((name) => name !== mapping.label && name !== mapping.id);
    const columns = free.filter((name) => table.rows.some((row) => personalIn(row, name).length > 0));
    const rows = table.rows.filter((row) => columns.some((name) => personalIn(row, name).length > 0));
    return columns.length === 0 ? [] : [{ columns, rows }];
  },
  title: ({ columns, rows }) => {
    const spans = rows.flatMap((row) => columns.flatMap((name) => personalIn(row, name)));
    return `${personalWords(spans)} in ${counted(rows.length, 'row')}`;
  },
  advice: ({ columns }) =>
    `Found in ${listed(columns.map((name) => `“${name}”`))}. Nothing leaves this page, but an example in a prompt or an export with rows would contain them. Masking replaces them with [email], [phone] or [iban].`,
  rows: ({ rows }) => rows,
  mend: ({ columns }) => ({ label: 'Mask them', change: { kind: 'mask', columns } }),
});

export const firstRow = defineLint<string>({
  kind: 'first-row',
  severity: 'warning',
  find: ({ dataset: { table } }) => ifAny(headerThatIsARow(table.columns, table.rows)),
  title: () => 'The first line looks like a row, not like column names',
  advice: (name) =>
    `${quote(name, 24)} is also a value below it. As a row it is used too, and the columns are numbered.`,
  mend: mendButton('Use it as a row', 'first-row'),
});

const hasHtml = perCell((text) => withoutHtml(text) !== text);
const hasLongLink = perCell((text) => withShortLinks(text) !== text);

export const html = defineLint<readonly Row[]>({
  kind: 'html',
  severity: 'warning',
  find: ({ dataset: { table, mapping } }) => together(table.rows.filter((row) => hasHtml(row, mapping.text))),
  title: (rows) => `${counted(rows.length, 'text contains', 'texts contain')} HTML`,
  advice: () => 'Tags and entities cost tokens and say little. Without them “<b>Tom &amp; Ana</b>” reads “Tom & Ana”.',
  mend: mendButton('Remove HTML', 'html'),
});

export const links = defineLint<readonly Row[]>({
  kind: 'links',
  severity: 'info',
  find: ({ dataset: { table, mapping } }) => together(table.rows.filter((row) => hasLongLink(row, mapping.text))),
  title: (rows) => `${counted(rows.length, 'text has', 'texts have')} a long link`,
  advice: () => 'A long link costs many tokens. The name of its site usually says enough.',
  mend: mendButton('Shorten the links', 'links'),
});
