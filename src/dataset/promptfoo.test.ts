import { expect, test } from 'vitest';
import { guessColumns } from './columns';
import { parseTable } from './parse';

const parsed = (name: string, text: string) => {
  const read = parseTable(name, new TextEncoder().encode(text));
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
};

test('promptfoo: what is expected is the label, where it names an answer', () => {
  const table = parsed(
    'tests.csv',
    [
      'message,__expected,__description',
      'It never came,equals: complaint,a',
      'Thank you all,praise,b',
      'Where is it now,icontains:question,c',
      'Ratio: 3:1 is fine,praise: warm,d',
      'Write me a poem,"llm-rubric: rhymes, and is short",e',
      'Be quick please,similar(0.8): hurry,f',
      'No,not-contains: x,g',
    ].join('\n'),
  );
  expect(table.rows.map(({ cells }) => cells.__expected)).toEqual(['complaint', 'praise', 'question', 'praise: warm']);
  expect(table.rejected.map(({ line, reason }) => [line, reason])).toEqual([
    [6, 'its __expected is a check (“llm-rubric:”), no label'],
    [7, 'its __expected is a check (“similar(0.8):”), no label'],
    [8, 'its __expected is a check (“not-contains:”), no label'],
  ]);
  expect(guessColumns(table)).toMatchObject({ text: 'message', label: '__expected' });
});

test('watsonx: {input, output} a line', () => {
  const lines = ['It never came', 'Thank you all for that', 'It broke again', 'Lovely service'].map((input, i) =>
    JSON.stringify({ input, output: i % 2 ? 'praise' : 'complaint' }),
  );
  expect(guessColumns(parsed('train.jsonl', lines.join('\n')))).toMatchObject({ text: 'input', label: 'output' });
});
