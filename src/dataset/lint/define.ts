import { groupBy } from '../../lib/collect';
import { isUsable, labelOf, type Spellings, targetOf, textKey, textKeyOf, textOf } from '../labels';
import type { Dataset, Issue, IssueKind, MendId, Row, TaskKind } from '../types';

/** Fewer rows cannot be trained and checked. */
export const MIN_ROWS = 10;
export const MAX_CLASSES = 100;
/** Labels with fewer rows cannot be learned. */
export const RARE_ROWS = 5;
/** Characters; about 1,000 tokens. The exact check, in tokens, is made when the rows are tokenised. */
export const LONG_TEXT = 4000;

export interface Context {
  readonly dataset: Dataset;
  /** Empty where texts are generated. */
  readonly spellings: readonly Spellings[];
  readonly usable: readonly Row[];
  readonly sameText: ReadonlyMap<string, readonly Row[]>;
  /** Text and label column look swapped: most other issues would only confuse. */
  readonly swapped: boolean;
}

interface LintDefinition<Found> {
  readonly kind: IssueKind;
  /** Kinds of task that it is for; left out: all. */
  readonly only?: readonly TaskKind[];
  /** One value per issue. */
  readonly find: (context: Context) => readonly Found[];
  readonly severity: Issue['severity'];
  readonly title: (found: Found, context: Context) => string;
  readonly advice: (found: Found, context: Context) => string;
  /** Left out: what was found are rows, groups of them, or no rows at all. */
  readonly rows?: (found: Found, context: Context) => readonly Row[];
  readonly mend?: (found: Found, context: Context) => Issue['fix'];
}

export type Lint = (context: Context) => readonly Issue[];

const rowsAmong = (found: unknown): readonly Row[] => (Array.isArray(found) ? found.flat() : []);

export const defineLint =
  <Found>({ kind, only, severity, find, title, advice, rows = rowsAmong, mend }: LintDefinition<Found>): Lint =>
  (context) =>
    (only && !only.includes(context.dataset.mapping.task) ? [] : find(context)).map((found) => {
      const fix = mend?.(found, context);
      return {
        kind,
        severity,
        title: title(found, context),
        advice: advice(found, context),
        rowIds: rows(found, context).map(({ id }) => id),
        ...(fix ? { fix } : {}),
      };
    });

/** Tasks whose answers are labels. */
export const LABELLED: readonly TaskKind[] = ['classify', 'tag'];

export const together = <T>(rows: readonly T[]): readonly (readonly T[])[] => (rows.length === 0 ? [] : [rows]);

export const when = (holds: boolean): readonly true[] => (holds ? [true] : []);

export const ifAny = <T>(found: T | null): readonly T[] => (found === null ? [] : [found]);

export const mendButton = (label: string, mend: MendId) => (): Issue['fix'] => ({
  label,
  change: { kind: 'mend', mend },
});

export const quote = (text: string, length = 40) =>
  `“${text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text}”`;
export const listed = (items: readonly string[], most = 4) =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;

export const labelsHardlyRepeat = ({ dataset, usable }: Pick<Context, 'dataset' | 'usable'>) =>
  usable.length >= MIN_ROWS && dataset.labels.length > usable.length / 2;

function looksSwapped({ dataset, usable, sameText }: Omit<Context, 'swapped'>): boolean {
  const { mapping, labels } = dataset;
  if (usable.length < 4 || mapping.task !== 'classify') return false;
  const words = (of: (row: Row) => string) =>
    usable.reduce((sum, row) => sum + of(row).trim().split(/\s+/).length, 0) / usable.length;
  const text = (row: Row) => textOf(row, mapping);
  const label = (row: Row) => labelOf(row, mapping);
  return sameText.size <= Math.min(50, labels.length / 2) && words(label) > words(text) + 1;
}

export function contextOf(dataset: Dataset, spellings: readonly Spellings[]): Context {
  const usable = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
  const sameText = groupBy(usable, (row) => textKeyOf(row, dataset.mapping));
  const facts = { dataset, spellings, usable, sameText };
  return { ...facts, swapped: looksSwapped(facts) };
}

const answerOf = (row: Row, { dataset: { mapping } }: Context) =>
  mapping.task === 'classify' ? labelOf(row, mapping) : textKey(targetOf(row, mapping));

export const answersOf = (rows: readonly Row[], context: Context) => new Set(rows.map((row) => answerOf(row, context)));

export const repeated = (context: Context, agree: boolean): readonly (readonly Row[])[] =>
  context.swapped
    ? []
    : [...context.sameText.values()].filter(
        (rows) => rows.length > 1 && (answersOf(rows, context).size === 1) === agree,
      );

export const blockingIssue = (issues: readonly Issue[]): Issue | undefined =>
  issues.find(({ severity }) => severity === 'blocking');
