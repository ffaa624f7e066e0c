import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCsv } from './csv-out';
import { parseTable, parsing } from './parse';
import { bytesOf, tableOf } from './test-support';
import { MAX_BROKEN_QUOTES, MAX_BYTES, MAX_ROWS } from './types';

const cells = (text: string, fileName?: string) => tableOf(text, fileName).rows.map((row) => Object.values(row.cells));
const failure = (bytes: Uint8Array, fileName = 'rows.csv') => {
  const result = parseTable(fileName, bytes);
  if (result.ok) throw new Error('should have been refused');
  return result.error;
};

describe('delimited text', () => {
  it('reads quotes, quoted line ends and doubled quotes', () => {
    expect(cells('text,label\n"a ""b"", c\nd",x\r\ne,y\n')).toEqual([
      ['a "b", c\nd', 'x'],
      ['e', 'y'],
    ]);
  });

  it.each([
    [';', 'text;label\na, b, c;x\nd, e;y\n'],
    ['\t', 'text\tlabel\na, b\tx\nd; e\ty\n'],
    ['|', 'text|label\na, b|x\nd|y\n'],
    [',', 'text,label\n"a;b;c",x\nd,y\n'],
  ])('sniffs %j', (delimiter, text) => {
    const table = tableOf(text);
    expect(table.format.delimiter).toBe(delimiter);
    expect(table.columns).toEqual(['text', 'label']);
    expect(table.rows).toHaveLength(2);
  });

  it('obeys an overriding delimiter, and Excel’s sep line', () => {
    expect(tableOf('a,b;c\n1,2;3\n', 'x.csv', { delimiter: ';' }).columns).toEqual(['a,b', 'c']);
    const table = tableOf('sep=;\ntext;label\nx;y\n');
    expect(table.columns).toEqual(['text', 'label']);
    expect(table.rows.at(0)?.line).toBe(3);
  });

  it('says line and reason of every row that it leaves out', () => {
    const table = tableOf('text,label\na,x\n\nb,y\nonly one\nc,x,extra\nd,x,,\n\n\n');
    expect(table.rows.map((row) => [row.id, row.line, row.cells.text])).toEqual([
      ['1', 2, 'a'],
      ['2', 4, 'b'],
      ['3', 7, 'd'],
    ]);
    expect(table.rejected).toEqual([
      { line: 3, reason: 'the row is empty', raw: '' },
      { line: 5, reason: 'it has 1 of 2 cells', raw: 'only one' },
      { line: 6, reason: 'it has 3 cells, the header has 2', raw: 'c,x,extra' },
    ]);
  });

  it('loses one row, not the rest of the file, to a quote that is never closed', () => {
    const atEnd = tableOf('text,label\na,x\n"b,y\nc,x\nd,y');
    expect(atEnd.rows.map((row) => row.cells.text)).toEqual(['a', 'c', 'd']);
    expect(atEnd.rejected).toEqual([{ line: 3, reason: 'a quote is never closed', raw: '"b,y' }]);
    const beforeQuoted = tableOf('text,label\n"b,y\n"c",x\n"d\ne",y\nf,x\n');
    expect(beforeQuoted.rows.map((row) => [row.line, row.cells.text])).toEqual([
      [3, 'c'],
      [4, 'd\ne'],
      [6, 'f'],
    ]);
    expect(beforeQuoted.rejected.map((row) => row.line)).toEqual([2]);
  });

  it('reads a stray quote inside a line as a letter', () => {
    expect(cells('text,label\n"He said "hello" to me",x\n12" pipe,y\n')).toEqual([
      ['He said "hello" to me', 'x'],
      ['12" pipe', 'y'],
    ]);
  });

  it('gives up a file of nothing but open quotes, in little time', () => {
    const table = tableOf(`text,label\nfine,x\n${'"open,x\n'.repeat(20_000)}`);
    expect(table.rows).toHaveLength(1);
    expect(table.rejected).toHaveLength(MAX_BROKEN_QUOTES + 1);
    expect(table.rejected.at(-1)?.reason).toContain('the rest of the file was not read');
  });

  it('makes headers different and says so', () => {
    const table = tableOf('text, text ,,label\na,b,c,x\n');
    expect(table.columns).toEqual(['text', 'text (2)', 'column 3', 'label']);
    expect(table.notes).toHaveLength(2);
    expect(table.rows.at(0)?.cells).toEqual({ text: 'a', 'text (2)': 'b', 'column 3': 'c', label: 'x' });
  });

  it('keeps a column called __proto__ a column', () => {
    const table = tableOf('__proto__,label\na,x\n');
    expect(Object.keys(table.rows.at(0)?.cells ?? {})).toEqual(['__proto__', 'label']);
  });

  describe('in single quotes', () => {
    const single = (cell: string) => `'${cell.replaceAll("'", "''")}'`;
    const needed = (cell: string) => (/[',;\n]/.test(cell) ? single(cell) : cell);
    const rows = Array.from({ length: 512 }, (_, i) => [
      `it's row ${i}${[', with a comma', '; and more', '\na line', ' "so"'][i % 4]}`,
      i % 3 ? 'good' : 'bad',
    ]);
    const file = (write: (cell: string) => string, of: readonly (readonly string[])[] = rows) =>
      [['text', 'label'], ...of].map((row) => `${row.map(write).join(',')}\n`).join('');

    it.each([
      ['every cell', single],
      ['cells that need them', needed],
    ])('loses no row: %s', (_, write) => {
      const table = tableOf(file(write));
      expect(table.format.quote).toBe("'");
      expect(table.columns).toEqual(['text', 'label']);
      expect(table.rejected).toEqual([]);
      expect(table.rows.map((row) => Object.values(row.cells))).toEqual(rows);
    });

    it('reads any cells (property)', () => {
      const cell = fc.string({ unit: fc.constantFrom('a', 'b ', "'", '"', ',', ';', '\n', '\t', '|'), maxLength: 12 });
      const row = fc.tuple(cell, cell).filter((cells) => cells.some((each) => each.trim() !== ''));
      fc.assert(
        fc.property(fc.array(row, { minLength: 1, maxLength: 120 }), (made) => {
          const table = tableOf(file(single, made));
          expect(table.rows.map((each) => Object.values(each.cells))).toEqual(made);
        }),
      );
    });

    it('reads cells of which only some need quotes (property)', () => {
      const word = fc.constantFrom('it', "it's", 'a, b', 'was\nnot', 'say "so"', "don't, no");
      const text = fc.array(word, { minLength: 1, maxLength: 4 }).map((some) => some.join(' '));
      fc.assert(
        fc.property(fc.array(text, { minLength: 5, maxLength: 60 }), (texts) => {
          const table = tableOf(file(needed, [["it's, all", 'x'], ...texts.map((each) => [each, 'x'])]));
          expect(table.rows.map((row) => row.cells.text).slice(1)).toEqual(texts);
        }),
      );
    });

    it('takes apostrophes in texts for letters (property)', () => {
      const words = fc.constantFrom("'tis", "don't", "the boys'", "'90s", "rock 'n' roll", "'yes'", 'it', 'was', "'");
      const text = fc.array(words, { minLength: 1, maxLength: 8 }).map((some) => some.join(' '));
      fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), fc.constantFrom(',', '\t'), (made, by) => {
          const texts = made.flatMap((each) => [each, "it's so"]);
          const table = tableOf(`text${by}label\n${texts.map((each) => `${each}${by}x\n`).join('')}`);
          expect(table.format.quote).toBeUndefined();
          expect(table.rows.map((row) => row.cells.text)).toEqual(texts);
        }),
      );
      expect(cells('"text","label"\n"\'a\', b","x"\n"\'c\'","y"\n')).toEqual([
        ["'a', b", 'x'],
        ["'c'", 'y'],
      ]);
    });

    it('can be told otherwise', () => {
      const text = "text,label\n'a',x\n'b',y\n";
      expect(tableOf(text).rows.at(0)?.cells.text).toBe('a');
      expect(tableOf(text, 'x.csv', { quote: '"' }).rows.at(0)?.cells.text).toBe("'a'");
      expect(tableOf("text,label\nplain,x\n'a\nb,y\n", 'x.csv', { quote: "'" }).rejected).toHaveLength(1);
    });

    it('outlasts hostile files', () => {
      const long = 'x, '.repeat(340_000);
      expect(tableOf(`'text','label'\n'${long}','a'\n'b','c'\n`).rows.at(0)?.cells.text).toBe(long);
      expect(tableOf(`'__proto__','label'\n'a','x'\n`).columns).toEqual(['__proto__', 'label']);
      const open = tableOf(`text,label\nfine,x\n${"'open,x\n".repeat(20_000)}`);
      expect(open.rows).toHaveLength(20_001);
      expect(failure(bytesOf("'text'\n'a, b'\n")).kind).toBe('one-column');
    });
  });

  it('reads back what toCsv wrote (property)', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 12 }).map((s) => s.replace(/\r\n?/g, '\n'));
    const row = fc.tuple(cell, cell).filter((r) => r.some((c) => c.trim() !== ''));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), fc.boolean(), (rows, bom) => {
        const table = tableOf(toCsv(['text', 'label'], rows, { bom }), 'x.csv', { delimiter: ',', encoding: 'utf-8' });
        expect(table.rows.map((r) => [r.cells.text, r.cells.label])).toEqual(rows);
        expect(table.rejected).toEqual([]);
      }),
    );
  });
});

