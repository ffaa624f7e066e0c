import { spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readGrid } from '../report/grid';
import { cli } from './run.test-support';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const OTHER = 'test/fixtures/models/llama-optimum-fp32';
const SAMPLE = 'public/sample/support-messages.csv';
const COLUMNS = ['--text', 'text', '--label', 'label'];

/** Runs a command until it has said something so many times, and kills it then. */
const killed = (args: readonly string[], word: RegExp, times: number) =>
  new Promise<void>((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args]);
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      if ((said.match(new RegExp(word, 'g'))?.length ?? 0) >= times) child.kill('SIGKILL');
    });
    child.on('exit', () => resolve());
  });

describe('a grid of 3 prompts, 2 models and 2 files', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const args = (out: string, prompts: readonly string[] = ['prompt', 'hand.txt']) => [
    ...['grid', '--prompts', ...prompts.map(at), '--models', MODEL, OTHER],
    ...['--data', at('a.csv'), at('b.csv'), ...COLUMNS, '--threads', '1', '--out', at(out)],
  ];
  const cellsOf = async (name: string) => {
    const found = readGrid(await readFile(at(name), 'utf8'));
    if (!found.ok) throw new Error(found.error.message);
    return found.value.cells;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-grid-'));
    const sizes = ['--train-rows', '40', '--test-rows', '20', '--steps', '6', '--tokens', '4'];
    const made = await cli('tune', SAMPLE, ...COLUMNS, '--model', MODEL, '--threads', '1', ...sizes, '--out', folder);
    expect(made.code, made.stderr).toBe(0);
    const [header, ...rows] = (await readFile(SAMPLE, 'utf8')).split('\n');
    await writeFile(at('a.csv'), [header, ...rows.slice(0, 40)].join('\n'));
    await writeFile(at('b.csv'), [header, ...rows.slice(40, 70)].join('\n'));
    await writeFile(at('hand.txt'), 'What is it?\n\n{text}\nAnswer:\n');
  }, 120_000);

  it('is killed half-way, continued, and then the one that ran through, byte for byte', async () => {
    const whole = await cli(...args('whole.json'));
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr.trim().split('\n').at(-1)).toMatch(/^\d+ rows read, \d+ used, .*\.$/);
    expect(whole.stdout).toContain('| prompt, tuned 1 |');
    expect(whole.stdout).toContain('p and intervals count all 20 pairs of cells that answer the same rows');
    expect(await readFile(at('whole.md'), 'utf8')).toBe(whole.stdout);
    await killed(args('half.json'), /, [ab]\.csv: [^\n]*\n/, 7);
    const kept = (await cellsOf('half.json')).length;
    expect(kept).toBeGreaterThanOrEqual(7);
    expect(kept).toBeLessThan(12);
    const resumed = await cli(...args('half.json'));
    expect(resumed.stderr).toContain(`Continuing half.json: ${kept} cells`);
    expect(resumed.stderr).toContain('tiny-support (q4): nothing to fill');
    expect(resumed.stderr).toContain(`(fp32): ${12 - kept} cell`);
    expect(await readFile(at('half.json'), 'utf8')).toBe(await readFile(at('whole.json'), 'utf8'));
    const cells = await cellsOf('half.json');
    expect(cells.filter(({ skipped }) => skipped === 'Trained for softprompt-studio/tiny-support (q4)')).toHaveLength(
      2,
    );
    expect(cells.some(({ answers }) => (answers?.known?.same ?? 0) > 0)).toBe(true);
  }, 120_000);

  it('keeps what is not asked for, and fills again what has changed', async () => {
    await writeFile(at('kept.json'), await readFile(at('whole.json')));
    await writeFile(at('hand.txt'), 'Which of them is it?\n\n{text}\nAnswer:\n');
    const again = await cli(...args('kept.json', ['hand.txt']));
    expect(again.stderr).toContain('tiny-support (q4): 2 cells to fill');
    const [before, after] = [await cellsOf('whole.json'), await cellsOf('kept.json')];
    const others = (cells: typeof before) => cells.filter(({ prompt }) => prompt !== 'hand.txt');
    expect(after).toHaveLength(12);
    expect(new Set(others(after))).toEqual(new Set(others(before)));
    expect(after).not.toEqual(before);
    const looks = async (name: string) =>
      JSON.parse(await readFile(at(name), 'utf8')).data.map((of: { looks: number }) => of.looks);
    expect([await looks('half.json'), await looks('kept.json')]).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(again.stderr).toContain('Test rows of a.csv used once before, by this file');
    expect(again.stdout).toContain('Test rows of a.csv used twice');
  }, 240_000);

  it.each<readonly [string, string[], number, RegExp]>([
    ['a file that is no grid, and leaves it as it is', ['--out', 'results.json'], 1, /not the file of a grid/],
    ['a prompt without {text}', ['--prompts', 'results.txt'], 1, /has no \{text\}/],
    ['a prompt that is not there', ['--prompts', 'nowhere'], 1, /no zip or folder/],
    ['a file named twice', ['--data', 'a.csv', 'a.csv'], 2, /named twice/],
    ['a model named twice', ['--models', MODEL, MODEL], 2, /weights of another/],
    ['results in another format', ['--out', 'm.csv'], 2, /ends in \.json/],
    ['no data', ['--data'], 2, /--data has no value/],
  ])(
    'refuses %s',
    async (_, change, code, why) => {
      await writeFile(at('results.txt'), 'no place for a text');
      const before = await readFile(at('results.json'), 'utf8');
      const [option = '', ...given] = change;
      const values = given.map((value) => (option === '--models' ? value : at(value)));
      const usual = {
        '--prompts': [at('hand.txt')],
        '--models': [MODEL],
        '--data': [at('a.csv')],
        '--out': [at('m.json')],
      };
      const named = Object.entries({ ...usual, [option]: values }).flatMap(([name, list]) => [name, ...list]);
      const refused = await cli('grid', ...named, ...COLUMNS);
      expect(refused.stderr).toMatch(why);
      expect(refused.code).toBe(code);
      expect(await readFile(at('results.json'), 'utf8')).toBe(before);
    },
    60_000,
  );
});
