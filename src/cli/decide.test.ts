import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readModelDir } from '../api/node-platform';
import { unlikeTexts } from '../dataset/test-support';
import { setPackageFiles } from '../interchange/set-package';
import { writeZip } from '../interchange/zip';
import { placeOf } from '../lib/rng';
import { scored } from '../prompt-set/answers';
import { EMPTY_GRID, gridJson } from '../report/grid';
import { setOf } from '../route/test-support';
import { runCommand } from './commands';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const TRAINING = {
  placement: 'suffix',
  tokens: 10,
  seed: 0,
  steps: 150,
  bestStep: 150,
  stepsPerSecond: null,
  trainSeconds: 60,
  history: [],
};

const figure = (value: number) => ({ value, interval: { low: 0.5, high: 0.9 } });
const arm = (id: string, name: string, kind: string, right: number, tokensSentMean: number) => ({
  id,
  name,
  kind,
  calibrated: false,
  metrics: { accuracy: figure(right / 100), macroF1: figure(right / 100) },
  accuracyUncalibrated: right / 100,
  accuracyCalibrated: null,
  tokensSentMean,
  tokensComputedMean: null,
  latencyMsMedian: null,
  mayKnowTestRows: false,
  calibration: null,
  rows: Array.from({ length: 100 }, (_, i) => ({
    id: String(i),
    gold: 'a',
    predicted: i < right ? 'a' : 'b',
    logProbs: { a: -0.1, b: -2 },
  })),
});
const RESULTS = {
  task: 'classify',
  rows: { read: 500, used: 500, leftOut: {} },
  formatVersion: 1,
  createdAt: '2026-01-01',
  environment: null,
  labels: ['a', 'b'],
  training: null,
  looks: 1,
  answerWords: { words: {}, search: null },
  model: { id: 'm', dtype: 'fp32', sha256: 'x' },
  dataset: { name: 'd', rows: 500, train: 300, validation: 100, test: 100, fingerprint: 'f', splitHash: 's' },
  arms: [arm('yours', 'Yours', 'zero-shot', 70, 60), arm('tuned', 'Tuned', 'tuned', 85, 40)],
  comparisons: [],
  verdict: { kind: 'tuned-better', headline: 'h', detail: 'd', rowsNeeded: null },
  recommendation: {
    action: 'ship',
    armId: 'tuned',
    title: 'Use the tuned prompt',
    why: 'It is clearly better.',
    level: '',
    caution: '',
    chips: [],
    change: { from: 'yours', to: 'tuned', comparisons: 1 },
  },
};

