import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { drained } from '../lib/control';
import { guessColumns } from './columns';
import { parseFile } from './parse';

const open = (name: string, content: string | Uint8Array) =>
  parseFile(name, typeof content === 'string' ? strToU8(content) : content, {}, async (work) => drained(work));

/** Columns and cells of a file that can be opened. */
async function table(name: string, content: string | Uint8Array) {
  const read = await open(name, content);
  if (!read.ok) throw new Error(read.error.message);
  const { columns, rows, rejected, notes, format } = read.value;
  const cells = rows.map((row) => columns.map((column) => row.cells[column]));
  return { columns, cells, kind: format.kind, rejected, notes, guess: guessColumns(read.value) };
}

const NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const SHEET = `<worksheet ${NS}><sheetData>
  <row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>label</t></is></c><c r="D1" t="s"><v>2</v></c></row>
  <row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>3.5</v></c><c r="C2" t="str"><f>"re"&amp;"fund"</f><v>refund</v></c><c r="D2" s="1"><v>45292</v></c></row>
  <row r="3"/>
  <row r="4"><c r="A4" t="inlineStr"><is><r><t>two </t></r><r><t>runs</t></r><rPh sb="0"><t>x</t></rPh></is></c><c r="C4" t="b"><v>1</v></c><c r="D4" t="e"><v>#N/A</v></c></row>
</sheetData></worksheet>`;
const STRINGS = `<sst ${NS}><si><t>text</t></si><si><t xml:space="preserve">Where is it?
A &lt;b&gt; &amp; &#8364;_x000D_</t></si><si><t>when</t></si></sst>`;
const STYLES = `<styleSheet ${NS}><numFmts><numFmt numFmtId="165" formatCode="0.00"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`;
const BOOK = `<workbook ${NS}><sheets><sheet name="Secret" sheetId="9" state="hidden" r:id="r9"/><sheet name="Rows" sheetId="1" r:id="r1"/><sheet name="Notes" sheetId="2" r:id="r2"/></sheets></workbook>`;
const RELATIONS = `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="r9" Target="worksheets/sheet9.xml"/></Relationships>`;

const PARTS: Readonly<Record<string, string>> = {
  '[Content_Types].xml': '<Types/>',
  'xl/workbook.xml': BOOK,
  'xl/_rels/workbook.xml.rels': RELATIONS,
  'xl/worksheets/sheet1.xml': SHEET,
  'xl/sharedStrings.xml': STRINGS,
  'xl/styles.xml': STYLES,
};
const workbook = (change: Readonly<Record<string, string | null>> = {}): Uint8Array =>
  zipSync(
    Object.fromEntries(
      Object.entries({ ...PARTS, ...change }).flatMap(([name, text]) => (text === null ? [] : [[name, strToU8(text)]])),
    ),
  );

describe('an Excel workbook', () => {
  it('is read from its first visible sheet: shared, inline and computed texts, numbers, dates', async () => {
    const { columns, cells, kind, notes } = await table('rows.xlsx', workbook());
    expect(columns).toEqual(['text', 'column 2', 'label', 'when']);
    expect(cells).toEqual([
      ['Where is it?\nA <b> & €\r', '3.5', 'refund', '2024-01-01'],
      ['two runs', '', 'TRUE', ''],
    ]);
    expect(kind).toBe('xlsx');
    expect(notes?.join(' ')).toContain('The sheet “Rows” was read; the workbook has 1 more.');
  });

  it('is read whatever prefix its program puts before the names', async () => {
    const prefixed = (xml: string) => xml.replace(/<(\/?)(?=\w)/g, '<$1x:');
    const change = Object.fromEntries(Object.entries(PARTS).map(([name, xml]) => [name, prefixed(xml)]));
    expect((await table('x.xlsx', workbook(change))).cells).toHaveLength(2);
  });
});