describe('encodings', () => {
  const text = 'text;label\nGrüße – “ça va” 10 €;x\nb;y\n';
  const utf16 = (s: string, big: boolean) =>
    new Uint8Array(
      [...s].flatMap((c) =>
        big ? [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255] : [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8],
      ),
    );

  it.each([
    ['utf-8', bytesOf(text)],
    ['utf-8', new Uint8Array([0xef, 0xbb, 0xbf, ...bytesOf(text)])],
    ['utf-16le', utf16(`\ufeff${text}`, false)],
    ['utf-16be', utf16(`\ufeff${text}`, true)],
    ['utf-16le', utf16(text, false)],
  ] as const)('%s', (encoding, bytes) => {
    const result = parseTable('x.csv', bytes);
    expect(result.ok && result.value.format.encoding).toBe(encoding);
    expect(result.ok && result.value.columns).toEqual(['text', 'label']);
    expect(result.ok && result.value.rows.at(0)?.cells.text).toBe('Grüße – “ça va” 10 €');
  });

  it('Windows-1252 when UTF-8 fails', () => {
    const map: Record<string, number> = { ü: 0xfc, ß: 0xdf, '–': 0x96, '“': 0x93, '”': 0x94, ç: 0xe7, '€': 0x80 };
    const result = parseTable('x.csv', new Uint8Array([...text].map((c) => map[c] ?? c.charCodeAt(0))));
    expect(result.ok && result.value.format.encoding).toBe('windows-1252');
    expect(result.ok && result.value.rows.at(0)?.cells.text).toBe('Grüße – “ça va” 10 €');
  });
});

