import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseFile } from '../dataset/parse';
import { drained } from '../lib/control';
import { firstText } from '../prompt/prompt';
import { askedOf } from '../prompt-set/test-support';
import { printTemplate } from '../task/template';
import { readIncoming } from './incoming';
import { recognise } from './recognise';
import { chatJson, isPromptfoo, type Named, promptfooYaml, readChat, readPromptfoo } from './text-formats';

const WORDS = [
  { label: 'bad', word: ' complaint' },
  { label: '__proto__', word: ' praise' },
];
const TEMPLATE =
  'Say the tone of a {{JSON}} message, 100 %}} #}}.\n\n{city}: It came {{late}}\nTone: complaint\n\n{city}: {text}\nTone:';
const written = (text: { readonly template: string; readonly chat?: boolean }): Named => {
  const { prompt } = askedOf({ text, words: WORDS, calibration: { meanLogProbs: [-0.5, -1.25], rows: 48 } });
  const threshold = { value: 0.7, rows: 40, answered: 30, correct: 28 };
  return { name: 'Tone: "odd" \\ set', prompt: { ...prompt, threshold } };
};
const TRICKY = written({ template: TEMPLATE });
const bytesOf = (text: string) => new TextEncoder().encode(text);
const here = { id: 'i', now: '2026-01-02', taken: [] };
const made = <T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly message: string } },
): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

test('a chat file has messages that any server takes, and is read back unchanged', () => {
  const text = made(chatJson(TRICKY));
  const { messages } = JSON.parse(text);
  expect(messages).toHaveLength(1);
  expect(messages[0].role).toBe('user');
  expect(messages[0].content).toContain('a {JSON} message');
  expect(messages[0].content).toMatch(/\{\{city\}\}: \{\{text\}\}\nTone:$/);
  expect(made(readChat(bytesOf(text)))).toEqual(TRICKY);
  const asChat = written({ template: TEMPLATE, chat: true });
  expect(made(readChat(bytesOf(made(chatJson(asChat)))))).toEqual(asChat);
});

test('a text whose own braces look like a place is not written as a chat file', () => {
  const clash = chatJson(written({ template: 'Replace {{{{text}}}} here: {text}' }));
  expect(clash.ok ? '' : clash.error.message).toMatch(/double braces of its own/);
});

const TESTS = [
  { vars: { text: 'It {{ 7 * 7 }} broke', city: 'Ulm' }, answer: 'complaint' },
  { vars: { text: 'Thanks: "all"\nfine # really', city: 'Bonn' }, answer: 'praise' },
];

test('a promptfoo configuration is read back with its text, examples and answers', async () => {
  const yaml = made(promptfooYaml(TRICKY, TESTS));
  expect(made(await readPromptfoo(bytesOf(yaml)))).toEqual({ ...TRICKY, tests: 2 });
  const config = parse(yaml);
  expect(config).toMatchObject({ providers: ['echo'], prompts: [{ id: 'prompt' }] });
  // nunjucks renders what is between double braces: nothing of the text may be
  expect(config.prompts[0].raw.match(/\{\{(?! "\{" \}\})[^}]*\}\}/g)).toEqual(
    ['{{city}}', '{{city}}', '{{text}}'].slice(0, 3),
  );
});

test('any text comes back from a promptfoo configuration as it went in', async () => {
  const unit = fc.constantFrom(
    'a',
    ' ',
    '\n',
    '\t',
    '{',
    '}',
    '"',
    '#',
    ':',
    '-',
    '|',
    '\u0085',
    '\u2028',
    '\r',
    '%',
    "'",
    'é',
    '😀',
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 30 }), fc.string({ unit, maxLength: 20 }), async (text, cell) => {
      const template = `${printTemplate([{ kind: 'literal', text }])}{text}`;
      const yaml = made(promptfooYaml(written({ template }), [{ vars: { text: cell }, answer: 'x' }]));
      expect(firstText(made(await readPromptfoo(bytesOf(yaml))).prompt).template).toBe(template);
      expect(parse(yaml).tests[0].vars.text.replaceAll('{{ "{" }}', '{')).toBe(cell);
      const chat = chatJson(written({ template }));
      if (chat.ok) expect(firstText(made(readChat(bytesOf(chat.value))).prompt).template).toBe(template);
    }),
    { numRuns: 300, seed: 5 },
  );
});

