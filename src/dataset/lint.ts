import { isNumeric } from './columns';
import { classBalance, isUsable, labelOf, rowsById, type Spellings, textOf } from './labels';
import { textKey } from './normalise';
import type { Dataset, LintFinding, LintKind, Row } from './types';

/** Below this nothing can be trained and checked. */
const MIN_ROWS = 10;
/** Below this training works, and shows little. */
const FEW_ROWS = 100;
const RARE_ROWS = 5;
const MANY_CLASSES = 30;
const MAX_CLASSES = 100;
/** Characters; about 1,000 tokens. The exact check, in tokens, is made when the rows are tokenised. */
const LONG_TEXT = 4000;
const IMBALANCED_SHARE = 0.8;

interface Context {
  readonly dataset: Dataset;
  readonly spellings: readonly Spellings[];
  readonly usable: readonly Row[];
  /** Usable rows that say the same, by text. */
  readonly sameText: ReadonlyMap<string, readonly Row[]>;
  /** Text and label column look swapped: then most other findings would only confuse. */
  readonly swapped: boolean;
}

type Rule = (context: Context) => readonly LintFinding[];

const plural = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const percent = (share: number) => `${Math.round(100 * share)}%`;
const ids = (rows: readonly Row[]) => rows.map((row) => row.id);
const quote = (text: string, length = 40) =>
  `“${text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text}”`;
const listed = (items: readonly string[], most = 4) =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;

const finding = (
  kind: LintKind,
  severity: LintFinding['severity'],
  title: string,
  advice: string,
  rows: readonly Row[] = [],
): LintFinding => ({ kind, severity, title, advice, rowIds: ids(rows) });

/** An ID or free text taken as the label: most labels occur once. */
const labelsHardlyRepeat = ({ dataset, usable }: Pick<Context, 'dataset' | 'usable'>) =>
  usable.length >= MIN_ROWS && dataset.labels.length > usable.length / 2;

function looksSwapped({ dataset, usable, sameText }: Omit<Context, 'swapped'>): boolean {
  if (usable.length < 4) return false;
  const { mapping, labels } = dataset;
  const words = (of: (row: Row) => string) =>
    usable.reduce((sum, row) => sum + of(row).trim().split(/\s+/).length, 0) / usable.length;
  const text = (row: Row) => textOf(row, mapping);
  const label = (row: Row) => labelOf(row, mapping);
  return sameText.size <= Math.min(50, labels.length / 2) && words(label) > words(text) + 1;
}

const oneClass: Rule = ({ dataset, usable }) => {
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

const tooManyClasses: Rule = (context) => {
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

const numericLabels: Rule = (context) => {
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

const rareClass: Rule = (context) => {
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

const imbalanced: Rule = ({ dataset }) => {
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
      `Always saying ${quote(top.label, 24)} is right ${percent(top.share)} of the time, so accuracy says little here. Look at macro-F1, and add rows of the other labels.`,
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
    out.push(
      finding(
        'contradiction',
        'warning',
        `${plural(disagree.flat().length, 'row')} say the same and disagree`,
        `${quote(textOf(rows[0] as Row, context.dataset.mapping))} is both ${labels.slice(0, 3).join(' and ')}. No prompt can get both right: correct the labels in your file.`,
        disagree.flat(),
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

const leak: Rule = ({ dataset }) => {
  const byId = rowsById(dataset.table.rows);
  const rowsOf = (part: readonly string[]) => part.map((id) => byId.get(id)).filter((row) => row !== undefined);
  const seen = new Set(
    rowsOf([...dataset.split.train, ...dataset.split.validation]).map((row) => textKey(textOf(row, dataset.mapping))),
  );
  const leaking = rowsOf(dataset.split.test).filter((row) => seen.has(textKey(textOf(row, dataset.mapping))));
  if (leaking.length === 0) return [];
  return [
    finding(
      'leak',
      'warning',
      `${plural(leaking.length, 'held-back row also stands', 'held-back rows also stand')} in the training rows`,
      'A prompt may know them by heart, so the comparison would flatter it. Split anew, or take these rows out.',
      leaking,
    ),
  ];
};

const longText: Rule = ({ dataset, usable }) => {
  const long = usable.filter((row) => textOf(row, dataset.mapping).length > LONG_TEXT);
  if (long.length === 0) return [];
  return [
    finding(
      'long-text',
      'warning',
      `${plural(long.length, 'text is', 'texts are')} longer than ${LONG_TEXT.toLocaleString('en')} characters`,
      'Long rows are slow, and may not fit the model. Keep the part that decides the label.',
      long,
    ),
  ];
};

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

const labelSpelling: Rule = (context) => {
  const { dataset, spellings, usable } = context;
  const out: LintFinding[] = [];
  const merged = spellings.filter((s) => s.spellings.length > 1);
  if (merged.length > 0) {
    const [first] = merged as [Spellings, ...Spellings[]];
    const named = first.spellings.map((raw) => `“${raw}”`);
    out.push(
      finding(
        'label-spelling',
        'info',
        `${plural(merged.length, 'label is', 'labels are')} spelled in more than one way`,
        `Capital letters and spaces make no difference: ${listed(named)} are read as “${first.label}”.`,
      ),
    );
  }
  if (labelsHardlyRepeat(context) || dataset.labels.length > MAX_CLASSES) return out;
  const balance = classBalance(dataset);
  for (const rare of balance)
    for (const common of balance) {
      if (rare.label.length < 5 || /\d/.test(rare.label) || rare.rows * 10 > common.rows) continue;
      if (!oneSlip(textKey(rare.label), textKey(common.label))) continue;
      out.push(
        finding(
          'label-spelling',
          'warning',
          `${quote(rare.label, 24)} may be a slip for ${quote(common.label, 24)}`,
          `They count as two labels: ${plural(rare.rows, 'row')} and ${plural(common.rows, 'row')}. Correct the label in your file if they are one.`,
          usable.filter((row) => labelOf(row, dataset.mapping) === rare.label),
        ),
      );
    }
  return out;
};

const RULES: readonly Rule[] = [
  oneClass,
  tooFewRows,
  swappedColumns,
  tooManyClasses,
  leak,
  repeated,
  emptyCells,
  imbalanced,
  rareClass,
  numericLabels,
  labelSpelling,
  longText,
];

const ORDER: Readonly<Record<LintFinding['severity'], number>> = { blocking: 0, warning: 1, info: 2 };

/** Everything about a data set that is worth a look, blocking findings first. */
export function lint(dataset: Dataset, spellings: readonly Spellings[]): readonly LintFinding[] {
  const usable = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
  const sameText = new Map<string, Row[]>();
  for (const row of usable) {
    const key = textKey(textOf(row, dataset.mapping));
    const rows = sameText.get(key);
    if (rows) rows.push(row);
    else sameText.set(key, [row]);
  }
  const facts = { dataset, spellings, usable, sameText };
  const context: Context = { ...facts, swapped: looksSwapped(facts) };
  return RULES.flatMap((rule) => rule(context)).sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
