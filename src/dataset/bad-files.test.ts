import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { drained } from '../lib/control';
import { parseFile } from './parse';

/** Files that people hand in by mistake, or to do harm: what is said, and what is still read. */

type Content = string | Uint8Array;
const open = (name: string, content: Content) =>
  parseFile(name, typeof content === 'string' ? strToU8(content) : content, {}, async (work) => drained(work));

/** Why the file is refused. */
async function refusal(name: string, content: Content): Promise<string> {
  const read = await open(name, content);
  return read.ok ? `was read: ${JSON.stringify(read.value.rows.map((row) => row.cells))}` : read.error.message;
}

/** The table: cells by row, left out rows with the reason, notes. */
async function table(name: string, content: Content) {
  const read = await open(name, content);
  if (!read.ok) throw new Error(read.error.message);
  const { columns, rows, rejected, notes } = read.value;
  return {
    cells: rows.map((row) => columns.map((column) => row.cells[column])),
    reasons: rejected.map(({ reason }) => reason),
    notes: (notes ?? []).join(' '),
  };
}

/** Every case of a format: a name, the file, and what the sentence must say. */
type Cases = readonly (readonly [what: string, file: () => Content, says: RegExp])[];
function refuses(name: string, cases: Cases): void {
  it.each(cases)('%s', async (_, file, says) => {
    const started = performance.now();
    const message = await refusal(name, file());
    expect(message).toMatch(says);
    expect(message).toMatch(new RegExp(`^${name.replace('.', '\\.')} .+\\.$`, 's'));
    expect(performance.now() - started).toBeLessThan(30_000);
  });
}

const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
const row = (...cells: readonly string[]) => `<row>${cells.map(text).join('')}</row>`;
const HEADER = row('text', 'label');
const sheet = (rows: string, after = '') => `<worksheet><sheetData>${rows}</sheetData>${after}</worksheet>`;
const relation = (id: string, target: string) => `<Relationship Id="${id}" Target="${target}"/>`;
const PARTS: Readonly<Record<string, Content>> = {
  'xl/workbook.xml': '<workbook><sheets><sheet name="Rows" r:id="r1"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels': relation('r1', 'worksheets/sheet1.xml'),
  'xl/worksheets/sheet1.xml': sheet(HEADER + row('a', 'b')),
};
const zip = (parts: Readonly<Record<string, Content>>) =>
  zipSync(Object.fromEntries(Object.entries(parts).map(([k, v]) => [k, typeof v === 'string' ? strToU8(v) : v])));
const workbook = (change: Readonly<Record<string, Content>> = {}) => zip({ ...PARTS, ...change });
const inSheet = (rows: string, after = '') => workbook({ 'xl/worksheets/sheet1.xml': sheet(rows, after) });
const withoutPart = (name: string) => zip(Object.fromEntries(Object.entries(PARTS).filter(([part]) => part !== name)));

/** A zip whose directory gives another size for a part. */
function claiming(file: Uint8Array, size: number, part = 'sheet1.xml'): Uint8Array {
  const out = file.slice();
  const view = new DataView(out.buffer);
  for (let at = 0; at < out.length - 46; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const name = new TextDecoder().decode(out.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)));
    if (name.endsWith(part)) view.setUint32(at + 24, size, true);
  }
  return out;
}
const FIFTY = inSheet(HEADER + row('a', 'b').repeat(50));
const JSON_OF = (value: unknown) => JSON.stringify(value);

