import { describe, expect, it } from 'vitest';
import { accountSentence, allUsed, inAll, rowsRead, textsRead, without } from './account';
import { tableOf } from './test-support';

const MAPPING = { text: 'text', label: 'label', id: null, task: 'classify' } as const;

describe('the account of rows', () => {
  it('begins with every line of a file, and says why a line is no row to learn from', () => {
    const table = tableOf('text,label\na,x\n,x\nb,\n,\nc\nd,y\n');
    const account = rowsRead(table, MAPPING);
    expect(account).toEqual({ read: 6, used: 2, leftOut: { unreadable: 2, text: 1, label: 1 } });
    expect(accountSentence(account)).toBe(
      '6 rows read, 2 used, 4 left out: 2 unreadable, 1 without a text, 1 without a label.',
    );
    expect(rowsRead(table, { ...MAPPING, task: 'generate' }).leftOut).toMatchObject({ target: 1 });
    // a text that is to be answered needs no label
    expect(textsRead(table, 'text')).toEqual({ read: 6, used: 3, leftOut: { unreadable: 2, text: 1 } });
  });

  it('has the same form whether all rows are left out, none is, or there is one', () => {
    expect(accountSentence(allUsed(90))).toBe('90 rows read, 90 used, none left out.');
    expect(accountSentence(without(allUsed(1), 'long', 1))).toBe(
      '1 row read, 0 used, 1 left out: 1 too long for the model.',
    );
    expect(accountSentence(without(allUsed(1200), 'drawn', 1100))).toBe(
      '1,200 rows read, 100 used, 1,100 left out: 1,100 not drawn.',
    );
    expect(accountSentence(allUsed(0))).toBe('0 rows read, 0 used, none left out.');
  });

  it('adds up over files and over steps', () => {
    const some = without(without(allUsed(10), 'label', 2), 'label', 1);
    expect(inAll([some, without(allUsed(5), 'long', 5), allUsed(1)])).toEqual({
      read: 16,
      used: 8,
      leftOut: { label: 3, long: 5 },
    });
    expect(without(some, 'long', 0)).toBe(some);
  });
});