describe('JSON Lines', () => {
  it('reads one object a line', () => {
    const table = tableOf(
      '{"input":"a","output":"x","n":1}\n\nnot json\n{"input":"b","output":null,"more":[1]}\n[1]\n',
      'x.jsonl',
    );
    expect(table.format.kind).toBe('jsonl');
    expect(table.columns).toEqual(['input', 'output', 'n', 'more']);
    expect(table.rows.map((row) => Object.values(row.cells))).toEqual([
      ['a', 'x', '1', ''],
      ['b', '', '', '[1]'],
    ]);
    expect(table.rows.at(1)?.line).toBe(4);
    expect(table.rejected.map((row) => [row.line, row.reason])).toEqual([
      [3, 'the line is not valid JSON'],
      [5, 'the line is not a JSON object'],
    ]);
  });

  it('leaves a line out that is nested deeper than can be read', () => {
    const depth = 100_000;
    const deep = `{"input":${'['.repeat(depth)}${']'.repeat(depth)},"output":"x"}`;
    const table = tableOf(`{"input":"a","output":"x"}\n${deep}\n`, 'x.jsonl');
    expect(table.rows.map((row) => Object.values(row.cells))).toEqual([['a', 'x']]);
    expect(table.rejected.map((row) => [row.line, row.reason])).toEqual([
      [2, 'the line is nested too deeply to be read'],
    ]);
  });

  it('may have no header: lines of JSON where the first is one, else texts, and a broken object is no text', () => {
    const read = (text: string) => {
      const result = parseTable('standard input', bytesOf(text), { oneColumn: true, textLines: 'body' });
      if (!result.ok) throw new Error(result.error.message);
      const { columns, rows, rejected } = result.value;
      return [columns, rows.map((row) => Object.values(row.cells)), rejected.map(({ line }) => line)];
    };
    expect(read('text,label\n\n[1\n{name}, hi\n{"body": "b", "n": null}\n')).toEqual([
      ['body', 'n'],
      [
        ['text,label', ''],
        ['[1', ''],
        ['{name}, hi', ''],
        ['b', ''],
      ],
      [],
    ]);
    expect(read('a\n{"body": "b"\n{}\n')).toEqual([['body'], [['a'], ['']], [2]]);
    expect(read('{"text": "a"}\nb\n{"text": 1, "body": true}\n{"text": {"a": []}}')).toEqual([
      ['body', 'text'],
      [
        ['a', ''],
        ['true', '1'],
        ['{"a":[]}', ''],
      ],
      [2],
    ]);
  });

  it('is recognised by its content too', () => {
    expect(tableOf('{"a":"1","b":"2"}\n', 'pasted.txt').format.kind).toBe('jsonl');
  });
});