describe('a workbook is refused with a sentence', () => {
  const DAMAGED = /is damaged, or is not an Excel workbook\. Save the sheet with your rows as CSV/;
  const UNREADABLE = /has no sheet that can be read\. Save the sheet/;
  const WIDE = /has more than 1,000 columns\. Save the sheet/;
  refuses('rows.xlsx', [
    ['that unpacks to 210 MB', () => claiming(FIFTY, 210e6), /unpacks to more than 200 MB/],
    ['that claims 4 GB', () => claiming(FIFTY, 0xfffffff0), /unpacks to more than 200 MB/],
    ['whose sheet is longer than the zip says', () => claiming(FIFTY, 500), DAMAGED],
    ['whose sheet is shorter than the zip says', () => claiming(FIFTY, 100_000), DAMAGED],
    ['cut in its middle', () => FIFTY.slice(0, FIFTY.length / 2), DAMAGED],
    ['cut before its last byte', () => FIFTY.slice(0, -1), DAMAGED],
    ['with a password', () => Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1), /password-protected Excel file\. Save it/],
    [
      'that is a Word document',
      () => zip({ 'word/document.xml': '<w/>' }),
      /is a zip, but not an Excel workbook\. Save/,
    ],
    ['that is an empty zip', () => zip({}), /binary file|one column|is empty/],
    ['without its list of sheets', () => withoutPart('xl/workbook.xml'), /is a zip, but not an Excel workbook/],
    ['without its relations', () => withoutPart('xl/_rels/workbook.xml.rels'), UNREADABLE],
    ['without its sheet', () => withoutPart('xl/worksheets/sheet1.xml'), UNREADABLE],
    ['whose sheet is outside the file', () => workbook({ [RELS]: relation('r1', '../../../etc/passwd') }), UNREADABLE],
    ['whose sheet is on the web', () => workbook({ [RELS]: relation('r1', 'https://x.example/a.xml') }), UNREADABLE],
    ['that has only a chart', () => workbook({ [RELS]: relation('r1', 'chartsheets/sheet1.xml') }), UNREADABLE],
    [
      'whose only sheet is hidden',
      () => workbook({ [BOOK]: '<sheet name="A" state="veryHidden" r:id="r1"/>' }),
      UNREADABLE,
    ],
    ['whose first sheet is empty', () => inSheet(''), /has nothing in its first sheet \(“Rows”\)\. Save/],
    [
      'of formatted cells without values',
      () => inSheet('<row><c r="A1" s="1"/></row>'.repeat(9)),
      /nothing in its first/,
    ],
    ['with a header alone', () => inSheet(HEADER), /has a header but no rows\. Open a file with/],
    ['with one column', () => inSheet(row('text') + row('a')), /has only one column \(“text”\)\. .*add the labels/],
    ['whose header ends in the last column', () => inSheet('<row><c r="XFD1"><v>1</v></c></row><row/>'), WIDE],
    [
      'of 400,001 rows',
      () => inSheet(HEADER + '<row><c><v>1</v></c></row>'.repeat(400_001)),
      /more than 400,000 rows\. Save/,
    ],
    ['of tags that never end', () => inSheet(`<row${'<row'.repeat(200_000)}`), /nothing in its first sheet/],
    ['of sheets that never end', () => workbook({ [BOOK]: '<sheet '.repeat(200_000) }), UNREADABLE],
  ]);
});
const RELS = 'xl/_rels/workbook.xml.rels';
const BOOK = 'xl/workbook.xml';

