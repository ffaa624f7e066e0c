import { describe, expect, it } from 'vitest';
import { constantColumns, guessColumns } from './columns';
import { tableOf } from './test-support';

const rows = (n: number, row: (i: number) => string) => Array.from({ length: n }, (_, i) => row(i)).join('\n');

describe('guessColumns', () => {
  it('finds text and label whatever they are called', () => {
    const table = tableOf(
      `nr,a,b,when\n${rows(40, (i) => `${i + 100},${['good', 'bad'][i % 2]},this is note ${i} that somebody wrote,2026-01-${i + 1}`)}`,
    );
    expect(guessColumns(table)).toEqual({ text: 'b', label: 'a', id: 'nr', task: 'classify' });
  });

  it('prefers names to numbers as label', () => {
    const table = tableOf(
      `message,stars,tone\n${rows(40, (i) => `what a day ${i} it has been,${(i % 5) + 1},${['calm', 'angry'][i % 2]}`)}`,
    );
    expect(guessColumns(table)?.label).toBe('tone');
  });

  it('takes what tells rows apart rather than what is nearly always the same', () => {
    const table = tableOf(
      `Kunde;Nachricht;Art\n${rows(60, (i) => `${i % 15 ? 'privat' : 'Büro'};das ist die ${i}. Zeile von vielen;${['gut', 'schlecht', 'offen'][i % 3]}`)}`,
    );
    expect(guessColumns(table)).toEqual({ text: 'Nachricht', label: 'Art', id: null, task: 'classify' });
  });

  it('takes short texts for texts when nothing is longer', () => {
    const table = tableOf(`label,text\n${rows(20, (i) => `${i % 3 ? 'x' : 'y'},word${i}`)}`);
    expect(guessColumns(table)).toEqual({ text: 'text', label: 'label', id: null, task: 'classify' });
  });

  it('reads JSONL pairs of input and output', () => {
    const table = tableOf(
      rows(20, (i) => JSON.stringify({ input: `please do ${i} for me`, output: i % 2 ? 'yes' : 'no' })),
      'x.jsonl',
    );
    expect(guessColumns(table)).toEqual({ text: 'input', label: 'output', id: null, task: 'classify' });
  });

  it('finds a text to be written where nothing repeats as labels do', () => {
    const table = tableOf(
      `nr,ticket,summary\n${rows(40, (i) => `${i + 1},my order ${i} has not come and nobody answers my mails,order ${i} late -> answer`)}`,
    );
    expect(guessColumns(table)).toEqual({ text: 'ticket', label: 'summary', id: 'nr', task: 'generate' });
  });

  it('rather chooses labels, unless what repeats is not called one and the text is called an answer', () => {
    const line = (i: number) =>
      `what a long message ${i} about thing ${i},short reply ${i},${['north', 'south'][i % 2]}`;
    const guess = (header: string) => guessColumns(tableOf(`${header}\n${rows(40, line)}`));
    expect(guess('message,note,region')).toEqual({
      text: 'message',
      label: 'region',
      id: null,
      task: 'classify',
    });
    expect(guess('message,reply,category')).toEqual({
      text: 'message',
      label: 'category',
      id: null,
      task: 'classify',
    });
    expect(guess('message,reply,region')).toEqual({ text: 'message', label: 'reply', id: null, task: 'generate' });
  });
});

it.each([
  [9, 6, 'classify'],
  [9, 9, 'generate'],
  [30, 20, 'classify'],
  [60, 40, 'generate'],
])(
  'takes long answers for labels where they repeat, else for texts: %i rows answered, %i different',
  (labelled, kinds, task) => {
    const label = (i: number) => (i < labelled ? `the customer asks about topic ${i % kinds}` : '');
    const table = tableOf(`message,note\n${rows(60, (i) => `what a long message ${i} about some thing,${label(i)}`)}`);
    expect(guessColumns(table)).toEqual({ text: 'message', label: 'note', id: null, task });
  },
);

it('names the columns that never change, and none of a table without rows', () => {
  const table = tableOf('text,channel,empty,__proto__\na,web,,x\nb,web,,y\n');
  expect(constantColumns(table)).toEqual(['channel', 'empty']);
  expect(constantColumns({ ...table, rows: [] })).toEqual([]);
});
