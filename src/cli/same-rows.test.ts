import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Table } from '../dataset/types';
import { uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { alone } from '../prompt-set/planned';
import { askedOf } from '../prompt-set/test-support';
import { batch, batchFile } from '../workflow/batch';
import { fakeHost } from '../workflow/fake-host.test-support';
import { SILENT } from '../workflow/host';
import { closeRows, keepRows, openFile, openRows } from '../workflow/rows-file';
import { openTable } from './data';
import { UsageError } from './options';

/**
 * One table for the page, the command line and the programs of an export: a file for each case, and what becomes of it with a
 * model that is a rule. tools/export/test_rows.py reads the same table.
 */
interface Case {
  readonly case: string;
  readonly file: string;
  readonly content?: string;
  readonly base64?: string;
  readonly repeat?: { readonly line: string; readonly times: number };
  readonly text?: string;
  readonly template?: string;
  /** What is said of a file that cannot be used; of others, what is in it and becomes of it. */
  readonly refused?: string;
  readonly isWrongUse?: boolean;
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly [line: number, ...cells: string[]])[] | number;
  readonly rejected?: readonly (readonly [line: number, reason: string])[];
  readonly answers?: string;
  readonly answersSha256?: string;
  /** The last line of the programs. */
  readonly account?: string;
}

const CASES: readonly Case[] = JSON.parse(await readFile('test/fixtures/rows.json', 'utf8'));
const [TEMPLATE, CONTEXT, THRESHOLD] = ['Text: {text}\nTone:', 132, 0.7];
const WORDS = ['bad', 'good'].map((label) => ({ label, word: ` ${label}` }));
const SILENT_LOG = { line: () => undefined, progress: () => undefined };
const OUTPUT = { format: 'csv', bom: false, neutralise: false, onlyReview: false, each: 'nothing' } as const;

const probabilities = (prompt: string) => (prompt.includes('good') ? [0.25, 0.75] : [0.5625, 0.4375]);

function bytesOf({ content = '', base64, repeat }: Case): Buffer {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  const lines = Array.from({ length: repeat?.times ?? 0 }, (_, i) => repeat?.line.replaceAll('{i}', String(i)));
  return Buffer.from(content + lines.join(''));
}

const found = ({ columns, rows, rejected }: Table, isLong: boolean) => ({
  columns,
  rows: isLong ? rows.length : rows.map(({ line, cells }) => [line, ...columns.map((column) => cells[column])]),
  rejected: rejected.map(({ line, reason }) => [line, reason]),
});

/** The rows of a file, by the reader of `predict` or of the page, and the CSV with their answers. */
async function answered(of: Case, reader: 'command line' | 'page') {
  const { text = 'text', template = TEMPLATE, file, repeat } = of;
  const { host } = fakeHost(CONTEXT, (prompt) => probabilities(prompt).map(Math.log));
  if (reader === 'page') await openRows(host, { file: new Blob([new Uint8Array(bytesOf(of))]), name: file }, SILENT);
  else {
    const path = join(await mkdtemp(join(tmpdir(), 'softprompt-same-')), file);
    await writeFile(path, bytesOf(of));
    keepRows(host, await openTable(path, { text }, SILENT_LOG, { override: { oneColumn: true } }));
  }
  const version = askedOf({ text: { template }, words: WORDS, threshold: THRESHOLD });
  const read = found(openFile(host).table, repeat !== undefined);
  await batch(host, { plan: alone(version), text, from: 0 }, { control: uninterrupted, emit: () => undefined });
  const answers = await (await batchFile(host, OUTPUT)).file.text();
  await closeRows(host);
  return {
    ...read,
    ...(repeat ? { answersSha256: createHash('sha256').update(answers).digest('hex') } : { answers }),
  };
}

describe.each(CASES)('$case', ({ case: _, file, ...of }) => {
  const { refused, isWrongUse = false, content, base64, repeat, text, template, account: _account, ...expected } = of;
  it.each(['command line', 'page'] as const)(
    'is read, answered and refused as everywhere, by the %s',
    async (reader) => {
      const result = answered({ case: _, file, ...of }, reader);
      if (refused === undefined) return expect(await result).toEqual(expected);
      const why = await result.then(
        () => 'was answered',
        (error: unknown) => error,
      );
      // the page offers only columns that are there
      if (isWrongUse && reader === 'page') return;
      expect(why).toBeInstanceOf(isWrongUse ? UsageError : StudioError);
      expect((why as Error).message).toBe(refused);
    },
  );
});

// the tests of exports need this much
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;
it.skipIf(!hasPython)(
  'comes out the same in Python',
  () => {
    const { status, stderr } = spawnSync('python3', ['tools/export/test_rows.py', 'Reading'], { encoding: 'utf8' });
    expect(stderr).toMatch(/\nOK\n$/);
    expect(status).toBe(0);
  },
  300_000,
);