describe('a workbook is read as its spreadsheet shows it', () => {
  it('also where other sheets are larger than can be unpacked, and says that there are more', async () => {
    const sheets = Array.from({ length: 100 }, (_, i) => `<sheet name="S${i}" r:id="r${i}"/>`).join('');
    const relations = Array.from({ length: 100 }, (_, i) => relation(`r${i}`, `worksheets/sheet${i + 1}.xml`)).join('');
    const second = { 'xl/worksheets/sheet2.xml': sheet('') };
    const file = workbook({ [BOOK]: sheets, [RELS]: relations, ...second });
    const { cells, notes } = await table('x.xlsx', claiming(file, 210e6, 'sheet2.xml'));
    expect(cells).toEqual([['a', 'b']]);
    expect(notes).toBe('The sheet “S0” was read; the workbook has 99 more.');
  });

  it('and says that merged cells have one value', async () => {
    const merges = '<mergeCells><mergeCell ref="B2:B3"/></mergeCells>';
    const { cells, notes } = await table('x.xlsx', inSheet(HEADER + row('a', 'b') + row('c'), merges));
    expect(cells).toEqual([
      ['a', 'b'],
      ['c', ''],
    ]);
    expect(notes).toMatch(/^Merged cells \(1 in the sheet\) have their value in their first row only\. Unmerge/);
  });

  it('and says that a formula without a saved result is empty', async () => {
    const formula = `<row>${text('a')}<c><f>A2&amp;"x"</f></c></row>`;
    const computed = `<row>${text('b')}<c t="str"><f>A3</f><v>b</v></c></row>`;
    const { cells, notes } = await table('x.xlsx', inSheet(HEADER + formula + computed));
    expect(cells).toEqual([
      ['a', ''],
      ['b', 'b'],
    ]);
    expect(notes).toMatch(/^Formulas without a saved result \(1\) are empty here\. Open the workbook in a spreadsheet/);
  });

  it('with the days of workbooks that count from 1904, times, and formats of their own', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="170" formatCode="[Red]yyyy&quot;x&quot;"/><numFmt numFmtId="171" formatCode="0.0&quot;day&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs>';
    const dated = `${HEADER}<row><c s="1"><v>43830</v></c><c s="1"><v>43830.75</v></c></row><row><c s="2"><v>43830</v></c><c s="0"><v>5</v></c></row>`;
    const parts = { 'xl/styles.xml': styles, 'xl/worksheets/sheet1.xml': sheet(dated) };
    const old = PARTS[BOOK]?.toString().replace('<sheets>', '<workbookPr date1904="1"/><sheets>') ?? '';
    expect((await table('x.xlsx', workbook(parts))).cells).toEqual([
      ['2019-12-31', '2019-12-31 18:00:00'],
      ['43830', '5'],
    ]);
    expect((await table('x.xlsx', workbook({ ...parts, [BOOK]: old }))).cells[0]).toEqual([
      '2024-01-01',
      '2024-01-01 18:00:00',
    ]);
  });

  it('whatever size it claims: a million rows that are not there, and cells beyond the header', async () => {
    const claims = '<row r="1048576"><c r="A1048576"><v>1</v></c><c r="XFD1048576"><v>9</v></c></row>';
    const { cells } = await table('x.xlsx', inSheet(HEADER + claims.repeat(2000)));
    expect(cells).toHaveLength(2000);
    expect(cells[1999]).toEqual(['1', '']);
  });

  it('without expanding or fetching entities that it declares', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}"><!ENTITY c SYSTEM "file:///etc/passwd">]>`;
    const parts = { 'xl/worksheets/sheet1.xml': bomb + sheet(HEADER + row('&b;', '&c;')) };
    expect((await table('x.xlsx', workbook(parts))).cells).toEqual([['&b;', '&c;']]);
  });

  it('with shared texts that have a hundred thousand phonetic guides', async () => {
    const texts = `<sst><si>${'<rPh><t>x</t></rPh>'.repeat(100_000)}<t>a</t><rPh><t>y</t></rPh><t>b</t></si></sst>`;
    const shared = `${HEADER}<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`;
    const parts = { 'xl/sharedStrings.xml': texts, 'xl/worksheets/sheet1.xml': sheet(shared) };
    expect((await table('x.xlsx', workbook(parts))).cells).toEqual([['ab', '']]);
  });
});

