/**
 * What became of the rows of a file: each was used, or left out for one reason. The account begins where rows are read, and
 * whatever leaves a row out afterwards takes it from those that are used: nothing is counted a second time.
 */
import { count, counted } from '../lib/format';
import { isUsable, textOf, writes } from './labels';
import {
  type ColumnMapping,
  type Dataset,
  LEFT_OUT_REASONS,
  type LeftOutReason,
  type RowAccount,
  type Table,
} from './types';

/** What is said of the rows that a reason leaves out, after their number. */
const WORDS: Readonly<Record<LeftOutReason, string>> = {
  unreadable: 'unreadable',
  text: 'without a text',
  label: 'without a label',
  target: 'without an expected text',
  unknown: 'with a label that the prompt does not know',
  part: 'in no part of the split',
  repeat: 'with the text of another row, or almost',
  seen: 'that a prompt or its choice has seen',
  held: 'held out for the test',
  drawn: 'not drawn',
  long: 'too long for the model',
  waiting: 'not answered',
};

export const allUsed = (read: number): RowAccount => ({ read, used: read, leftOut: {} });

/** Takes rows from those that are used. */
export const without = (account: RowAccount, reason: LeftOutReason, rows: number): RowAccount =>
  rows === 0
    ? account
    : {
        ...account,
        used: account.used - rows,
        leftOut: { ...account.leftOut, [reason]: (account.leftOut[reason] ?? 0) + rows },
      };

/** The rows of several files as those of one. */
export function inAll(accounts: readonly RowAccount[]): RowAccount {
  const sum = (of: (account: RowAccount) => number) => accounts.reduce((all, account) => all + of(account), 0);
  return LEFT_OUT_REASONS.reduce(
    (all, reason) =>
      without(
        all,
        reason,
        sum(({ leftOut }) => leftOut[reason] ?? 0),
      ),
    allUsed(sum(({ read }) => read)),
  );
}

/** Rows of a file that have a text. */
export function textsRead({ rows, rejected }: Pick<Table, 'rows' | 'rejected'>, column: string): RowAccount {
  const empty = rows.filter(({ cells }) => (cells[column] ?? '').trim() === '').length;
  return without(without(allUsed(rows.length + rejected.length), 'unreadable', rejected.length), 'text', empty);
}

/** Rows of a file that have a text and an answer. */
export function rowsRead(table: Pick<Table, 'rows' | 'rejected'>, mapping: ColumnMapping): RowAccount {
  const open = table.rows.filter((row) => !isUsable(row, mapping) && textOf(row, mapping).trim() !== '').length;
  return without(textsRead(table, mapping.text), writes(mapping) ? 'target' : 'label', open);
}

/** Rows of a data set that are in one of its parts. */
export function accountOf({ account, table, mapping, split }: Dataset): RowAccount {
  if (account) return account;
  const read = rowsRead(table, mapping);
  return without(read, 'part', read.used - Object.values(split).flat().length);
}

export const leftOutRows = ({ read, used }: RowAccount): number => read - used;

/** "90 rows read, 60 used, 30 left out: 25 without a label, 5 too long for the model." */
export function accountSentence(account: RowAccount): string {
  const reasons = LEFT_OUT_REASONS.flatMap((reason) => {
    const rows = account.leftOut[reason] ?? 0;
    return rows === 0 ? [] : [`${count(rows)} ${WORDS[reason]}`];
  });
  const left = leftOutRows(account);
  const start = `${counted(account.read, 'row')} read, ${count(account.used)} used`;
  return left === 0 ? `${start}, none left out.` : `${start}, ${count(left)} left out: ${reasons.join(', ')}.`;
}
