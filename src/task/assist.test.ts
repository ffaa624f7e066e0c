import { describe, expect, it } from 'vitest';
import { assist, type PromptFacts } from './assist';
import { checkTemplate } from './template';

const facts = (
  template: string,
  more: Partial<PromptFacts> & { shots?: number; selection?: 'random' } = {},
): PromptFacts => {
  const { shots = 0, selection, ...rest } = more;
  return {
    prompt: { template, shots, shotSeed: 0, ...(selection ? { selection } : {}) },
    columns: ['message', 'tone', 'Order no'],
    mapping: { text: 'message', label: 'tone', id: null, task: 'classify' },
    labels: ['good', 'bad'],
    words: [
      { label: 'good', word: ' good' },
      { label: 'bad', word: ' bad' },
    ],
    tooLong: 0,
    ...rest,
  };
};
const SOUND = 'Classify the text. Answer with one of: good, bad.\nMessage: {text}\nTone:';
const kinds = (of: PromptFacts) => assist(of).map(({ kind }) => kind);

it('finds nothing in the proposed prompt', () => {
  expect(kinds(facts(SOUND))).toEqual([]);
  expect(kinds(facts(SOUND, { shots: 8 }))).toEqual([]);
});

describe('one click', () => {
  it.each([
    ['words-missing', 'Message: {text}\nTone:', SOUND],
    [
      'words-missing',
      'Answer with one of: good.\nMessage: {text}\nTone:',
      'Answer with one of: good, bad.\nMessage: {text}\nTone:',
    ],
    [
      'instruction-last',
      'Message: {text}\nSay whether this is good or bad.\nTone:',
      'Say whether this is good or bad.\nMessage: {text}\nTone:',
    ],
    [
      'instruction-last',
      'Message: {text} (end)\nSay whether this is good or bad {{really}}',
      'Say whether this is good or bad {{really}}\nMessage: {text} (end)\nTone:',
    ],
    ['trailing-space', `${SOUND} \t`, SOUND],
    ['no-cue', 'Is it good or bad? {text}', 'Is it good or bad? {text}\nTone:'],
    ['no-text', 'Is it good or bad?', 'Is it good or bad?\nMessage: {text}\nTone:'],
    ['no-text', '', 'Message: {text}\nTone:'],
    ['unknown-column', '{order_no} good bad {text}\nTone:', '{Order no} good bad {text}\nTone:'],
  ])('%s: %j', (kind, before, after) => {
    const found = assist(facts(before)).find((finding) => finding.kind === kind);
    expect(found?.fix?.prompt.template).toBe(after);
    const again = facts(found?.fix?.prompt.template ?? '');
    expect(kinds(again)).not.toContain(kind);
    expect(checkTemplate(again.prompt.template, again.columns, again.mapping).ok).toBe(true);
  });

  it('takes fewer examples where rows do not fit, and equal numbers of each label', () => {
    expect(assist(facts(SOUND, { tooLong: 3, shots: 8 }))[0]?.fix?.prompt.shots).toBe(4);
    expect(assist(facts(SOUND, { tooLong: 3 }))[0]?.fix).toBeUndefined();
    expect(assist(facts(SOUND, { shots: 7 }))[0]).toMatchObject({
      kind: 'examples-unbalanced',
      fix: { prompt: { shots: 6 } },
    });
    expect(assist(facts(SOUND, { shots: 8, selection: 'random' }))[0]?.fix?.prompt.selection).toBe('balanced');
  });
});

it('knows a label or its word as words of their own, in any script', () => {
  expect(kinds(facts('Goods and badges: {text}\nTone:'))).toContain('words-missing');
  expect(kinds(facts('GOOD/Bad? {text}\nTone:'))).not.toContain('words-missing');
  const words = [
    { label: 'C++', word: ' C++' },
    { label: '不満', word: ' 不満' },
  ];
  expect(kinds(facts('C++, 不満 {text}\nTone:', { words, labels: ['C++', '不満'] }))).toEqual([]);
});

it('does not list thirty labels', () => {
  const words = Array.from({ length: 30 }, (_, i) => ({ label: `label${i}`, word: ` label${i}` }));
  const [found] = assist(facts('Message: {text}\nTone:', { words, labels: words.map(({ label }) => label) }));
  expect(found).toMatchObject({ kind: 'words-missing' });
  expect(found?.fix).toBeUndefined();
});
