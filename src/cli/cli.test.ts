import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type LabelResults,
  type Results,
  resultsJsonSchema,
  resultsSchema,
  type TextResults,
} from '../report/results-schema';
import { cli, type Ended, node } from './run.test-support';

const resultsIn = async <R extends Results>(folder: string): Promise<R> =>
  resultsSchema.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))) as R;

const TINY = 'public/models/softprompt-studio/tiny-support';
const SAMPLE = 'public/sample/support-messages.csv';

/** What `inspect` says of the files that a run leaves. */
async function inspected(out: string): Promise<readonly unknown[]> {
  const { stdout } = await cli('inspect', join(out, 'results.json'), join(out, 'prompt/prompt.json'));
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the command line', () => {
  let folder: string;
  let csv: (name: string, text: string) => Promise<string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-cli-'));
    csv = async (name, text) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
  });

  it('finds a prompt, prints the leaderboard and writes what answers with it', async () => {
    const out = join(folder, 'found.json');
    const args = ['--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1', '--budget', '12'];
    const found = await cli('improve', SAMPLE, ...args, '--train-rows', '60', '--test-rows', '40', '--out', out);
    expect(found.code).toBe(0);
    expect(found.stderr).toContain('Found by search among');
    expect(found.stderr.trim().split('\n').at(-1)).toBe(
      '475 rows read, 90 used, 385 left out: 40 held out for the test, 345 not drawn.',
    );
    const lines = found.stdout.trim().split('\n');
    expect(lines[0]).toContain('accuracy');
    expect(found.stdout).toContain('the template alone');
    const file = JSON.parse(await readFile(out, 'utf8'));
    expect(file).toMatchObject({ search: { validationRows: 30 }, model: { id: expect.stringContaining('tiny') } });
    expect(file.examples).toHaveLength(file.prompt.selection === 'nearest' ? 0 : file.prompt.shots);
    expect(file.board.length).toBeGreaterThan(lines.length - 3);
    expect((await cli('improve', SAMPLE, '--text', 'text', '--label', 'label', '--budget', '0')).code).toBe(2);
  });

  it('tunes, writes what it promises, and evaluates what it wrote', async () => {
    const out = join(folder, 'out');
    const args = ['--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1'];
    const sizes = ['--train-rows', '60', '--test-rows', '40', '--steps', '12', '--seed', '1', '--placement', 'prefix'];
    // in a process of its own, as everyone runs it: it ends with a code although ORT's threads are there
    const tuned = await node('--import', 'tsx', 'src/cli/main.ts', 'tune', SAMPLE, ...args, ...sizes, '--out', out);
    expect(tuned.stderr).toContain('Saved to');
    expect(tuned).toMatchObject({ code: 0, stdout: '' });

    const results = await resultsIn<LabelResults>(out);
    expect(results.dataset).toMatchObject({ train: 60, validation: 30, test: 40 });
    expect(results.training).toMatchObject({ placement: 'prefix', tokens: 10, seed: 1, steps: 12 });
    expect(results.arms.map((arm) => arm.kind).slice(0, 7)).toEqual([
      'reference',
      'reference',
      'reference',
      'untuned',
      'zero-shot',
      'few-shot',
      'tuned',
    ]);
    for (const arm of results.arms) expect(arm.rows).toHaveLength(40);
    expect(results.comparisons[0]).toMatchObject({ a: 'yours', b: 'tuned' });
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('Tuned prompt');
    const adapter = JSON.parse(await readFile(join(out, 'prompt/adapter_config.json'), 'utf8'));
    expect(adapter).toMatchObject({ peft_type: 'PROMPT_TUNING', num_virtual_tokens: 10 });

    const again = await cli('evaluate', join(out, 'prompt'), SAMPLE, ...args, '--test-rows', '20');
    expect(again.code).toBe(0);
    const { arms, dataset } = JSON.parse(again.stdout);
    expect(dataset.knownRows).toBeGreaterThan(0);
    expect(again.stderr).toContain(`trained on rows of this file (${dataset.knownRows} of the 20 rows here)`);
    expect(arms.map((arm: { id: string }) => arm.id)).toEqual(['untuned', 'tuned']);
    expect(arms[1].rows).toHaveLength(20);
    const there = new Map(results.arms.find(({ id }) => id === 'tuned')?.rows.map((row) => [row.id, row.logProbs]));
    const common = arms[1].rows.filter((row: { id: string }) => there.has(row.id));
    expect(common.length).toBeGreaterThan(0);
    for (const row of common)
      for (const [label, value] of Object.entries(there.get(row.id) ?? {}))
        expect(row.logProbs[label]).toBeCloseTo(value, 3);

    expect(await inspected(out)).toMatchObject([
      { kind: 'results', ok: true, summary: expect.stringContaining('40 test rows') },
      { kind: 'prompt-package', ok: true },
    ]);

    const texts = await csv('two.csv', 'n,text\n1,"Never again, thanks"\n2,Lovely\n');
    const model = ['--studio', '.', '--text', 'text', '--model', TINY, '--threads', '1'];
    const answered = await node(join(out, 'prompt/predict.mjs'), texts, ...model);
    expect(answered.code, answered.stderr).toBe(0);
    const answers = answered.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers).toHaveLength(2);
    for (const { label, probabilities } of answers) {
      const shares = Object.entries<number>(probabilities).sort(([, a], [, b]) => b - a);
      expect(shares[0]?.[0]).toBe(label);
      expect(shares.reduce((sum, [, share]) => sum + share, 0)).toBeCloseTo(1, 4);
    }
    expect(await node(join(out, 'prompt/predict.mjs'), texts)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Name a checkout'),
    });

    // a calibration that turns answers over: both commands read it from the package, and answer alike
    const packageFile = join(out, 'prompt/prompt.json');
    const { version, ...file } = JSON.parse(await readFile(packageFile, 'utf8'));
    const calibration = { meanLogProbs: [-9, -0.1, -0.1], rows: 48 };
    const threshold = { value: 0.9, rows: 30, answered: 20, correct: 19 };
    const turned = { ...version, prompt: { ...version.prompt, calibration, threshold } };
    await writeFile(packageFile, JSON.stringify({ ...file, version: turned }));
    const tone = (i: number) => `"Order ${i} ${i % 2 ? 'broke, never again' : 'is lovely, thank you'}"`;
    const labelled = Array.from({ length: 12 }, (_, i) => `${tone(i)},${i % 2 ? 'negative' : 'positive'}\n`);
    const both = await csv('both.csv', `text,label\n${labelled.join('')}`);
    const measured = await cli('evaluate', join(out, 'prompt'), both, ...args);
    const { rows, calibration: given } = JSON.parse(measured.stdout).arms[1];
    const predicted = await cli('predict', join(out, 'prompt'), both, '--text', 'text', '--model', TINY);
    const linesOf = ({ stdout }: Ended) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const said = linesOf(predicted);
    expect(rows.map((row: { predicted: string }) => row.predicted)).toEqual(said.map(({ label }) => label));
    // unsure answers are marked by the package's threshold, or by another one
    const again80 = await cli(
      'predict',
      join(out, 'prompt'),
      both,
      '--text',
      'text',
      '--model',
      TINY,
      '--threshold',
      '0.8',
    );
    for (const [lines, below] of [
      [said, 0.9],
      [linesOf(again80), 0.8],
    ] as const)
      for (const { probabilities, needs_review } of lines)
        expect(needs_review).toBe(Math.max(...Object.values<number>(probabilities)) < below);
    expect(Object.values(given)).toEqual(calibration.meanLogProbs);
    const raw = (row: { logProbs: Record<string, number> }) =>
      Object.entries(row.logProbs).sort(([, a], [, b]) => b - a)[0]?.[0];
    expect(rows.map((row: { predicted: string }) => row.predicted)).not.toEqual(rows.map(raw));

    // which words decided: all of the text, and they add up
    const explained = await cli('predict', join(out, 'prompt'), texts, '--text', 'text', '--model', TINY, '--explain');
    expect(explained.code, explained.stderr).toBe(0);
    for (const [i, text] of ['Never again, thanks', 'Lovely'].entries()) {
      const { label, against, words, missed } = linesOf(explained)[i];
      expect(words.map(([word]: [string]) => word).join('')).toBe(` ${text}`);
      expect(against).not.toBe(label);
      expect(missed).toBeLessThan(0.2);
    }

    // other rows: labels in another order, and one that never occurs
    const lines = Array.from({ length: 5 }, (_, i) => `Nobody answers ${i}.,negative\nThank you ${i}!,positive\n`);
    const others = await csv('others.csv', `text,label\n${lines.join('')}`);
    const elsewhere = await cli('evaluate', join(out, 'prompt'), others, ...args);
    expect(elsewhere.code).toBe(0);
    const [, asked] = JSON.parse(elsewhere.stdout).arms;
    expect(asked.rows.slice(0, 2).map((row: { gold: string }) => row.gold)).toEqual(['negative', 'positive']);
    expect(Object.keys(asked.rows[0].logProbs)).toHaveLength(3);
  }, 180_000);

  it.each([
    ['vectors before the cue', []],
    ['answer words too', ['--answer-vectors', 'trained']],
  ])(
    'tunes %s, and its prompt answers elsewhere as it did here',
    async (what, more) => {
      const out = join(folder, what.replaceAll(' ', '-'));
      const args = ['--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1'];
      const sizes = ['--train-rows', '40', '--test-rows', '20', '--steps', '6', '--tokens', '4'];
      const tuned = await cli('tune', SAMPLE, ...args, ...sizes, '--placement', 'infix', ...more, '--out', out);
      expect(tuned.code, tuned.stderr).toBe(0);
      const results = await resultsIn<LabelResults>(out);
      expect(results.training).toMatchObject({ placement: 'infix', tokens: 4 });
      const file = JSON.parse(await readFile(join(out, 'prompt/prompt.json'), 'utf8'));
      expect(file.run).toMatchObject({ settings: { placement: 'infix' }, initText: '\n' });
      const [voice] = file.version.prompt.voices;
      const cue = file.tokens.at(-1);
      expect(voice.template.endsWith(cue.text)).toBe(true);
      expect(file.checkRows[0].inputIds.slice(-cue.ids.length)).toEqual(cue.ids);
      expect(await readdir(join(out, 'prompt'))).not.toContain('adapter_config.json');
      expect('answerShift' in voice.soft).toBe(more.length > 0);

      const there = results.arms.find(({ id }) => id === 'tuned')?.rows ?? [];
      const again = await cli('evaluate', join(out, 'prompt'), SAMPLE, ...args, '--test-rows', '20');
      const evaluated = new Map(
        JSON.parse(again.stdout).arms[1].rows.map((row: { id: string; logProbs: object }) => [row.id, row.logProbs]),
      );
      const common = there.filter(({ id }) => evaluated.has(id));
      expect(common.length).toBeGreaterThan(0);
      for (const { id, logProbs } of common)
        for (const [label, value] of Object.entries((evaluated.get(id) ?? {}) as Record<string, number>))
          expect(value).toBeCloseTo(logProbs[label] ?? Number.NaN, 3);
    },
    180_000,
  );

  it('rests the verdict on all rows where every row is asked for, and exports the prompt as it was tested', async () => {
    const out = join(folder, 'every-row');
    const { code, stderr } = await cli(
      ...['tune', SAMPLE, '--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1', '--out', out],
      ...['--train-rows', '30', '--test-rows', '20', '--steps', '3', '--placement', 'suffix', '--find-words', 'off'],
      '--every-row',
    );
    expect(code).toBe(0);
    expect(stderr).toContain('On the test rows: ');
    const { arms, verdict, folds } = await resultsIn<LabelResults>(out);
    expect(folds).toHaveLength(arms[0]?.rows.length ?? 0);
    expect(new Set(folds)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(arms.map(({ id }) => id)).toEqual(['majority', 'tfidf', 'untuned', 'yours', 'yours-8', 'tuned']);
    expect(arms[0]?.rows.length).toBeGreaterThan(50);
    expect(`${verdict.headline} ${verdict.detail}`).toMatch(/in 5-fold cross-validation over \d+ of \d+ rows/);
    expect(verdict.detail).toContain('Each row was answered by a prompt that never saw it');
    const report = await readFile(join(out, 'report.html'), 'utf8');
    expect(report).toContain('5-fold cross-validation');
    expect(report).not.toContain(`All prompts on the same ${arms[0]?.rows.length} test rows`);
  }, 180_000);

  it('tunes several seeds and a hybrid with every option, and compares them and their mean with the first', async () => {
    const out = join(folder, 'seeds');
    const { code, stderr } = await cli(
      ...['tune', SAMPLE, '--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1', '--out', out],
      ...[
        '--train-rows',
        '40',
        '--test-rows',
        '30',
        '--steps',
        '6',
        '--seeds',
        '2',
        '--hybrid',
        '--prompt',
        'Say the tone.\\nText: {text}\\nTone:',
      ],
      ...['--preset', 'quick', '--init', 'answer-words', '--class-weights'],
      '--adapters',
    );
    expect(stderr).toContain('Seed 1');
    expect(stderr).toContain('Low-rank adapters of the model’s last layer');
    expect(code).toBe(0);
    const { arms, comparisons, training, closer } = await resultsIn<LabelResults>(out);
    expect(closer?.fineTuning).toMatchObject({ rows: arms[0]?.rows.length, trainingRows: expect.any(Number) });
    expect((await cli('decide', join(out, 'results.json'))).stdout).toContain('Low-rank adapters');
    expect(training).toMatchObject({ tokens: 4, seed: 0, steps: 6 });
    const learned = arms.filter(({ id }) => /^(tuned|ensemble|hybrid)/.test(id));
    expect(learned.map(({ id, kind }) => [id, kind])).toEqual([
      ['tuned', 'tuned'],
      ['tuned-2', 'tuned'],
      ['ensemble', 'ensemble'],
      ['hybrid', 'hybrid'],
    ]);
    const logProbs = learned.map(({ rows }) => Object.values(rows[0]?.logProbs ?? {}));
    const [one = [], two = [], mean = []] = logProbs;
    const middle = one.map((value, c) => (value + (two[c] ?? 0)) / 2);
    const norm = Math.log(middle.reduce((sum, value) => sum + Math.exp(value), 0));
    mean.forEach((value, c) => void expect(value).toBeCloseTo((middle[c] ?? 0) - norm, 6));
    expect(comparisons.map(({ a, b }) => `${a} ${b}`)).toContain('tuned ensemble');
  }, 180_000);

  it('trains no hybrid on a prompt that is the template alone, as that is the tuned prompt', async () => {
    const out = join(folder, 'same-text');
    const { code, stderr } = await cli(
      ...['tune', SAMPLE, '--text', 'text', '--label', 'label', '--model', TINY, '--threads', '1', '--out', out],
      ...['--train-rows', '40', '--test-rows', '30', '--steps', '2', '--preset', 'quick', '--hybrid'],
      ...['--prompt', 'Text: {text}\\nTone:'],
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('Your prompt is the template alone')]);
    const { arms } = await resultsIn<LabelResults>(out);
    expect(arms.filter(({ kind }) => kind === 'hybrid')).toEqual([]);
  }, 180_000);

  it('saves tuned, word counts and probe as one prompt where asked, which answers as it was compared', async () => {
    const out = join(folder, 'combined');
    const model = ['--model', TINY, '--threads', '1'];
    const { code, stderr } = await cli(
      ...['tune', SAMPLE, '--text', 'text', '--label', 'label', ...model, '--out', out, '--combined'],
      ...['--train-rows', '40', '--test-rows', '30', '--steps', '2', '--preset', 'quick'],
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('prompt/, combined/')]);
    const results = join(out, 'results.json');
    const compared = (await resultsIn<LabelResults>(out)).arms.find(({ id }) => id === 'combined');
    const again = await cli('evaluate', join(out, 'combined'), SAMPLE, ...model, '--baseline', results);
    const [, { metrics }] = JSON.parse(again.stdout).arms;
    expect(metrics.accuracy.value).toBeCloseTo(compared?.metrics.accuracy.value ?? 0, 9);
  }, 180_000);

  it('makes a long prompt smaller, says what that saves, and prints the results where they are asked for', async () => {
    const args = [
      '--text',
      'text',
      '--label',
      'label',
      '--model',
      TINY,
      '--threads',
      '1',
      '--out',
      join(folder, 'small'),
    ];
    const sizes = ['--train-rows', '20', '--test-rows', '12', '--steps', '2', '--shots', '2', '--placement', 'suffix'];
    const { code, stdout, stderr } = await cli('distil', SAMPLE, ...args, ...sizes, '--json');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Tokens a row: ');
    expect(stderr.trim().split('\n').at(-1)).toBe('475 rows read, 42 used, 433 left out: 433 not drawn.');
    expect(JSON.parse(stdout)).toEqual(JSON.parse(await readFile(join(folder, 'small/results.json'), 'utf8')));
    // its vectors come after the text: a twin of it, for PEFT
    const twin = ['distil', SAMPLE, ...args.slice(0, -1), join(folder, 'twin'), ...sizes.slice(0, 6)];
    const made = await cli(...twin, '--teacher', join(folder, 'small/prompt'));
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toMatch(/of 10 validation rows right, and \d+ by its teacher/);
    expect(await readdir(join(folder, 'twin/prompt'))).toContain('adapter_config.json');
    const { training, arms } = await resultsIn<LabelResults>(join(folder, 'twin'));
    expect(training).toMatchObject({ placement: 'prefix' });
    const placed = await cli(...twin, '--teacher', join(folder, 'small/prompt'), '--placement', 'suffix');
    expect(placed.code, placed.stderr).toBe(0);
    expect((await resultsIn<LabelResults>(join(folder, 'twin'))).training).toMatchObject({ placement: 'suffix' });
    expect(arms.map(({ name }) => name)).toContain('Tuned 1');
    expect(await cli(...twin, '--teacher', 'x', '--prompt', '{text}')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leave out --prompt'),
    });
  }, 120_000);

  it('learns to write a column, and says how near it comes', async () => {
    const out = join(folder, 'written');
    const rows = Array.from(
      { length: 40 },
      (_, i) => `item ${i} is ${i % 2 ? 'late' : 'here'},${i % 2 ? 'answer' : 'thank'}`,
    );
    const data = await csv('write.csv', ['text,reply', ...rows].join('\n'));
    const prompt = 'Reply in a word.\\nMessage: {text}\\nReply:';
    const args = ['--text', 'text', '--target', 'reply', '--prompt', prompt, '--model', TINY, '--threads', '1'];
    const ended = await cli('write', data, ...args, '--steps', '20', '--tokens', '4', '--out', out);
    expect(ended.stderr).toContain('test rows');
    expect(ended.stderr.trim().split('\n').at(-1)).toBe('40 rows read, 40 used, none left out.');
    expect(ended.code).toBe(0);
    const results = await resultsIn<TextResults>(out);
    expect(results.arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-3', 'tuned']);
    expect(results.arms[3]?.metrics.perplexity.value).toBeLessThan(results.arms[0]?.metrics.perplexity.value ?? 0);
    expect(results.comparisons.map(({ a, b }) => `${a} ${b}`)).toEqual([
      'yours tuned',
      'yours-3 tuned',
      'untuned tuned',
      'untuned yours',
    ]);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain(results.verdict.headline);
    const written = await readFile(join(out, 'written.csv'), 'utf8');
    expect(written.trim().split('\r\n')).toHaveLength(1 + Math.round(0.35 * 40));

    expect(await inspected(out)).toMatchObject([
      { kind: 'results', ok: true },
      { kind: 'prompt-package', ok: true },
    ]);
    const asked = await csv('asked.csv', 'text\nitem 7 is late\nitem 8 is here\n');
    const model = ['--studio', '.', '--text', 'text', '--model', TINY, '--threads', '1'];
    const answered = await node(join(out, 'prompt/predict.mjs'), asked, ...model);
    const lines = answered.stdout.trim().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual([['written'], ['written']]);

    const wrong = await cli('write', data, ...args.with(3, 'nothing'), '--out', out);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no column “nothing”; it has text, reply'),
    });
  });

  it('tunes several labels a row, and evaluates and predicts with what it wrote', async () => {
    const out = join(folder, 'tagged');
    const rows = Array.from({ length: 60 }, (_, i) => {
      const tags = [...(i % 2 ? ['billing'] : []), ...(i % 3 ? ['delivery'] : [])];
      return `order ${i} is about ${tags.join(' and ') || 'nothing'},${tags.join(' | ') || 'none'}`;
    });
    const data = await csv('tagged.csv', ['text,tags', ...rows].join('\n'));
    const model = ['--model', TINY, '--threads', '1'];
    const tune = ['tune', data, '--text', 'text', '--label', 'tags', '--several', '--steps', '4', '--tokens', '2'];
    const tuned = await cli(...tune, ...model, '--probe', '--out', out);
    expect(tuned.code, tuned.stderr).toBe(0);
    expect(await inspected(out)).toMatchObject([{ ok: true }, { kind: 'prompt-package', ok: true }]);

    const folderOf = join(out, 'prompt');
    const results = join(out, 'results.json');
    const again = await cli('evaluate', folderOf, data, ...model, '--baseline', results);
    expect(again.stderr).toMatch(/The tuned prompt passes: .* of 21 rows right/);
    const [, { rows: scored }] = JSON.parse(again.stdout).arms;
    const { arms } = JSON.parse(await readFile(results, 'utf8'));
    const probed = await cli('evaluate', join(out, 'probe'), data, ...model, '--baseline', results);
    for (const [id, { stdout }] of [
      ['tuned', again],
      ['probe', probed],
    ] as const) {
      const [, { metrics }] = JSON.parse(stdout).arms;
      const compared = arms.find((arm: { id: string }) => arm.id === id);
      for (const each of ['microF1', 'macroF1', 'subsetAccuracy'])
        expect(metrics[each].value, `${id}: ${each}`).toBeCloseTo(compared.metrics[each].value, 5);
    }

    const file = join(folder, 'answered.csv');
    expect((await cli('predict', folderOf, data, ...model, '--out', file)).code).toBe(0);
    const [head, ...answered] = (await readFile(file, 'utf8')).trim().split('\r\n');
    expect(head).toBe('text,tags,labels,p_billing,p_delivery');
    const lines = (await cli('predict', folderOf, data, ...model)).stdout.trim().split('\n');
    const said = lines.map((line) => JSON.parse(line));
    for (const [i, { labels, probabilities }] of said.entries()) {
      const [given, ...shares] = answered[i]?.split(',').slice(2) ?? [];
      expect(given).toBe(labels);
      expect(shares.map(Number)).toEqual(Object.values<number>(probabilities).map((p) => expect.closeTo(p, 5)));
    }
    for (const { id, predicted } of scored) expect(predicted).toBe(said[Number(id) - 1]?.labels);

    const [text, grid] = [join(folder, 'tag.txt'), join(folder, 'tags.json')];
    await writeFile(text, 'Which fit?\n\n{text}\nLabels:');
    const asked = ['grid', '--prompts', text, folderOf, '--data', data, '--text', 'text', '--label', 'tags'];
    const filled = await cli(...asked, '--models', TINY, '--threads', '1', '--out', grid);
    expect(filled.stdout).toMatch(/Micro-F1 with its 95% interval[\s\S]*p: permutation of both answers/);
    const cells = JSON.parse(await readFile(grid, 'utf8')).cells;
    expect(cells.map(({ answers }: { answers: { kind: string } }) => answers.kind)).toEqual(Array(3).fill('tag'));
    const lastly = await cli(...asked, '--models', TINY, '--threads', '1', '--out', grid);
    expect(lastly.stderr).toContain('nothing to fill');
  }, 60_000);

  it('checks a model’s gradients', async () => {
    const { code, stdout } = await cli('check', TINY, '--threads', '1', '--directions', '1');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      checks: [
        { placement: 'prefix' },
        {},
        { placement: 'suffix' },
        {},
        { placement: 'infix' },
        {},
        { placement: 'kv' },
        {},
      ],
    });
  }, 120_000);

  it('prints one line a folder, and fails when one does not conform', async () => {
    const { code, stdout } = await cli('conformance', 'test/fixtures/models/llama-genai-fp32', 'test/fixtures');
    expect(code).toBe(1);
    const [good, bad] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(good).toMatchObject({ name: 'llama-genai-fp32', ok: true });
    expect(bad).toMatchObject({ ok: false });
  }, 120_000);

  it.each([
    [[], 'Usage: softprompt'],
    [['tone'], "Unknown command 'tone'"],
    [['tune', SAMPLE, '--label', 'label', '--out', 'x'], '--text is missing'],
    [['tune', '--text', 'text', '--label', 'label', '--out', 'x'], "Missing required argument 'DATA.csv'"],
    [
      ['tune', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--tokens', 'ten'],
      '--tokens takes a whole number',
    ],
    [
      ['tune', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--placement', 'middle'],
      'prefix, suffix, infix',
    ],
    [
      ['tune', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--wrods', 'a=b'],
      "Unknown option '--wrods'",
    ],
    [['tune', SAMPLE, '--text', 'tekst', '--label', 'label', '--out', 'x'], 'has no column “tekst”'],
    [['tune', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--words', 'negative'], 'label=word'],
    [
      ['tune', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--group', 'customer'],
      '--group: support-messages.csv has no column “customer”',
    ],
    [
      ['distil', SAMPLE, '--text', 'text', '--label', 'label', '--out', 'x', '--group', 'id', '--part', 'id'],
      'Name one of them',
    ],
    [
      ['improve', SAMPLE, '--text', 'text', '--label', 'label', '--part', 'id', '--test', 'x.csv'],
      '--part names the test rows of one file',
    ],
    [['check'], "Missing required argument 'MODEL_DIR'"],
  ])('wrong use ends with 2 and the usage: %j', async (args, message) => {
    const { code, stderr } = await cli(...args);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^See softprompt .*--help\.$/);
    expect(code).toBe(2);
  });

  it('says how it is used when asked', async () => {
    expect(await cli('tune', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--placement') });
  });

  it.each([
    ['a file that is not there', () => Promise.resolve('nowhere.csv'), 'cannot be read'],
    ['an empty file', () => csv('empty.csv', ''), 'is empty'],
    ['one class', () => csv('one.csv', `text,label\n${'a text,same\n'.repeat(30)}`), 'label'],
    ['a binary file', () => csv('binary.csv', `PK\u0003\u0004${'\0'.repeat(500)}`), ''],
  ])(
    'data that cannot be used ends with 1 and a sentence: %s',
    async (_, file, message) => {
      const { code, stderr } = await cli(
        'tune',
        await file(),
        '--text',
        'text',
        '--label',
        'label',
        '--model',
        TINY,
        '--out',
        join(folder, 'no'),
      );
      expect(stderr).toContain(message);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
    },
    60_000,
  );
});

it('results.json is documented as it is', async () => {
  expect(await readFile('docs/results.schema.json', 'utf8')).toBe(resultsJsonSchema());
});
