import { expect, it } from 'vitest';
import { toCsv } from './csv-out';

it('ends rows with CRLF and doubles quotes', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x "y", z', 1.5],
        ['line\nbreak', null],
      ],
    ),
  ).toBe('a,b\r\n"x ""y"", z",1.5\r\n"line\nbreak",\r\n');
});

it('puts a byte order mark on request', () => {
  expect(toCsv(['a', 'b'], [], { bom: true })).toBe('\ufeffa,b\r\n');
});

it('neutralises formulas, not numbers', () => {
  const rows = [['=1+1', '+cmd', '-2', '-x', '@a', '\tb', 'ok', '1e-5']];
  expect(toCsv(['a'], rows, { neutralise: true })).toBe("a\r\n'=1+1,'+cmd,-2,'-x,'@a,'\tb,ok,1e-5\r\n");
  expect(toCsv(['a'], [['=1+1']])).toBe('a\r\n=1+1\r\n');
});