describe('refused by name', () => {
  it('an empty file', () => {
    expect(failure(new Uint8Array()).kind).toBe('empty-file');
    expect(failure(bytesOf(' \n\n')).message).toContain('rows.csv is empty');
  });

  it('one column', () => {
    const error = failure(bytesOf('message\nhello there\nbye\n'));
    expect(error.kind).toBe('one-column');
    expect(error.message).toContain('“message”');
  });

  it('a header without rows', () => {
    expect(failure(bytesOf('text,label\n')).kind).toBe('no-rows');
    expect(failure(bytesOf('text,label\nx\n')).message).toContain('line 2: it has 1 of 2 cells');
  });

  it('a file over the limit, which it states, without reading it', () => {
    const error = failure(new Uint8Array(MAX_BYTES + 1));
    expect(error.kind).toBe('too-large');
    expect(error.message).toMatch(/has 50\.0 MB; files up to 50 MB are read/);
  });

  it('more rows than can be used, with their number', () => {
    const error = failure(bytesOf(`text,label\n${'a b,c\n'.repeat(MAX_ROWS + 12)}`));
    expect(error.kind).toBe('too-many-rows');
    expect(error.message).toContain('has 400,012 rows; files up to 400,000 rows are read');
  });

  it.each([
    ['an Excel workbook', [0x50, 0x4b, 3, 4, ...bytesOf('....xl/workbook.xml')]],
    ['a Word document', [0x50, 0x4b, 3, 4, ...bytesOf('....word/document.xml')]],
    ['a ZIP archive', [0x50, 0x4b, 3, 4, 1, 2, 3]],
    ['an old Excel', [0xd0, 0xcf, 0x11, 0xe0, 0xa1]],
    ['a PDF', [...bytesOf('%PDF-1.7')]],
    ['a binary file', [...bytesOf('text,label\n'), 1, 0, 2, 255, 7, 7, 7, 9, 9]],
  ])('%s', (what, bytes) => {
    const error = failure(new Uint8Array(bytes), 'tickets.csv');
    expect(error.kind).toBe('binary-file');
    expect(error.message).toContain(`tickets.csv is ${what}`);
  });

  it('tells what to do with a workbook', () => {
    const error = failure(new Uint8Array([0x50, 0x4b, 3, 4, ...bytesOf('xl/')]), 'a.xlsx');
    expect(error.message).toContain('save it as CSV');
  });

  it('a JSON array', () => {
    expect(failure(bytesOf('[{"text":"a"}]')).kind).toBe('json-array');
  });
});

it('counts lines through all of its steps, of which each says how far it is', () => {
  const text = Array.from({ length: 25_000 }, (_, i) => (i % 1000 === 5 ? `"two\nlines ${i}",b` : `row ${i},b`)).join(
    '\n',
  );
  const work = parsing('a.csv', bytesOf(`text,label\n${text}\n`));
  const shares: number[] = [];
  let step = work.next();
  for (; !step.done; step = work.next()) shares.push(step.value);
  const rows = step.value.ok ? step.value.value.rows : null;
  expect(shares.length).toBeGreaterThanOrEqual(3);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  expect(rows).toHaveLength(25_000);
  expect(rows?.at(-1)).toEqual({ id: '25000', line: 25_026, cells: { text: 'row 24999', label: 'b' } });
});

it('reads a big file in a few seconds', () => {
  const line = '"A message, somewhat long, that somebody wrote about the order","neutral"\n';
  const table = tableOf(`text,label\n${line.repeat(200_000)}`);
  expect(table.rows).toHaveLength(200_000);
}, 20_000);
