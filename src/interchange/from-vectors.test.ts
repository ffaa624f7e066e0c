import { expect, it } from 'vitest';
import { readForm, type TaskForm } from './from-vectors';

const form: TaskForm = { name: 'x', template: 'Text: {text}\nTone:', words: '', placement: 'prefix', from: '' };
const read = (change: Partial<TaskForm>) => {
  const found = readForm({ ...form, ...change });
  return found.ok ? found.value.words : found.error.kind;
};

it('reads an answer a line, with or without a word of its own, and ignores the space around them', () => {
  expect(read({ words: '  complaint \n\n praise =  happy ' })).toEqual([
    { label: 'complaint', word: ' complaint' },
    { label: 'praise', word: ' happy' },
  ]);
  expect(read({ words: 'a=b = yes\nno' })).toEqual([
    { label: 'a=b', word: ' yes' },
    { label: 'no', word: ' no' },
  ]);
});

it.each([
  ['one answer', { words: 'praise' }, 'words'],
  ['a label without a word', { words: 'praise =\nblame' }, 'words'],
  ['a word without a label', { words: '= praise\nblame' }, 'words'],
  ['a label twice', { words: 'praise\n praise = good' }, 'words'],
  ['a prompt without the text', { words: 'a\nb', template: 'Tone:' }, 'template'],
  ['no place of the vectors', { words: 'a\nb', placement: '' as const }, 'placement'],
])('refuses %s, and names the field', (_, change, field) => {
  expect(read(change)).toBe(field);
});
