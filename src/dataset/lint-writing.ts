/** What is worth a look where texts are to be written. */
import { isNumeric } from './columns';
import { textOf } from './labels';
import { bySeverity, leak, longText, noPart } from './lint';
import { type Context, contextOf, finding, MIN_ROWS, plural, quote, type Rule } from './lint-context';
import { personalData } from './lint-personal';
import { textKey } from './normalise';
import type { Dataset, LintFinding, Row } from './types';
import { targetOf } from './writing';

/** Below this training works, and shows little. */
const FEW_ROWS = 100;
/** A column with no more different values than this rather names kinds of rows. */
const FEW_VALUES = 20;

const targetKey = ({ dataset }: Pick<Context, 'dataset'>, row: Row) => textKey(targetOf(row, dataset.mapping));

const tooFewRows: Rule = ({ dataset, usable }) => {
  const n = usable.length;
  const { train, test } = dataset.split;
  if (n < MIN_ROWS)
    return [
      finding(
        'too-few-rows',
        'blocking',
        n === 0 ? 'No row has both a text and what should be written' : `Only ${plural(n, 'row')} with both texts`,
        `At least ${MIN_ROWS} rows are needed to train and check anything; 100 to 2,000 are good. Add rows and open the file again.`,
      ),
    ];
  if (train.length === 0 || test.length === 0)
    return [
      finding(
        'too-few-rows',
        'blocking',
        train.length === 0 ? 'No rows are left for training' : 'No rows are held back',
        'Both are needed to show that tuning helps. Move the slider, or add rows.',
      ),
    ];
  if (n >= FEW_ROWS) return [];
  return [
    finding(
      'too-few-rows',
      'warning',
      `${plural(n, 'row')} are few`,
      `Training works, but ${plural(test.length, 'held-back row')} can only show a large gain. 100 to 2,000 rows are good.`,
    ),
  ];
};

const emptyCells: Rule = ({ dataset }) => {
  const { mapping, table } = dataset;
  const noText = table.rows.filter((row) => textOf(row, mapping).trim() === '');
  const noTarget = table.rows.filter((row) => targetOf(row, mapping) === '' && textOf(row, mapping).trim() !== '');
  const told = (kind: 'empty-text' | 'empty-label', rows: readonly Row[], what: string, column: string) =>
    rows.length === 0
      ? []
      : [
          finding(
            kind,
            'warning',
            `${plural(rows.length, 'row has', 'rows have')} ${what}`,
            `They are left out. If there are many, “${column}” may be the wrong column.`,
            rows,
          ),
        ];
  return [
    ...told('empty-text', noText, 'no text', mapping.text),
    ...told('empty-label', noTarget, 'nothing to be written', mapping.label),
  ];
};

/** Values that repeat so much are kinds, or all rows have one answer. */
const fewTargets: Rule = (context) => {
  const { dataset, usable } = context;
  const values = new Set(usable.map((row) => targetKey(context, row)));
  const column = `“${dataset.mapping.label}”`;
  if (usable.length < MIN_ROWS) return [];
  if (values.size === 1)
    return [
      finding(
        'few-targets',
        'blocking',
        `Every row should be answered by ${quote(targetOf(usable[0] as Row, dataset.mapping))}`,
        `There is nothing to learn in ${column}. Choose another column.`,
      ),
    ];
  if (values.size > FEW_VALUES || values.size * 4 > usable.length) return [];
  return [
    finding(
      'few-targets',
      'warning',
      `${column} has only ${plural(values.size, 'different value')}`,
      'They look like labels. Choosing one of a few is trained faster and measured more sharply than writing: change what the prompt should do under “Which column is what”.',
    ),
  ];
};

const numericTargets: Rule = ({ dataset, usable }) =>
  usable.length >= MIN_ROWS && usable.every((row) => isNumeric(targetOf(row, dataset.mapping)))
    ? [
        finding(
          'few-targets',
          'warning',
          `“${dataset.mapping.label}” holds numbers`,
          'A text is written word by word: a number that is almost right counts as wrong. Is it the right column?',
        ),
      ]
    : [];

const targetIsText: Rule = (context) => {
  const same = context.usable.filter(
    (row) => textKey(textOf(row, context.dataset.mapping)) === targetKey(context, row),
  );
  if (same.length === 0) return [];
  return [
    finding(
      'target-is-text',
      'warning',
      `${plural(same.length, 'row says', 'rows say')} the same in both columns`,
      `There the model would learn to repeat the text. If that is not wanted, correct “${context.dataset.mapping.label}” in the table below, or leave them out.`,
      same,
    ),
  ];
};

const repeated: Rule = (context) => {
  const groups = [...context.sameText.values()].filter((rows) => rows.length > 1);
  const targets = (rows: readonly Row[]) => new Set(rows.map((row) => targetKey(context, row)));
  const several = groups.filter((rows) => targets(rows).size > 1);
  const equal = groups.filter((rows) => targets(rows).size === 1);
  return [
    ...(several.length === 0
      ? []
      : [
          finding(
            'several-targets',
            'warning',
            `${plural(several.length, 'text is', 'texts are')} answered in more than one way`,
            'Each answer is held against one of them, so no prompt can be right in all. Fine where several answers are good.',
            several.flat(),
          ),
        ]),
    ...(equal.length === 0
      ? []
      : [
          finding(
            'duplicate',
            'info',
            `${plural(equal.length, 'text stands', 'texts stand')} in more than one row`,
            'Rows with the same text are kept in one part, so that no held-back row has been seen in training.',
            equal.flat(),
          ),
        ]),
  ];
};

const targetLines: Rule = ({ dataset, usable }) => {
  const rows = usable.filter((row) => /[\n\r]/.test((row.cells[dataset.mapping.label] ?? '').trim()));
  if (rows.length === 0) return [];
  return [
    finding(
      'target-lines',
      'info',
      `${plural(rows.length, 'answer has', 'answers have')} several lines`,
      'An answer is one line here: its line breaks are read as spaces.',
      rows,
    ),
  ];
};

const RULES: readonly Rule[] = [
  tooFewRows,
  fewTargets,
  numericTargets,
  leak,
  noPart,
  repeated,
  emptyCells,
  targetIsText,
  targetLines,
  personalData,
  longText,
];

/** Everything about rows with texts to be written that is worth a look, blocking findings first. */
export function lintWriting(dataset: Dataset): readonly LintFinding[] {
  const context = { ...contextOf(dataset, []), swapped: false };
  return bySeverity(RULES.flatMap((rule) => rule(context)));
}
