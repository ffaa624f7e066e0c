/** What became of the rows of a file: each was used, or left out for one reason (the first that applied). */
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

export const without = (account: RowAccount, reason: LeftOutReason, rows: number): RowAccount =>
  rows === 0
    ? account
    : {
        ...account,
        used: account.used - rows,
        leftOut: { ...account.leftOut, [reason]: (account.leftOut[reason] ?? 0) + rows },
      };

export function inAll(accounts: readonly RowAccount[]): RowAccount {
  const leave = (of: RowAccount, { leftOut }: RowAccount) =>
    LEFT_OUT_REASONS.reduce((all, reason) => without(all, reason, leftOut[reason] ?? 0), of);
  return accounts.reduce(leave, allUsed(accounts.reduce((sum, { read }) => sum + read, 0)));
}

export function textsRead({ rows, rejected }: Pick<Table, 'rows' | 'rejected'>, column: string): RowAccount {
  const empty = rows.filter(({ cells }) => (cells[column] ?? '').trim() === '').length;
  return without(without(allUsed(rows.length + rejected.length), 'unreadable', rejected.length), 'text', empty);
}

export function rowsRead(table: Pick<Table, 'rows' | 'rejected'>, mapping: ColumnMapping): RowAccount {
  const open = table.rows.filter((row) => !isUsable(row, mapping) && textOf(row, mapping).trim() !== '').length;
  return without(textsRead(table, mapping.text), writes(mapping) ? 'target' : 'label', open);
}

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