test('the tests of a promptfoo configuration open as rows with the texts that went into it', async () => {
  const yaml = made(promptfooYaml(TRICKY, TESTS));
  const table = made(await parseFile('promptfoo.yaml', bytesOf(yaml), {}, async (work) => drained(work)));
  expect(table.rows.map(({ cells }) => [cells.text, cells.city, cells.__expected])).toEqual(
    TESTS.map(({ vars, answer }) => [vars.text, vars.city, answer]),
  );
});

test('a column that promptfoo cannot name is refused by its name', async () => {
  const found = promptfooYaml(written({ template: '{Customer name}: {text}' }), []);
  expect(found.ok ? '' : found.error.message).toContain('“Customer name”');
});

test('a configuration of another tool is read with the labels that its tests expect', async () => {
  const foreign = {
    prompts: ['Tone of {{ text }}:'],
    providers: ['openai:x'],
    tests: ['good', 'bad', 'good'].map((value) => ({ vars: { text: 'x' }, assert: [{ type: 'equals', value }] })),
  };
  expect(firstText(made(await readPromptfoo(bytesOf(stringify(foreign)))).prompt)).toMatchObject({
    template: 'Tone of {text}:',
    words: [
      { label: 'good', word: 'good' },
      { label: 'bad', word: 'bad' },
    ],
  });
});

test('both become a prompt set with one hand-written version', async () => {
  for (const text of [made(chatJson(TRICKY)), made(promptfooYaml(TRICKY, TESTS))]) {
    const read = made(await readIncoming(new Map([['any name', bytesOf(text)]]), here));
    if (read.kind !== 'set') throw new Error(read.kind);
    const { versions, words, name } = read.set;
    const { calibration, threshold } = TRICKY.prompt;
    expect(versions).toMatchObject([{ prompt: { voices: [{ template: TEMPLATE }], calibration, threshold } }]);
    expect(words).toEqual(WORDS);
    expect(name).toBe(TRICKY.name);
  }
});

const chat = (change: object) => JSON.stringify({ ...JSON.parse(made(chatJson(TRICKY))), ...change });
const message = (content: unknown, role = 'user') => ({ messages: [{ role, content }] });

it.each<[string, string, RegExp]>([
  ['is cut', made(chatJson(TRICKY)).slice(0, 200), /not valid JSON|no prompt/],
  ['is of another tool', JSON.stringify(message('Tone of {{text}}')), /does not say which answers/],
  ['is of a newer version', chat({ formatVersion: 9 }), /newer version/],
  ['is of version 0', chat({ formatVersion: 0 }), /formatVersion/],
  ['has no message', chat({ messages: [] }), /messages/],
  ['has two messages', chat({ messages: [...message('{{text}}').messages, ...message('x').messages] }), /messages/],
  ['speaks as the assistant', chat(message('{{text}}', 'assistant')), /role/],
  ['has content in parts', chat(message([{ type: 'text', text: '{{text}}' }])), /content/],
  ['has content that is a number', chat(message(7)), /content/],
  ['has no place for the text', chat(message('Tone:')), /no place for the text/],
  ['has a place only for other columns', chat({ ...message('{{city}}'), columns: ['city'] }), /no place for the text/],
  ['names no column', chat({ columns: [] }), /columns/],
  ['has columns that are no list', chat({ columns: 'text' }), /columns/],
  ['has one answer', chat({ answers: [{ label: 'a', word: 'a' }], calibration: null }), /at least two labels/],
  ['has a label twice', chat({ answers: [1, 2].map(() => ({ label: 'a', word: 'a' })) }), /two labels are equal/],
  ['has answers without words', chat({ answers: [{ label: 'a' }, { label: 'b' }] }), /answers/],
  ['is calibrated for other labels', chat({ calibration: { meanLogProbs: [1], rows: 1 } }), /calibration/],
  ['is calibrated by a text', chat({ calibration: 'yes' }), /calibration/],
  ['has a threshold above 1', chat({ threshold: { value: 1.5, rows: 1, answered: 1, correct: 1 } }), /threshold/],
  ['has a threshold alone', chat({ threshold: 0.5 }), /threshold/],
  ['has a name that is an object', chat({ name: {} }), /name/],
  ['is a chat by a word', chat({ chat: 'yes' }), /chat/],
  ['has an endless answer', chat({ longest: -1 }), /longest/],
])('a chat file is refused with a sentence where it %s', async (_what, text, reason) => {
  const read = await readIncoming(new Map([['chat.json', bytesOf(text)]]), here);
  expect(read.ok ? 'it was read' : read.error.message).toMatch(reason);
});

