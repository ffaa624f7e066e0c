import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { placeOf } from '../lib/rng';
import { runCommand } from './commands';

const arm = (id: string, name: string, kind: string, right: number, tokensSentMean: number) => ({
  ...{ id, name, kind, calibrated: false, accuracy: right / 100, accuracyCi95: [0.5, 0.9], macroF1: right / 100 },
  ...{ accuracyUncalibrated: right / 100, accuracyCalibrated: null, tokensSentMean },
  ...{ tokensComputedMean: null, latencyMsMedian: null },
  rows: Array.from({ length: 100 }, (_, i) => ({
    ...{ id: String(i), gold: 'a', predicted: i < right ? 'a' : 'b', logProbs: { a: -0.1, b: -2 } },
  })),
});
const RESULTS = {
  ...{ formatVersion: 1, createdAt: '2026-01-01', environment: null, labels: ['a', 'b'], training: null, looks: 1 },
  model: { id: 'm', dtype: 'fp32', sha256: 'x' },
  dataset: { ...{ name: 'd', rows: 500, train: 300, validation: 100, test: 100 }, fingerprint: 'f', splitHash: 's' },
  arms: [arm('yours', 'Yours', 'zero-shot', 70, 60), arm('tuned', 'Tuned', 'tuned', 85, 40)],
  comparisons: [],
  verdict: { kind: 'tuned-better', headline: 'h', detail: 'd', rowsNeeded: null },
};

describe('decide', () => {
  let dir = '';
  const printed: string[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'decide-'));
    printed.length = 0;
    for (const to of ['log', 'error'] as const)
      vi.spyOn(console, to).mockImplementation((text) => void printed.push(String(text)));
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
    expect(strategy).toMatchObject({ advice: 'tune' });
    const saving = 10_000 * (0.15 * 0.5 + (20 * 0.5) / 1e6) - 50;
    expect(costs.change.breakEven.saving).toBeCloseTo(saving, 9);
    expect(costs.change.breakEven.months).toBeCloseTo(1125 / saving, 9);
  });

  it('takes answers and amounts as options', async () => {
    await run(RESULTS, '--serving', 'api', '--privacy', 'anywhere', '--rows-per-month', '100');
    expect(printed.join('\n')).toMatch(/^Add examples to your prompt\n/);
    expect(printed.join('\n')).toContain('Tuned instead of Yours never pays: it costs more each month');
  });

  it.each([
    ['a file that is not JSON', '{', [], 1, 'is not JSON'],
    ['results of texts', { formatVersion: 1, task: 'write' }, [], 1, 'results of a comparison of labels'],
    ['an unknown answer', RESULTS, ['--stage', 'dream'], 2, '--stage is one of idea, pilot, production'],
    ['an amount that is none', RESULTS, ['--wage-per-hour', 'x'], 2, 'takes a positive number'],
  ])('refuses %s with a sentence', async (_, content, args, code, sentence) => {
    expect(await run(content, ...args)).toBe(code);
    expect(printed.join('\n')).toContain(sentence);
  });

  it('rolls out a better prompt as far as its test rows carry, and keeps the log', async () => {
    const log = join(dir, 'log.csv');
    expect(await rollOut(RESULTS, '--rows-per-check', '25', '--log', log)).toBe(0);
    expect(printed.join('\n')).toContain('From Yours to Tuned, on 100 test rows');
    expect(await readFile(log, 'utf8')).toMatch(/^labels,rows answered,share,.*\r\n25,25,0.05,/);
  });

  it('rolls a worse prompt back, with exit code 1', async () => {
    const worse = { ...RESULTS, arms: [RESULTS.arms[0], arm('tuned', 'Tuned', 'tuned', 40, 40)] };
    expect(await rollOut(worse)).toBe(1);
    expect(printed.join('\n')).toContain('Rolled back after');
  });

  it('counts rows below the threshold as fallbacks', async () => {
    expect(await rollOut(RESULTS, '--below', '0.95', '--max-fallbacks', '10')).toBe(1);
    expect(printed.join('\n')).toContain('most fallbacks, 100.0%');
  });

  it('gives a share to the texts that predict --share would give it to', async () => {
    const file = join(dir, 'compared.csv');
    const texts = Array.from({ length: 100 }, (_, i) => `My order ${i} is late`);
    await writeFile(file, ['text', ...texts].join('\n'));
    const byText = ['--data', file, '--text', 'text', '--handle', 'TONE', '--rows-per-check', '100', '--json'];
    // ids of results count from 1
    const arms = RESULTS.arms.map((arm) => ({ ...arm, rows: arm.rows.map((row, i) => ({ ...row, id: `${i + 1}` })) }));
    await rollOut({ ...RESULTS, arms }, ...byText);
    const [look] = JSON.parse(printed.join('\n')).looks;
    expect(look.inShare).toBe(texts.filter((text) => placeOf(text, 'TONE') < 0.05).length);
    expect(look.inShare).not.toBe(texts.filter((_, i) => placeOf(`${i + 1}`, 'TONE') < 0.05).length);
  });

  it.each([
    ['a file without its column', ['--data', 'x.csv'], 2, '--data needs --text'],
    ['an unknown prompt', ['--to', 'dream'], 1, 'Name one with --to: Yours (yours), Tuned (tuned)'],
    ['a loss that is none', ['--max-loss', 'x'], 2, 'takes points from 0 to 100'],
    ['checks of no rows', ['--rows-per-check', '0'], 2, 'at least 1'],
  ])('refuses to roll out with %s', async (_, args, code, sentence) => {
    expect(await rollOut(RESULTS, ...args)).toBe(code);
    expect(printed.join('\n')).toContain(sentence);
  });
});