describe('files of other tools', () => {
  const EVALS = [
    '{"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}], "ideal": "order"}',
    '{"input": "Thanks!", "ideal": ["praise", "thanks"]}',
    '{"input": 3.5, "ideal": {"a": 1}}',
  ].join('\n');

  it('are read as OpenAI Evals: what the user says, and the ideal answer', async () => {
    const { columns, cells, rejected, guess } = await table('samples.jsonl', EVALS);
    expect(columns).toEqual(['input', 'ideal']);
    expect(cells).toEqual([
      ['Where is it?', 'order'],
      ['Thanks!', 'praise'],
    ]);
    expect(rejected).toMatchObject([{ line: 3, reason: 'its ideal is not text' }]);
    expect(guess).toMatchObject({ text: 'input', label: 'ideal' });
  });

  const LANGFUSE = [
    {
      id: 'a',
      input: { question: 'Where is it?' },
      expectedOutput: { label: 'order' },
      metadata: { lang: 'en' },
      status: 'ACTIVE',
    },
    { id: 'b', input: { messages: [{ role: 'user', content: 'Thanks!' }] }, expectedOutput: 'praise', metadata: null },
    { id: 'c', input: 'No answer', expectedOutput: null },
  ];
  it('are read as a Langfuse data set, as an array, under data, or line by line', async () => {
    const wanted = [
      ['a', 'Where is it?', 'order', 'en'],
      ['b', 'Thanks!', 'praise', ''],
    ];
    const ways = [
      ['items.json', JSON.stringify(LANGFUSE, null, 2)],
      ['items.json', JSON.stringify({ data: LANGFUSE })],
      ['items.jsonl', LANGFUSE.map((item) => JSON.stringify(item)).join('\n')],
    ] as const;
    for (const [name, content] of ways) {
      const { columns, cells, rejected } = await table(name, content);
      expect(columns).toEqual(['id', 'input', 'expected_output', 'lang']);
      expect(cells).toEqual(wanted);
      expect(rejected.map(({ reason }) => reason)).toEqual(['its expected output is not a single text']);
    }
  });

  const YAML = `# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
description: tone
prompts: ['{{text}}']
tests:
  - vars: { text: "Where is it?", channel: chat }
    assert:
      - type: javascript
        value: output.length < 9
      - type: equals
        value: order
  - vars: { text: Thanks! }
    assert: [{ type: icontains, value: praise }]
  - vars: { text: A poem }
    assert: [{ type: llm-rubric, value: is it good? }]
`;
  it('are read as promptfoo tests in YAML and JSON, and checks that name no answer are left out', async () => {
    const tests = [
      { vars: { text: 'Where is it?', channel: 'chat' }, assert: [{ type: 'equals', value: 'order' }] },
      { vars: { text: 'Thanks!' }, assert: [{ type: 'icontains', value: 'praise' }] },
      { vars: { text: 'A poem' }, assert: [{ type: 'llm-rubric', value: 'is it good?' }] },
    ];
    for (const [name, content] of [
      ['promptfooconfig.yaml', YAML],
      ['tests.txt', YAML],
      ['tests.json', JSON.stringify(tests)],
      ['config.json', JSON.stringify({ tests })],
    ] as const) {
      const { columns, cells, rejected } = await table(name, content);
      expect(columns).toEqual(['text', 'channel', '__expected']);
      expect(cells).toEqual([
        ['Where is it?', 'chat', 'order'],
        ['Thanks!', '', 'praise'],
      ]);
      expect(rejected).toMatchObject([{ line: 3, reason: 'its assertion (“llm-rubric”) is a check, not a label' }]);
    }
  });

  it('are read as a JSON array of any objects', async () => {
    const { columns, cells, kind } = await table('x.json', '[\n{"text": "a", "n": {"deep": 1}}, {"text": "b"}\n]');
    expect([columns, cells, kind]).toEqual([
      ['text', 'n'],
      [
        ['a', '{"deep":1}'],
        ['b', ''],
      ],
      'json',
    ]);
  });

  it('are not mistaken: a CSV whose first line names the separator, and lines of JSON, stay what they are', async () => {
    expect(await table('x.csv', 'sep=;\ntext;label\na;b\n')).toMatchObject({ kind: 'csv', cells: [['a', 'b']] });
    expect(await table('x.csv', 'prompts,label\na,b\n')).toMatchObject({ kind: 'csv' });
    expect(await table('x.jsonl', '{"text":"a","label":"b"}\n')).toMatchObject({ kind: 'jsonl' });
  });
});