const config = (change: object) => stringify({ ...parse(goodYaml), ...change });
const meta = (change: object) =>
  config({ metadata: { softprompt: { ...parse(goodYaml).metadata.softprompt, ...change } } });
const goodYaml = made(promptfooYaml(TRICKY, TESTS));

it.each<[string, string, RegExp]>([
  ['is no YAML', 'prompts: [\n tests: "', /not valid YAML/],
  ['has a tab for an indent', 'prompts:\n\t- a\n', /not valid YAML/],
  [
    'grows by aliases',
    `a: &a [1,1]\nb: &b [${'*a,'.repeat(40)}1]\nc: &c [${'*b,'.repeat(40)}1]\nprompts: [${'*c,'.repeat(40)}1]\n`,
    /not valid YAML/,
  ],
  ['has no prompt', config({ prompts: [] }), /it has 0 prompts/],
  ['has two prompts', config({ prompts: ['{{text}}', '{{text}}!'] }), /it has 2 prompts/],
  ['has its prompt in a file', config({ prompts: ['file://prompt.txt'] }), /in another file/],
  ['has its prompt at an address', config({ prompts: ['https://example.com/p'] }), /in another file/],
  ['has its prompt in a file by name', config({ prompts: ['prompts/tone.txt'] }), /in another file/],
  ['has its prompt in a script', config({ prompts: ['prompt.py'] }), /in another file/],
  ['has a prompt that is a number', config({ prompts: [7] }), /not text/],
  ['has an empty prompt', config({ prompts: [''] }), /not text/],
  ['has a prompt without a text', config({ prompts: [{ id: 'x' }] }), /not text/],
  ['has a prompt with a filter', config({ prompts: ['{{ text | upper }}'] }), /tags or filters/],
  ['has a prompt with a tag', config({ prompts: ['{% if x %}{{text}}{% endif %}'] }), /tags or filters/],
  ['has a prompt with a comment', config({ prompts: ['{# x #}{{text}}'] }), /tags or filters/],
  ['has a prompt that reaches into an object', config({ prompts: ['{{ text.constructor }}'] }), /tags or filters/],
  ['has a prompt that counts', config({ prompts: ['{{ 7 * 7 }} {{text}}'] }), /tags or filters/],
  ['has no place for the text', config({ prompts: ['Tone of {{message}}:'] }), /no place for the text/],
  ['has a prompt beyond all bounds', config({ prompts: [`{{text}}${'x'.repeat(1_000_001)}`] }), /million/],
  ['was made by a newer version', meta({ formatVersion: 9 }), /newer version/],
  ['has metadata without answers', config({ metadata: { softprompt: { formatVersion: 1 } } }), /metadata/],
  ['has metadata that are a text', config({ metadata: { softprompt: 'x' } }), /metadata/],
  ['has a label twice', meta({ answers: [1, 2].map(() => ({ label: 'a', word: 'a' })) }), /two labels are equal/],
  ['is calibrated for other labels', meta({ calibration: { meanLogProbs: [1], rows: 1 } }), /calibration/],
  ['has a threshold that is no number', meta({ threshold: { value: 'high' } }), /metadata/],
])('a promptfoo configuration is refused with a sentence where it %s', async (_what, text, reason) => {
  const read = await readPromptfoo(bytesOf(text));
  expect(read.ok ? 'it was read' : read.error.message).toMatch(reason);
});

test('both are recognised by their content', async () => {
  const text = made(chatJson(TRICKY));
  expect(await recognise('rows.csv', bytesOf(text))).toMatchObject({ kind: 'chat', ok: true });
  expect(await recognise('rows.csv', bytesOf(chat({ columns: [] })))).toMatchObject({ kind: 'chat', ok: false });
  expect(await recognise('rows.txt', bytesOf(goodYaml))).toMatchObject({ kind: 'promptfoo', ok: true });
  expect(isPromptfoo('tests:\n  - vars: {}\n')).toBe(false);
});
