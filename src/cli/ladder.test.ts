import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Ladder } from '../report/ladder';
import { cli } from './run.test-support';

const MODEL = ['--model', 'public/models/softprompt-studio/tiny-support', '--threads', '1'];
const SAMPLE = 'public/sample/support-messages.csv';
const COLUMNS = ['--text', 'text', '--label', 'label'];

describe('the ladder of two steps from a terminal', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const climb = (out: string, second: readonly string[], ...more: readonly string[]) =>
    cli(
      ...['ladder', at('rows.csv'), ...COLUMNS, ...MODEL, '--field', 'mood', '--first', at('first.txt')],
      ...['--second', ...second.map(at), '--shots', '2', '--out', at(out), ...more],
    );
  const read = async (out: string): Promise<Ladder> => JSON.parse(await readFile(at(`${out}/ladder.json`), 'utf8'));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-ladder-'));
    const [, ...lines] = (await readFile(SAMPLE, 'utf8')).trim().split('\n');
    const rows = lines.slice(0, 60).map((line) => `${line},${line.endsWith('neutral') ? 'GOLD-calm' : 'GOLD-strong'}`);
    await writeFile(at('rows.csv'), ['id,text,label,mood', ...rows].join('\n'));
    await writeFile(at('first.txt'), 'Is the message calm?\nText: {text}\nMood:\n');
    await writeFile(at('second.txt'), 'What is the tone?\nText: {text}\nMood: {mood}\nTone:\n');
    await writeFile(at('alone.txt'), 'Text: {text}\nTone:\n');
  });

  it('writes figures, a page, and rows with which step two is tuned for the rung with vectors', async () => {
    const hand = await climb('hand', ['second.txt']);
    expect(hand.code, hand.stderr).toBe(0);
    expect(hand.stderr.trim().split('\n').at(-1)).toMatch(/^\d+ rows read, \d+ used, .*\.$/);
    expect(await readFile(at('hand/ladder.md'), 'utf8')).toBe(hand.stdout);
    expect(hand.stdout).toContain('corrected by Holm for 3 comparisons');
    expect(await readFile(at('hand/ladder.html'), 'utf8')).toContain('What each rung adds');
    const test = await readFile(at('hand/test.csv'), 'utf8');
    expect(test.split('\r\n')[0]).toBe('id,text,label,mood');
    const sizes = ['--steps', '2', '--tokens', '2', '--find-words', 'off', '--examples', '2'];
    const files = [at('hand/train.csv'), '--test', at('hand/test.csv'), ...COLUMNS, ...MODEL, ...sizes];
    const prompt = await readFile(at('second.txt'), 'utf8');
    const made = await cli('tune', ...files, '--prompt', prompt.trimEnd(), '--out', at('two'));
    expect(made.code, made.stderr).toBe(0);
    const tuned = await climb('tuned', ['second.txt', 'two/prompt']);
    expect(tuned.code, tuned.stderr).toBe(0);
    const [before, after] = [await read('hand'), await read('tuned')];
    expect(after.rungs.map(({ id, skipped }) => [id, skipped])).toEqual([
      ...['foundation', 'instruction', 'first', 'examples', 'vectors-3'].map((id) => [id, null]),
    ]);
    expect(after.test).toEqual({ rows: before.test.rows, known: 0, unanswered: 0 });
    expect(after.first.answers).toEqual(before.first.answers);
    expect(after.rungs[2]?.accuracy).toEqual(before.rungs[2]?.accuracy);
    expect(after.first.accuracy?.rows).toBe(after.test.rows);
    expect(JSON.stringify(after)).not.toContain('app is a joy');
    expect(after.rungs.at(-1)?.name).toContain('Vectors and 2 examples');
    const again = await climb('hand', ['second.txt', 'two/prompt']);
    expect(again.stderr).toContain('answers of 5 prompts are kept');
    expect(again.stderr).not.toContain('Step one, first.txt:');
    expect(again.stderr).toContain('Test rows used once before, by the answers in');
    expect([before.looks, (await read('hand')).looks]).toEqual([1, 2]);
    expect(again.stdout).toContain('Test rows used twice');
    expect((await climb('hand', ['second.txt', 'two/prompt'])).stderr).not.toContain('before, by the answers');
    expect((await read('hand')).looks).toBe(2);
    const timeless = (of: Ladder) => of.rungs.map(({ answers }) => answers);
    expect(timeless(await read('hand'))).toEqual(timeless(after));
    await writeFile(at('hand/answers.json'), '[]');
    expect((await climb('hand', ['second.txt'])).stderr).toContain('It does not have the answers of a ladder');
  }, 240_000);

  it.each<readonly [string, string[], string[], number, RegExp]>([
    ['no field', ['second.txt'], ['--field', ''], 2, /--field is missing/],
    ['a text of step one without labels', ['second.txt'], ['--field', 'topic'], 2, /has no column “topic”/],
    ['the label as the field', ['second.txt'], ['--field', 'label'], 1, /cannot be step one's field/],
    ['step two without the field', ['alone.txt'], [], 1, /Write \{mood\} on a line of its own/],
    ['a prompt that is not there', ['nowhere'], [], 1, /no zip or folder/],
    ['a prompt named twice', ['second.txt', 'second.txt'], [], 2, /named twice/],
    ['no examples', ['second.txt'], ['--shots', 'many'], 2, /--shots takes a whole number/],
  ])(
    'refuses %s',
    async (_, second, more, code, why) => {
      const refused = await climb('refused', second, ...more);
      expect(refused.stderr).toMatch(why);
      expect(refused.code).toBe(code);
      await expect(readFile(at('refused/ladder.json'))).rejects.toThrow();
    },
    60_000,
  );
});