/** Twenty files of each format that went wrong on the way. */
const half = (text: string | Uint8Array, share: number) => text.slice(0, Math.floor(share * text.length));
const cuts = Array.from({ length: 8 }, (_, i) => (i + 1) / 9);
const noise = (seed: number) => Uint8Array.from({ length: 400 }, (_, i) => (i * seed * 7919 + seed) % 256);
const EXCEL = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);
const inSheet = (xml: string) => workbook({ 'xl/worksheets/sheet1.xml': xml });

const BAD_WORKBOOKS: readonly Uint8Array[] = [
  ...cuts.map((share) => half(workbook(), share) as Uint8Array),
  EXCEL,
  Uint8Array.from([0x50, 0x4b, 3, 4, ...noise(3)]),
  workbook({ 'xl/workbook.xml': null }),
  workbook({ 'xl/workbook.xml': '<workbook/>' }),
  workbook({ 'xl/_rels/workbook.xml.rels': null }),
  workbook({ 'xl/worksheets/sheet1.xml': null }),
  inSheet(''),
  inSheet('<worksheet><sheetData/></worksheet>'),
  inSheet(half(SHEET, 0.2) as string),
  inSheet('<row><c r="ZZZZ99999"><v>'),
  inSheet('<row><c r="A1" t="s"><v>7</v></c></row>'),
  inSheet(`${'<row><c>'.repeat(50_000)}`),
  zipSync({ 'readme.txt': strToU8('no workbook') }),
];
const TEXTS: readonly string[] = [
  '[',
  '[]',
  '[1, 2, 3]',
  '["a"]',
  '[[]]',
  '[null]',
  '{"tests": []}',
  '{"tests": "file://more.yaml"}',
  '{"data": [1]}',
  '{"tests": [{"vars": {}, "assert": 5}]}',
  '[{"vars": {"text": "a"}}]',
  '[{"input": {}, "ideal": null}]',
  `${'['.repeat(20_000)}`,
  '[{"__proto__": {"x": 1}}]',
  '{\n "a": \n}',
];
const badOf = (good: string): readonly string[] => [
  ...TEXTS,
  ...cuts.map((share) => half(good, share) as string),
  `${good}\u0000\u0000`,
];
const YAMLS: readonly string[] = [
  'tests:',
  'tests: []',
  'tests: file://x.yaml',
  'tests:\n  - 1',
  'tests:\n\t- vars: {}',
  'tests: [',
  'tests: {a: 1}',
  'tests: &a [*a]',
  'tests:\n  - vars: "text"',
  'tests:\n - vars: {text: a}\n   assert: x',
  `a: &a ["x","x"]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\ntests: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
  'tests: !!js/function "x"',
  '---\ntests: 1\n---\ntests: 2',
  `tests: ${'['.repeat(5000)}`,
  'description: only\nprompts: [a]',
];

describe('files that cannot be used give a sentence, and nothing crashes', () => {
  const cases: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
    ['rows.xlsx', BAD_WORKBOOKS],
    ['tests.json', badOf('[{"vars": {"text": "a"}, "assert": [{"type": "equals", "value": "b"}]}, {"vars": 1}]')],
    ['items.json', badOf('[{"id": 1, "input": "a", "expectedOutput": "b"}, {"input": [], "expectedOutput": {}}]')],
    ['samples.jsonl', badOf('{"input": [{"role": "user", "content": "a"}], "ideal": "b"}\n{"input": [], "ideal": []}')],
    [
      'tests.yaml',
      [
        ...YAMLS,
        ...cuts.map(
          (share) => `tests:\n${half('  - vars: {text: "a"}\n    assert: [{type: equals, value: b}]', share)}`,
        ),
      ],
    ],
  ];
  it.each(cases)('%s', async (name, files) => {
    expect(files.length).toBeGreaterThanOrEqual(20);
    let refused = 0;
    for (const file of files) {
      const started = performance.now();
      const read = await open(name, file);
      expect(performance.now() - started).toBeLessThan(3000);
      if (read.ok) continue;
      refused++;
      expect(read.error.message).toMatch(/^\S.{20,}[.)]$/s);
      expect(read.error.message).not.toMatch(/undefined|\[object|internal:/);
    }
    expect(refused).toBeGreaterThan(12);
  });
});
