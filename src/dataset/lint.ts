import { labelOf, rowsById, type Spellings, textKeyOf, textOf } from './labels';
import { imbalanced, numericLabels, oneClass, rareClass, tooManyClasses } from './lint-classes';
import { contextOf, finding, MIN_ROWS, plural, quote, type Rule } from './lint-context';
import { labelSpelling } from './lint-labels';
import { personalData } from './lint-personal';
import type { Dataset, LintFinding, Row } from './types';

/** Below this training works, and shows little. */
const FEW_ROWS = 100;
/** Characters; about 1,000 tokens. The exact check, in tokens, is made when the rows are tokenised. */
const LONG_TEXT = 4000;

const tooFewRows: Rule = (context) => {
  const { dataset, usable } = context;
  const n = usable.length;
  if (n < MIN_ROWS)
    return [
      finding(
        'too-few-rows',
        'blocking',
        n === 0 ? 'No row has both a text and a label' : `Only ${plural(n, 'labelled row')}`,
        `At least ${MIN_ROWS} rows are needed to train and check anything; 100 to 2,000 are good. Label more rows and open the file again.`,
      ),
    ];
  if (context.swapped) return [];
  const { split } = dataset;
  if (split.train.length === 0 || split.test.length === 0)
    return [
      finding(
        'too-few-rows',
        'blocking',
        split.train.length === 0 ? 'No rows are left for training' : 'No rows are held back',
        'Both are needed to show that tuning helps. Move the slider, or label more rows.',
      ),
    ];
  if (n < FEW_ROWS)
    return [
      finding(
        'too-few-rows',
        'warning',
        `${plural(n, 'labelled row')} are few`,
        `Training works, but ${plural(split.test.length, 'held-back row')} can only show a large gain. 100 to 2,000 rows are good.`,
      ),
    ];
  return [];
};

const swappedColumns: Rule = (context) => {
  if (!context.swapped) return [];
  const { text, label } = context.dataset.mapping;
  return [
    finding(
      'swapped-columns',
      'blocking',
      'Text and label look swapped',
      `“${text}” holds a few short values that repeat, and “${label}” holds long texts that do not. Swap the two columns.`,
    ),
  ];
};

const emptyCells: Rule = ({ dataset }) => {
  const { mapping, table } = dataset;
  const noText = table.rows.filter((row) => textOf(row, mapping).trim() === '');
  const noLabel = table.rows.filter((row) => labelOf(row, mapping).trim() === '' && textOf(row, mapping).trim() !== '');
  const out: LintFinding[] = [];
  if (noText.length > 0)
    out.push(
      finding(
        'empty-text',
        'warning',
        `${plural(noText.length, 'row has', 'rows have')} no text`,
        `They are left out. If there are many, “${mapping.text}” may be the wrong column.`,
        noText,
      ),
    );
  if (noLabel.length > 0)
    out.push(
      finding(
        'empty-label',
        'warning',
        `${plural(noLabel.length, 'row has', 'rows have')} no label`,
        'They are left out of training and of the comparison. Label them, or let the tuned prompt do it afterwards.',
        noLabel,
      ),
    );
  return out;
};