describe('a CSV that names its separator is refused with a sentence', () => {
  const NO_ROWS = /has a header but no rows/;
  refuses('rows.csv', [
    ['and nothing more', () => 'sep=;', /has a header but no rows|is empty/],
    ['and an empty line', () => 'sep=;\n', /has a header but no rows|has only one column/],
    ['and a header alone', () => 'sep=;\ntext;label\n', NO_ROWS],
    ['and empty cells', () => 'sep=;\n;\n;\n', NO_ROWS],
    ['and one column', () => 'sep=;\ntext\na\nb\n', /has only one column \(“text”\).*add the labels/],
    ['and rows of other lengths', () => 'sep=;\ntext;label\na\nb;c;d\n', /line 3: it has 1 of 2 cells/],
    ['and a quote that is never closed', () => 'sep=;\ntext;label\n"a;b\n', /line 3: a quote is never closed/],
    ['and bytes that are no text', () => 'sep=;\ntext;label\na\u0000;b\n', /is a binary file, not text: open a CSV/],
    ['twice', () => 'sep=;\nsep=;\n', /has only one column|has a header but no rows/],
    ['a letter', () => 'sep=x\ntextxlabel\naxb\n', /has only one column \(“textxlabel”\)/],
    ['a quote', () => 'sep="\ntext"label\na"b\n', /has only one column/],
    ['a space', () => 'sep= \ntext label\na b\n', /has only one column \(“text label”\)/],
    ['two signs', () => 'sep=;;\ntext;label\na;b\n', /line 2: it has 2 of 3 cells/],
    ['but is a picture', () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47), /is a PNG image, not text: open a CSV/],
    ['but is a PDF', () => '%PDF-1.7\nsep=;', /is a PDF, not text: export the table/],
    ['but is a web page', () => '<html><table><tr><td>text</td></tr></table></html>', /has only one column \(“<html>/],
    ['but is 50 MB', () => new Uint8Array(50_000_001).fill(97), /files up to 50 MB are read/],
    [
      'and 1,001 columns',
      () => `sep=;\n${'x;'.repeat(1000)}x\n${'1;'.repeat(1000)}1\n`,
      /1,000 columns\. Keep the columns/,
    ],
    ['and 30,000 unnamed columns', () => `sep=;\n${';'.repeat(30_000)}a\n`, /more than 1,000 columns/],
    ['and a header in quotes alone', () => 'sep=;\n"text;label"\na;b\n', /has only one column \(“text;label”\)/],
  ]);
});

describe('a CSV that names its separator is read', () => {
  it.each([
    ['with it', 'sep=;\ntext;label\n"a, b";c\n', ['a, b', 'c']],
    ['in quotes, as some programs write it', '"sep=;"\ntext;label\na;b\n', ['a', 'b']],
    ['with a byte order mark and Windows line ends', '\ufeffsep=;\r\ntext;label\r\na;b\r\n', ['a', 'b']],
    ['with tabs, in capitals', 'SEP=\t\ntext\tlabel\na\tb\n', ['a', 'b']],
    ['by what its header has, where that is another', 'sep=;\ntext,label\na,b\n', ['a', 'b']],
  ])('%s', async (_, content, cells) => {
    expect((await table('x.csv', content)).cells).toEqual([cells]);
  });
});

const deep = (n: number) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`;
/** What is wrong with any file of objects, whichever tool wrote it. */
const anyObjects = (line: (n: number) => string): Cases => [
  ['of one number', () => '[1]', /none of its 1 rows .*the line is not a JSON object/],
  ['of nothing', () => '[]', /has no list of rows: neither a list itself/],
  ['of nulls', () => '[null, null]', /none of its 2 rows .*not a JSON object/],
  ['cut in a text', () => `[${line(1).slice(0, -3)}`, /is not valid JSON\. Export it again/],
  ['of 10,000 open brackets', () => '['.repeat(10_000), /is not valid JSON/],
  [
    'with 1,001 different names',
    () => `[${numbered(1001, (i) => `{"k${i}": 1}`)}]`,
    /more than 1,000 columns\. Keep the/,
  ],
  [
    'with more cells than memory holds',
    () => `[{${numbered(900, (i) => `"k${i}":1`)}},${numbered(60_000, () => '{"a":1}')}]`,
    /40 million cells/,
  ],
  ['of 400,001 rows', () => `[${numbered(400_001, () => '1')}]`, /has 400,001 rows; files up to 400,000 rows are read/],
];
const numbered = (n: number, one: (i: number) => string) => Array.from({ length: n }, (_, i) => one(i)).join(',');

describe('OpenAI Evals samples are refused with a sentence', () => {
  const sample = (input: unknown, ideal: unknown) => JSON_OF({ input, ideal });
  const bad =
    (...values: Parameters<typeof sample>) =>
    () =>
      `${sample(...values)}\n${sample(...values)}`;
  const NO_IDEAL = /none of its 2 rows could be read \(line 1: its ideal is not text\)/;
  const NO_INPUT = /none of its 2 rows could be read \(line 1: its input/;
  refuses('samples.json', [
    ...anyObjects(() => sample('a', 'b')),
    ['whose ideal is null', bad('a', null), NO_IDEAL],
    ['whose ideal is an empty list', bad('a', []), NO_IDEAL],
    ['whose ideal is an object', bad('a', { label: 'b', score: 1 }), NO_IDEAL],
    ['whose ideal is a list of lists', bad('a', [['b']]), NO_IDEAL],
    ['whose input is null', bad(null, 'b'), NO_INPUT],
    ['whose input is an empty chat', bad([], 'b'), NO_INPUT],
    ['whose input is a chat of pictures', bad([{ role: 'user', content: [{ type: 'image_url' }] }], 'b'), NO_INPUT],
    ['whose input is a chat of texts without roles', bad(['a'], 'b'), NO_INPUT],
    ['whose input has several fields', bad({ question: 'a', context: 'c' }, 'b'), NO_INPUT],
    ['with one line that is cut', () => `${sample('a', null)}\n{"input": "a", "ide`, /line 1: its ideal is not text/],
    [
      'with a line nested 20,000 deep',
      () => `${deep(20_000)}\n${deep(20_000)}`,
      /line 1: the line is nested too deeply|not valid JSON/,
    ],
    ['of lines that are no JSON', () => '{"input": a}\n{"input": b}\n', /line 1: the line is not valid JSON/],
  ]);
});

