import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { readModelDir } from '../api/node-platform';
import { setPackageFiles } from '../interchange/set-package';
import { writeZip } from '../interchange/zip';
import { setOf } from '../route/test-support';
import { cli } from './run.test-support';

const TINY = 'public/models/softprompt-studio/tiny-support';
const OTHER = 'test/fixtures/models/llama-optimum-fp32';
const SAMPLE = 'public/sample/support-messages.csv';

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a prompt knows its model and its columns', () => {
  let folder: string;
  /** In the catalogue. */
  let own: string;
  /** Made with a model that is not. */
  let foreign: string;
  let data: string;
  const at = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-model-'));
    data = at('data.csv');
    const [, ...lines] = (await readFile(SAMPLE, 'utf8')).trim().split('\n');
    await writeFile(data, ['n,body,tone', ...lines.slice(0, 90)].join('\n'));
    const tune = async (model: string, out: string) => {
      const sizes = ['--steps', '2', '--tokens', '2', '--placement', 'suffix', '--threads', '1'];
      const columns = ['--text', 'body', '--label', 'tone'];
      const made = await cli('tune', data, ...columns, ...sizes, '--model', model, '--out', at(out));
      expect(made.code, made.stderr).toBe(0);
      return at(`${out}/prompt`);
    };
    own = await tune(TINY, 'own');
    foreign = await tune(OTHER, 'foreign');
  }, 180_000);

  it('loads the model of the catalogue, and reads the columns that it was made with', async () => {
    const named = ['--text', 'body', '--label', 'tone', '--model', TINY];
    const [bare, full] = [await cli('evaluate', own, data), await cli('evaluate', own, data, ...named)];
    expect(bare.code, bare.stderr).toBe(0);
    expect(bare.stdout).toBe(full.stdout);
    const [texts, other] = [await cli('predict', own, data), await cli('predict', own, data, ...named.toSpliced(2, 2))];
    expect(texts.code, texts.stderr).toBe(0);
    expect(texts.stdout).toBe(other.stdout);
    const file = JSON.parse(await readFile(join(own, 'prompt.json'), 'utf8'));
    expect(file.columns).toEqual({ text: 'body', label: 'tone' });
  }, 60_000);

  it('finds another model among folders, however they are listed', async () => {
    const found = await cli('predict', foreign, data, '--models', TINY, OTHER);
    expect(found.code, found.stderr).toBe(0);
    expect(linesOf(found.stdout)).toHaveLength(90);
    expect((await cli('predict', foreign, data, '--model', OTHER)).stdout).toBe(found.stdout);
    // a folder without studio.json, and one named by an option of its own
    await cp(OTHER, at('copy'), { recursive: true });
    const scored = await cli('evaluate', foreign, data, '--models', TINY, '--models', at('copy'));
    expect(scored.code, scored.stderr).toBe(0);
    const { card } = await readModelDir(OTHER);
    expect(JSON.parse(scored.stdout).model.sha256).toBe(card.sha256);
  }, 60_000);

  it.each([
    [
      'a wrong model',
      ['--model', OTHER],
      /^This prompt was made with .*tiny-support \(q4\), and .* has other weights\./,
    ],
    ['a model that is not there', ['--model', 'nowhere'], /no model folder .*nowhere/],
    ['a folder of models that is not there', ['--models', TINY, 'nowhere'], /^--models: there is no folder .*nowhere/],
  ])('refuses %s before a row is read', async (_, more, why) => {
    for (const command of ['evaluate', 'predict'])
      expect(await cli(command, own, 'no-such-rows.csv', ...more)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(why),
      });
  });

  it('refuses a prompt whose model is nowhere, with the way to name it', async () => {
    for (const command of ['evaluate', 'predict'])
      for (const more of [[], ['--models', TINY]])
        expect(await cli(command, foreign, 'no-such-rows.csv', ...more)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/which is neither in the catalogue nor among --models\. Name its folder/),
        });
  });

  it('names the column that a file lacks, and asks for columns that a package does not say', async () => {
    await writeFile(at('text.csv'), 'text,label\nhello,a\n');
    expect(await cli('predict', own, at('text.csv'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--text: text.csv has no column “body”; it has text, label.'),
    });
    expect((await cli('predict', own, at('text.csv'), '--text', 'text')).code).toBe(0);
    await cp(own, at('silent'), { recursive: true });
    const file = JSON.parse(await readFile(join(own, 'prompt.json'), 'utf8'));
    await writeFile(at('silent/prompt.json'), JSON.stringify({ ...file, columns: null }));
    expect(await cli('evaluate', at('silent'), data)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--text is missing'),
    });
    const wrong = JSON.stringify({ ...file, columns: { text: 7 } });
    await writeFile(at('silent/prompt.json'), wrong);
    expect((await cli('evaluate', at('silent'), data)).stderr).toContain('columns');
  }, 60_000);

  it('exports with the model of the catalogue, and answers the zip and the prompt.json in it with their own columns', async () => {
    const { card } = await readModelDir(TINY);
    const set = setOf('Tone', ['praise', 'complaint'], { hidden: 96, sha256: card.sha256 }, 1);
    const stored = { set, dataset: null, checkpoints: [], evaluations: [], measurements: [] };
    await writeFile(at('tone.zip'), writeZip(await setPackageFiles(stored)));
    const out = ['--for', 'engineer', '--out', at('out')];
    for (const prompt of ['tuned 1', 'hand-written 1']) {
      const made = await cli('export', at('tone.zip'), '--prompt', prompt, ...out);
      expect(made.code, made.stderr).toBe(0);
    }
    expect(Object.keys(unzipSync(await readFile(at('out/TONE.zip'))))).toContain('prompt.json');
    const wrong = await cli('export', at('tone.zip'), '--prompt', 'tuned 1', ...out, '--model', OTHER);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('has other weights') });
  }, 60_000);
});
