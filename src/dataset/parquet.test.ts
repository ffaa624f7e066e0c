import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drained } from '../lib/control';
import { parseFile } from './parse';

/** As tools/fixtures/parquet.py writes them. */
const bytesOf = (name: string) => new Uint8Array(readFileSync(`test/fixtures/parquet/${name}.parquet`));
const opened = (bytes: Uint8Array) => parseFile('rows.parquet', bytes, {}, async (work) => drained(work));
const whole = async (name: string) => {
  const result = await opened(bytesOf(name));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const refusal = async (bytes: Uint8Array) => {
  const result = await opened(bytes);
  return result.ok ? 'was opened' : result.error.message;
};
const SAMPLE = 'Save a sample of the table as CSV, and open that.';
const DAMAGED = `rows.parquet is damaged, or is not a Parquet file. ${SAMPLE}`;

describe('a Parquet file', () => {
  it.each(['plain', 'gzip-pages-2', 'zstd'])('has its cells as texts: %s', async (name) => {
    const { format, rows, rejected } = await whole(name);
    expect([format.kind, rows.length, rejected.length]).toEqual(['parquet', 12, 0]);
    expect(Object.entries(rows.at(5)?.cells ?? {})).toEqual([
      ['text', "it's row 5, with “quotes”\nand a line"],
      ['label', '1'],
      ['kind', ''],
      ['sure', ''],
      ['day', '2026-12-06'],
      ['at', '2026-12-01T09:05:00.000Z'],
      ['share', ''],
      ['tags', '["a","5"]'],
      ['who', '{"id":5,"name":"n5"}'],
      ['raw', ''],
      ['__proto__', 'p5'],
    ]);
    expect(rows.at(7)?.cells).toMatchObject({ kind: 'old', sure: 'false', share: '1.75' });
  });

  it('of Hugging Face’s data sets has the names of its labels', async () => {
    const { rows } = await whole('snappy-names');
    expect(rows.slice(0, 3).map(({ cells }) => cells.label)).toEqual(['neg', 'pos', 'neg']);
  });

  it('is refused with what to do: packed otherwise, too long, with one column, without rows', async () => {
    expect(await refusal(bytesOf('brotli'))).toBe(
      `rows.parquet is packed with BROTLI, which is not read here. ${SAMPLE}`,
    );
    expect(await refusal(bytesOf('ten-million'))).toBe(`rows.parquet has more than 400,000 rows. ${SAMPLE}`);
    expect(await refusal(bytesOf('one-column'))).toContain('rows.parquet has only one column (“text”)');
    expect(await refusal(bytesOf('empty'))).toContain('rows.parquet has a header but no rows');
  });

  it('is refused where it is empty, something else, or cut anywhere', async () => {
    const plain = bytesOf('plain');
    expect(await refusal(new Uint8Array())).toContain('is empty');
    expect(await refusal(new TextEncoder().encode('PAR1'))).toBe(DAMAGED);
    expect(await refusal(plain.slice(1))).toContain('is a binary file');
    for (let at = 4; at < plain.length; at += 97) expect(await refusal(plain.slice(0, at))).toBe(DAMAGED);
  });

  it('is read or refused, whatever byte of it is another', async () => {
    for (const name of ['plain', 'snappy-names', 'gzip-pages-2', 'zstd']) {
      const bytes = bytesOf(name);
      for (let at = 4; at < bytes.length; at += 13)
        expect(await refusal(bytes.with(at, (bytes[at] ?? 0) ^ 0x55))).toMatch(/^(?:was opened$|rows\.parquet )/);
    }
  });
});