describe('Langfuse items are refused with a sentence', () => {
  const items =
    (...values: readonly unknown[]) =>
    () =>
      JSON_OF(values.map((value) => ({ id: '1', ...Object(value) })));
  const NO_OUTPUT = /line 1: its expected output is not a single text/;
  refuses('items.json', [
    ...anyObjects(() => JSON_OF({ id: 1, input: 'a', expectedOutput: 'b' })),
    ['without expected outputs', items({ input: 'a', expectedOutput: null }), NO_OUTPUT],
    ['whose outputs are lists', items({ input: 'a', expectedOutput: ['b', 'c'] }), NO_OUTPUT],
    ['whose outputs have several fields', items({ input: 'a', expectedOutput: { a: 1, b: 2 } }), NO_OUTPUT],
    ['whose outputs are nested', items({ input: 'a', expected_output: { a: { b: 1 } } }), NO_OUTPUT],
    ['without inputs', items({ input: null, expectedOutput: 'b' }), /line 1: its input/],
    ['whose inputs are empty chats', items({ input: { messages: [] }, expectedOutput: 'b' }), /line 1: its input/],
    ['whose inputs have several fields', items({ input: { a: 1, b: 2 }, expectedOutput: 'b' }), /line 1: its input/],
    ['whose inputs are lists of numbers', items({ input: [1, 2], expectedOutput: 'b' }), /line 1: its input/],
    ['whose page is empty', () => JSON_OF({ data: [], meta: { page: 1 } }), /has no list of rows/],
    ['whose data is no list', () => JSON_OF({ data: { id: 1 } }), /has only one column \(“data”\)/],
    [
      'that is an answer of its API to a wrong key',
      () => JSON_OF({ error: 'Unauthorized' }),
      /has no list of rows|only one column/,
    ],
    ['that is a list of traces', () => JSON_OF([{ id: '1' }, { id: '2' }]), /has only one column \(“id”\)/],
  ]);
});

