import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { unlikeTexts } from '../dataset/test-support';
import { cli, type Ended } from './run.test-support';

const MODEL = ['--model', 'public/models/softprompt-studio/tiny-support', '--threads', '1'];
const COLUMNS = ['--text', 'text', '--label', 'label'];
const LABELS = ['positive', 'negative', 'neutral'];
const LONG = 'much too long '.repeat(600);

const lastLine = ({ stderr }: Ended) => stderr.trim().split('\n').at(-1);

/** Rows of three labels. `long` of them do not fit the model, `open` have no label. */
const csvOf = (rows: number, { long = 0, open = 0 } = {}) =>
  `text,label\n${unlikeTexts(rows, 4)
    .map((text, i) => `${i < long ? LONG : ''}${text},${i >= rows - open ? '' : LABELS[i % 3]}\n`)
    .join('')}`;

describe('rows from the file to the last line', () => {
  let folder: string;
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const tune = async (name: string, text: string, ...more: string[]) => {
    const out = join(folder, name);
    const sizes = ['--steps', '4', '--tokens', '4', '--placement', 'suffix', '--out', out];
    const ended = await cli('tune', await file(`${name}.csv`, text), ...COLUMNS, ...MODEL, ...sizes, ...more);
    return { ended, out };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-rows-'));
    const { ended } = await tune('made', csvOf(60));
    expect(ended.code, ended.stderr).toBe(0);
  }, 120_000);

  it('counts rows that an evaluation leaves out as not passed, unless they are to be ignored', async () => {
    const data = await file('long.csv', csvOf(100, { long: 20 }));
    const evaluate = (...more: string[]) =>
      cli('evaluate', join(folder, 'made', 'prompt'), data, ...COLUMNS, ...MODEL, ...more);
    const all = await evaluate();
    expect(lastLine(all)).toBe('100 rows read, 80 used, 20 left out: 20 too long for the model.');
    const { rows, arms } = JSON.parse(all.stdout);
    expect(rows).toEqual({ read: 100, used: 80, leftOut: { long: 20 } });
    const reached = Math.floor(100 * arms[1].metrics.accuracy.value);
    const failed = await evaluate('--min-accuracy', String(reached));
    expect([failed.code, lastLine(failed)]).toEqual([3, lastLine(all)]);
    expect(failed.stderr).toContain('20 rows left out count as wrong');
    const ignored = await evaluate('--min-accuracy', String(reached), '--ignore-left-out');
    expect([ignored.code, lastLine(ignored)]).toEqual([0, lastLine(all)]);
  }, 120_000);

  it('passes no gate on nothing, and says so of one row, of unreadable lines and of JSON too', async () => {
    const made = join(folder, 'made', 'prompt');
    const all = await file('all.csv', csvOf(6, { long: 6 }));
    const gate = await cli('evaluate', made, all, ...COLUMNS, ...MODEL, '--min-accuracy', '0', '--ignore-left-out');
    expect([gate.code, lastLine(gate)]).toEqual([3, '6 rows read, 0 used, 6 left out: 6 too long for the model.']);
    const refused = await cli('evaluate', made, all, ...COLUMNS, ...MODEL);
    expect([refused.code, lastLine(refused)]).toEqual([1, lastLine(gate)]);
    const predict = async (name: string, text: string) =>
      lastLine(await cli('predict', made, await file(name, text), '--text', 'text', ...MODEL));
    expect(await predict('all.csv', csvOf(6, { long: 6 }))).toBe(lastLine(gate));
    expect(await predict('one.csv', 'text\nthank you\n')).toBe('1 row read, 1 used, none left out.');
    expect(await predict('ragged.csv', `text,n\na,1\nb\n,2\n${LONG},3\nc,4,5\n`)).toBe(
      '5 rows read, 1 used, 4 left out: 2 unreadable, 1 without a text, 1 too long for the model.',
    );
    expect(await predict('lines.jsonl', '{"text":"a"}\n{"text":null}\nno JSON\n{"other":1}\n')).toBe(
      '4 rows read, 1 used, 3 left out: 1 unreadable, 2 without a text.',
    );
  }, 120_000);

  it('says of a tuning how many rows had no label, and how many test rows were too long, in files and at the end', async () => {
    const { ended, out } = await tune('faulty', csvOf(120, { long: 30, open: 30 }));
    expect(ended.code, ended.stderr).toBe(0);
    expect(lastLine(ended)).toBe('120 rows read, 60 used, 60 left out: 30 without a label, 30 too long for the model.');
    const results = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
    expect(results.rows).toEqual({ read: 120, used: 60, leftOut: { label: 30, long: 30 } });
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain(lastLine(ended));
    const [, announced] = /(\d+) test rows; labels/.exec(ended.stderr) ?? [];
    expect(Number(announced)).toBe(results.arms[0].rows.length);
    const decided = await cli('decide', join(out, 'results.json'));
    expect(lastLine(decided)).toBe(lastLine(ended));
  }, 120_000);
});