const repeated: Rule = (context) => {
  if (context.swapped) return [];
  const groups = [...context.sameText.values()].filter((rows) => rows.length > 1);
  const labelsOf = (rows: readonly Row[]) => new Set(rows.map((row) => labelOf(row, context.dataset.mapping)));
  const disagree = groups.filter((rows) => labelsOf(rows).size > 1);
  const agree = groups.filter((rows) => labelsOf(rows).size === 1);
  const out: LintFinding[] = [];
  if (disagree.length > 0) {
    const rows = disagree[0] as readonly Row[];
    const labels = [...labelsOf(rows)];
    const held = new Set(context.dataset.split.test);
    const free = disagree.flat().flatMap(({ id }) => (held.has(id) ? [] : [id]));
    out.push(
      finding(
        'contradiction',
        'warning',
        `${plural(disagree.flat().length, 'row')} say the same and disagree`,
        `${quote(textOf(rows[0] as Row, context.dataset.mapping))} is both ${labels.slice(0, 3).join(' and ')}. No prompt can get both right: correct the labels in the table below, or leave the rows out.`,
        disagree.flat(),
        free.length > 0
          ? { label: `Leave ${plural(free.length, 'row')} out`, change: { kind: 'unlabel', rowIds: free } }
          : undefined,
      ),
    );
  }
  if (agree.length > 0)
    out.push(
      finding(
        'duplicate',
        'info',
        `${plural(agree.length, 'text stands', 'texts stand')} in more than one row`,
        'Rows with the same text are kept in one part, so that no held-back row has been seen in training.',
        agree.flat(),
      ),
    );
  return out;
};

export const leak: Rule = ({ dataset }) => {
  const byId = rowsById(dataset.table.rows);
  const key = (row: Row) => textKeyOf(row, dataset.mapping);
  const rowsOf = (part: readonly string[]) => part.map((id) => byId.get(id)).filter((row) => row !== undefined);
  const others = rowsOf([...dataset.split.train, ...dataset.split.validation]);
  const seen = new Set(others.map(key));
  const leaking = rowsOf(dataset.split.test).filter((row) => seen.has(key(row)));
  if (leaking.length === 0) return [];
  const held = new Set(leaking.map(key));
  const copies = others.filter((row) => held.has(key(row))).map(({ id }) => id);
  return [
    finding(
      'leak',
      'warning',
      `${plural(leaking.length, 'held-back row also stands', 'held-back rows also stand')} in the training rows`,
      'A prompt may know them by heart, so the comparison would flatter it. Leave the copies out, or split anew.',
      leaking,
      { label: `Leave ${plural(copies.length, 'copy', 'copies')} out`, change: { kind: 'unlabel', rowIds: copies } },
    ),
  ];
};

export const noPart: Rule = ({ dataset, usable }) => {
  const { split, splitBy } = dataset;
  if (splitBy?.kind !== 'column') return [];
  const placed = new Set([...split.train, ...split.validation, ...split.test]);
  const left = usable.filter((row) => !placed.has(row.id));
  if (left.length === 0) return [];
  return [
    finding(
      'no-part',
      'warning',
      `${plural(left.length, 'row is', 'rows are')} in no part`,
      `“${splitBy.column}” says neither train, validation nor test there, so they are not used.`,
      left,
    ),
  ];
};

export const longText: Rule = ({ dataset, usable }) => {
  const long = usable.filter((row) => textOf(row, dataset.mapping).length > LONG_TEXT);
  if (long.length === 0) return [];
  return [
    finding(
      'long-text',
      'warning',
      `${plural(long.length, 'text is', 'texts are')} longer than ${LONG_TEXT.toLocaleString('en')} characters`,
      'Long rows are slow, and may not fit the model. Keep the part that decides the answer.',
      long,
    ),
  ];
};

const RULES: readonly Rule[] = [
  oneClass,
  tooFewRows,
  swappedColumns,
  tooManyClasses,
  leak,
  noPart,
  repeated,
  emptyCells,
  imbalanced,
  rareClass,
  numericLabels,
  labelSpelling,
  personalData,
  longText,
];

export const bySeverity = (findings: readonly LintFinding[]): readonly LintFinding[] =>
  findings.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);

const ORDER: Readonly<Record<LintFinding['severity'], number>> = { blocking: 0, warning: 1, info: 2 };

/** Everything about a data set that is worth a look, blocking findings first. */
export function lint(dataset: Dataset, spellings: readonly Spellings[]): readonly LintFinding[] {
  const context = contextOf(dataset, spellings);
  return bySeverity(RULES.flatMap((rule) => rule(context)));
}