describe('promptfoo tests are refused with a sentence', () => {
  const tests =
    (...values: readonly unknown[]) =>
    () =>
      JSON_OF({ tests: values });
  const check = (type: string) => new RegExp(`line 1: its assertion \\(“${type}”\\) is a check, not a label`);
  refuses('tests.json', [
    ...anyObjects(() => JSON_OF({ vars: { text: 'a' }, assert: [{ type: 'equals', value: 'b' }] })),
    [
      'that are in another file',
      () => JSON_OF({ tests: 'file://more.yaml' }),
      /Its tests are in another file: open that one/,
    ],
    [
      'that are a program',
      tests({ vars: { text: 'a' }, assert: [{ type: 'javascript', value: 'process.exit()' }] }),
      check('javascript'),
    ],
    [
      'that ask a model',
      tests({ vars: { text: 'a' }, assert: [{ type: 'llm-rubric', value: 'is it good?' }] }),
      check('llm-rubric'),
    ],
    ['without an assertion', tests({ vars: { text: 'a' } }), /line 1: it has no assertion/],
    ['whose assertion is a text', tests({ vars: { text: 'a' }, assert: 'b' }), /line 1: it has no assertion/],
    [
      'whose assertion names an object',
      tests({ vars: { text: 'a' }, assert: [{ type: 'equals', value: { a: 1 } }] }),
      check('equals'),
    ],
    ['whose type is no text', tests({ vars: { text: 'a' }, assert: [{ type: { x: 1 } }] }), /is a check, not a label/],
    [
      'whose answer is in another file',
      tests({ vars: { text: 'a' }, assert: [{ type: 'equals', value: 'file://answer.txt' }] }),
      /in another file/,
    ],
    [
      'whose variables are in another file',
      tests({ vars: 'file://vars.yaml', assert: [{ type: 'equals', value: 'b' }] }),
      /in another file/,
    ],
    [
      'whose variable is in another file',
      tests({ vars: { text: 'file://a.txt' }, assert: [{ type: 'equals', value: 'b' }] }),
      /in another file/,
    ],
  ]);
});

describe('promptfoo tests in YAML are refused with a sentence', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((name, i) => `${name}: &${name} [${`*${'abcdef'[i]},`.repeat(9)}]`).join('\n')}\ntests: *g\n`;
  refuses('tests.yaml', [
    ['that are in another file', () => 'tests: file://tests.csv\n', /Its tests are in another file: open that one/],
    ['that are a function', () => 'tests: !!js/function "function () { return 1 }"\n', /has no list of rows/],
    ['with a function among them', () => 'tests:\n  - !!js/function "x"\n', /not a JSON object/],
    ['that grow without end by aliases', () => bomb, /cannot be read as YAML|has no list of rows|not a JSON object/],
    ['that contain themselves', () => 'tests: &a [*a]\n', /none of its 1 rows|cannot be read as YAML/],
    ['with a tab before a key', () => 'tests:\n\t- vars: {}\n', /is not valid YAML: /],
    ['with a bracket that is open', () => 'tests: [\n', /is not valid YAML: /],
    ['with a key twice', () => 'tests:\n  - vars: {text: a}\n    vars: {text: b}\n', /is not valid YAML: .*unique/],
    ['of two documents', () => '---\ntests: 1\n---\ntests: 2\n', /has no list of rows/],
    ['that are not there', () => 'description: mine\nprompts: [a]\n', /has no list of rows/],
    ['without a value', () => 'tests:\n', /has no list of rows/],
    ['as a mapping', () => 'tests: {first: {vars: {text: a}}}\n', /has no list of rows/],
    ['of numbers', () => 'tests: [1, 2]\n', /none of its 2 rows/],
    ['nested 5,000 deep', () => `tests: ${'['.repeat(5000)}`, /YAML/],
    ['whose keys are lists', () => 'tests:\n  - ? [a]\n    : b\n', /is not valid YAML|string/],
    ['with an unknown anchor', () => 'tests: [*nowhere]\n', /YAML/],
    [
      'whose assertions are programs',
      () => 'tests:\n  - vars: {text: a}\n    assert: [{type: python, value: "import os"}]\n',
      /its assertion \(“python”\) is a check/,
    ],
    ['without variables', () => 'tests:\n  - assert: [{type: equals, value: b}]\n', /only one column|no variables/],
    [
      'whose variables are a text',
      () => 'tests:\n  - vars: a\n    assert: [{type: equals, value: b}]\n',
      /line 1: its variables have no names/,
    ],
    ['with bytes that are no text', () => 'tests:\n  - "\u0000"\n', /YAML|not a JSON object|binary/],
  ]);
});