describe('decide', () => {
  let dir = '';
  const printed: string[] = [];
  const said: string[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'decide-'));
    printed.length = 0;
    for (const to of ['log', 'error'] as const)
      vi.spyOn(console, to).mockImplementation((text) => void printed.push(String(text)));
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text).trimEnd()) > 0);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(dir, { recursive: true });
  });
  const started = async (command: string, content: unknown, args: readonly string[]) => {
    const path = join(dir, 'results.json');
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return runCommand([command, path, ...args]);
  };
  const run = (content: unknown, ...args: string[]) => started('decide', content, args);
  const rollOut = (content: unknown, ...args: string[]) => started('roll-out', content, args);

  it('advises, and says when the change pays back', async () => {
    expect(await run(RESULTS, '--json')).toBe(0);
    const { strategy, costs } = JSON.parse(printed.join('\n'));
    expect(strategy).toMatchObject({ title: 'Use the tuned prompt', reasons: ['It is clearly better.'] });
    const saving = 10_000 * (0.15 * 0.5 + (20 * 0.5) / 1e6) - 50;
    expect(costs.change.breakEven.saving).toBeCloseTo(saving, 9);
    expect(costs.change.breakEven.months).toBeCloseTo(1125 / saving, 9);
  });

  it('takes answers and amounts as options', async () => {
    await run(RESULTS, '--serving', 'api', '--privacy', 'anywhere', '--rows-per-month', '100');
    expect(printed.join('\n')).toMatch(
      /^Use the tuned prompt\nIt is clearly better\.\nA text-only API has no place for vectors: it needs a machine/,
    );
    expect(printed.join('\n')).toContain(
      'Tuned is recommended for its answers: with these assumptions it costs more each month than Yours\nSaved a month: −',
    );
    const { recommendation: _none, ...uncompared } = RESULTS;
    printed.length = 0;
    await run(uncompared, '--serving', 'api', '--privacy', 'anywhere');
    expect(printed.join('\n')).toMatch(/^Add examples to your prompt\n/);
    expect(printed.join('\n')).not.toMatch(/instead of/);
  });

  it('draws groups together, and allows for every pair that was compared', async () => {
    const interval = async (more: object) => {
      printed.length = 0;
      await run({ ...RESULTS, ...more }, '--json');
      const { low, high } = JSON.parse(printed.join('\n')).costs.change.breakEven.savingCi95;
      return high - low;
    };
    const alone = await interval({});
    expect(await interval({ groups: Array.from({ length: 100 }, (_, i) => Math.floor(i / 5)) })).toBeGreaterThan(
      1.5 * alone,
    );
    const { recommendation } = RESULTS;
    const ofFive = { ...recommendation, change: { ...recommendation.change, comparisons: 5 } };
    expect((await interval({ recommendation: ofFive })) / alone).toBeCloseTo(1.314, 3);
  });

  it('takes what a prompt costs to build, host and keep as options, 0 included', async () => {
    await run(
      RESULTS,
      '--json',
      '--tuned-build',
      '0',
      '--hand-minutes-per-month',
      '30',
      '--price-per-million-tokens',
      '0',
    );
    const { change } = JSON.parse(printed.join('\n')).costs;
    expect(change.breakEven.investment).toBe(-125);
    // half an hour less of the hand-written prompt's month, and no price of tokens
    expect(change.breakEven.saving).toBeCloseTo(10_000 * 0.15 * 0.5 - 30 - 50, 9);
  });

  it('shows the approaches side by side, with the sizes of the model in its folder', async () => {
    const { card } = await readModelDir(MODEL);
    const trained = { ...TRAINING, tokens: 4, steps: 60, trainSeconds: 12 };
    const results = { ...RESULTS, model: { ...RESULTS.model, sha256: card.sha256 }, training: trained };
    expect(await run(results, '--side-by-side', '--model', MODEL)).toBe(0);
    const words = printed.join('\n');
    expect(words).toMatch(
      /Numbers trained\n.*0 \(computed; .*\n {4}Prompt tuning: 384 \(0\.\d+%\) \(computed; 4 vectors/,
    );
    expect(words).toContain('    Prompt tuning: 12 s for 60 steps (measured; ');
    expect(words).toContain('    Prompt engineering: 60 tokens (measured; Mean of the compared test rows)');
    expect(await run(RESULTS, '--side-by-side', '--model', MODEL)).toBe(1);
    expect(printed.at(-1)).toContain('another model');
  });

  it('says what a change forces for the prompt set that was compared', async () => {
    const set = setOf('Tone', ['a', 'b'], { hidden: 8, sha256: 'x' }, 1);
    const complete = { set, dataset: null, checkpoints: [], evaluations: [], measurements: [] };
    const zip = join(dir, 'tone.zip');
    await writeFile(zip, writeZip(await setPackageFiles(complete)));
    expect(await run(RESULTS, '--library', zip, '--handle', 'TONE')).toBe(0);
    expect(printed.join('\n')).toContain(
      'The model changes\n    Train again: the vectors of 1 tuned prompt fit the old weights only.',
    );
    await run(RESULTS, '--library', zip, '--handle', 'TONE', '--side-by-side', '--json');
    const { approaches, upkeep } = JSON.parse(printed.at(-1) ?? '');
    expect(upkeep).toHaveLength(4);
    expect(approaches.find(({ id }: { id: string }) => id === 'trained').facts.tuning.text).toBe('32');
    expect(await run(RESULTS, '--library', zip, '--handle', 'NONE')).toBe(1);
    expect(printed.at(-1)).toContain('no prompt set NONE');
  });

  it.each([
    ['a file that is not JSON', '{', [], 1, 'is not JSON'],
    ['results of no known task', { formatVersion: 1, task: 'write' }, [], 1, 'results of a comparison (at task'],
    ['an unknown answer', RESULTS, ['--stage', 'dream'], 2, '--stage is one of idea, pilot, production'],
    ['an amount that is none', RESULTS, ['--wage-per-hour', 'x'], 2, 'takes a number from 0'],
  ])('refuses %s with a sentence', async (_, content, args, code, sentence) => {
    expect(await run(content, ...args)).toBe(code);
    expect(printed.join('\n')).toContain(sentence);
  });

  describe('a roll-out', () => {
    const HASH = 'a'.repeat(64);
    const texts = unlikeTexts(140, 3);
    /** Prompts by how many of the first rows they get right, as `matrix` answers them for rows.csv. */
    const matrix = (right: Readonly<Record<string, number>>, rows = 100) =>
      gridJson({
        ...EMPTY_GRID,
        prompts: Object.keys(right).map((id) => ({ id, name: id })),
        models: [{ id: HASH, name: 'm' }],
        data: [{ id: 'rows.csv', name: 'rows.csv' }],
        cells: Object.entries(right).map(([prompt, n]) => ({
          prompt,
          model: HASH,
          data: 'rows.csv',
          key: HASH,
          skipped: null,
          answers: scored({
            kind: 'classify',
            labels: ['a', 'b'],
            rowsKey: HASH,
            groups: null,
            seed: 0,
            tokensSentMean: 9,
            leftOut: 0,
            known: null,
            unsure: null,
            rowIds: Array.from({ length: rows }, (_, i) => `${i + 1}`),
            gold: Array.from({ length: rows }, () => 0),
            probabilities: Array.from({ length: rows }, (_, i) => (i < n ? [0.9, 0.1] : [0.1, 0.9])),
          }),
        })),
      });
    const file = async (name: string, of: readonly string[]) => {
      const path = join(dir, name);
      await writeFile(path, ['text,label', ...of.map((text) => `${text},a`)].join('\n'));
      return path;
    };
    const given = async (seen: readonly string[], data: readonly string[] = texts.slice(0, 100)) => [
      ...['--text', 'text', '--label', 'label'],
      ...['--data', await file('rows.csv', data), '--seen', await file('seen.csv', seen)],
    ];
    const OTHERS = texts.slice(100);

    it('goes as far as the rows carry, and keeps the log', async () => {
      const log = join(dir, 'log.csv');
      const args = [...(await given(OTHERS)), '--rows-per-check', '25', '--log', log];
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...args)).toBe(0);
      expect(printed.join('\n')).toContain('From Yours to Tuned, on 100 rows that no choice has seen');
      expect(await readFile(log, 'utf8')).toMatch(/^labels,rows answered,share,.*\r\n25,25,0.05,/);
    });

    it('takes a worse prompt back, with exit code 1', async () => {
      expect(await rollOut(matrix({ Yours: 80, Tuned: 30 }), ...(await given(OTHERS)))).toBe(1);
      expect(printed.join('\n')).toContain('Rolled back after');
    });

    it('counts rows below the threshold as fallbacks', async () => {
      const args = [...(await given(OTHERS)), '--below', '0.95', '--max-fallbacks', '10'];
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...args)).toBe(1);
      expect(printed.join('\n')).toContain('most fallbacks, 100.0%');
    });

    it('gives a share to the texts that predict --share would give it to', async () => {
      const args = [...(await given(OTHERS)), '--handle', 'TONE', '--rows-per-check', '100', '--json'];
      await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...args);
      const [look] = JSON.parse(printed.join('\n')).looks;
      const inShare = texts.slice(0, 100).filter((text) => placeOf(text, 'TONE') < 0.05).length;
      expect(look).toMatchObject({ labelled: 100, inShare });
    });

    it('leaves out rows that trained or chose a prompt, or almost repeat one, wherever they are in the file', async () => {
      const met = texts.slice(0, 30).map((text, i) => (i % 2 === 0 ? text : `${text} again`));
      const args = [...(await given([...OTHERS, ...met])), '--json'];
      await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...args);
      expect(JSON.parse(printed.join('\n')).looks.at(-1).labelled).toBe(70);
      expect(said.at(-1)).toBe('100 rows read, 70 used, 30 left out: 30 that a prompt or its choice has seen.');
    });

    it('is refused on the rows that chose the prompt, whatever their ids, and says what to do', async () => {
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...(await given(texts.toReversed())))).toBe(1);
      expect(printed.join('\n')).toContain(
        'so only 0 new texts are left to roll out on. Use a file with more labelled rows',
      );
      expect(await rollOut(RESULTS, ...(await given(OTHERS)))).toBe(1);
      expect(printed.join('\n')).toContain(
        'These rows chose the prompt, so it looks better on them than on new texts.',
      );
    });

    it.each([
      ['an unknown prompt', ['--to', 'dream'], 1, 'Name one with --to: Yours (Yours), Tuned (Tuned)'],
      ['a loss that is none', ['--max-loss', 'x'], 2, 'takes points from 0 to 100'],
      ['checks of no rows', ['--rows-per-check', '0'], 2, 'at least 1'],
    ])('is refused with %s', async (_, args, code, sentence) => {
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...(await given(OTHERS)), ...args)).toBe(code);
      expect(printed.join('\n')).toContain(sentence);
    });

    it('is refused without the files that trained or chose, and with another file than the answered one', async () => {
      const args = ['--text', 'text', '--label', 'label', '--data', await file('rows.csv', texts.slice(0, 9))];
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...args)).toBe(2);
      expect(printed.join('\n')).toContain('--seen is missing');
      expect(await rollOut(matrix({ Yours: 40, Tuned: 85 }), ...(await given(OTHERS, texts.slice(0, 9))))).toBe(1);
      expect(printed.join('\n')).toContain('answers to rows that rows.csv lacks');
    });
  });
});
