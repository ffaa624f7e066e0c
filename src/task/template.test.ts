import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asContinuation,
  checkTemplate,
  cueOf,
  fillTemplate,
  otherColumns,
  parseTemplate,
  printTemplate,
  renderTemplate,
  splitInstruction,
} from './template';

const mapping = { text: 'message', label: 'tone', id: null, task: 'classify' } as const;
const columns = ['message', 'tone', 'channel'];
const row = { id: '1', line: 2, cells: { message: 'Hello {you}', tone: 'calm', channel: 'mail' } };

function render(template: string): string {
  const checked = checkTemplate(template, columns, mapping);
  if (!checked.ok) throw new Error(checked.error.message);
  return renderTemplate(checked.value, row, mapping);
}
const failure = (template: string) => {
  const checked = checkTemplate(template, columns, mapping);
  if (checked.ok) throw new Error('should have been refused');
  return checked.error;
};

describe('templates', () => {
  it('fill in {text}, the text column by name, and any column', () => {
    expect(render('[{channel}] {text}\nTone:')).toBe('[mail] Hello {you}\nTone:');
    expect(render('{message} ->')).toBe('Hello {you} ->');
  });

  it('keep doubled braces as braces', () => {
    expect(render('{{"q": "{text}"}}')).toBe('{"q": "Hello {you}"}');
  });

  it.each([
    ['  ', 'empty'],
    ['Message: {text', 'brace'],
    ['Message: text}', 'brace'],
    ['{} {text}', 'empty-slot'],
    ['{text} {subject}', 'unknown-column'],
    ['What is the tone?', 'no-text'],
    ['{text} {tone}', 'label-slot'],
  ])('%j is refused: %s', (template, kind) => {
    expect(failure(template).kind).toBe(kind);
  });

  it('says which columns there are', () => {
    expect(failure('{text} {subject}').message).toBe(
      'There is no column “subject”. You can use {text} and {message}, {tone}, {channel}.',
    );
    expect(failure('Tone?').message).toContain('Put {text}');
  });

  it('never fill in what a cell contains (property)', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const checked = parseTemplate('<{text}>');
        const filled = { ...row, cells: { ...row.cells, message: text } };
        expect(checked.ok && renderTemplate(checked.value, filled, mapping)).toBe(`<${text}>`);
      }),
    );
  });

  it('print as they were parsed (property)', () => {
    const part = fc.oneof(
      fc.constantFrom('{text}', '{channel}', '{{', '}}', '\n'),
      fc.string().map((s) => s.replace(/[{}]/g, '')),
    );
    fc.assert(
      fc.property(fc.array(part), (pieces) => {
        const template = pieces.join('');
        const parsed = parseTemplate(template);
        expect(parsed.ok && printTemplate(parsed.value)).toBe(template);
      }),
    );
  });

  it('give an answer its leading space where they end without one', () => {
    expect(asContinuation('Tone:', 'calm')).toBe(' calm');
    expect(asContinuation('Tone: ', ' calm')).toBe('calm');
    expect(asContinuation('Tone:\n', 'calm')).toBe('calm');
  });

  it.each([
    ['Review: {text}\nSentiment:', '\nSentiment:'],
    ['{text}\n\nDecide the tone.\n\nTone: ', '\n\nTone: '],
    ['{text} It was', ' It was'],
    ['{text}\nTone:\n', '\nTone:\n'],
    ['{text}\n{{Tone}}:', '\n{Tone}:'],
    ['Which tone has {text}', ''],
    ['Which tone has {text', ''],
  ])('%j has the cue %j', (template, cue) => expect(cueOf(template)).toBe(cue));

  it('come apart into instruction and plain template', () => {
    const cut = (template: string) => {
      const parsed = parseTemplate(template);
      if (!parsed.ok) throw new Error(parsed.error.message);
      const { instruction, bare } = splitInstruction(parsed.value);
      return [instruction, printTemplate(bare)];
    };
    expect(cut('Decide the tone.\nBe strict.\n\nMessage: {text}\nTone:')).toEqual([
      'Decide the tone.\nBe strict.',
      'Message: {text}\nTone:',
    ]);
    expect(cut('{text}\nCalm or not?\n')).toEqual(['', '{text}\nCalm or not?\n']);
    expect(cut('Classify: {text} ->')).toEqual(['', 'Classify: {text} ->']);
  });
});

describe('a row that is in no table', () => {
  it('fills every column that the template shows, the text under both of its names', () => {
    const template = '{text} / {message} from {channel}, {{kept}}';
    expect(fillTemplate(template, { text: 'Hello', channel: 'mail' }, 'message')).toBe(
      'Hello / Hello from mail, {kept}',
    );
    expect(fillTemplate('{constructor}{channel}', { text: 'Hello' }, null)).toBe('');
  });

  it('needs the columns besides the text, each once', () => {
    expect(otherColumns('{city} {text} {message} {channel} {city}', 'message')).toEqual(['city', 'channel']);
    expect(otherColumns('{text', null)).toEqual([]);
  });
});
