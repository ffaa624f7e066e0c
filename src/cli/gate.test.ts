import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli } from './run.test-support';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const SAMPLE = 'public/sample/support-messages.csv';
const COLUMNS = ['--text', 'text', '--label', 'label'];

describe('evaluate as a gate', () => {
  let folder: string;
  let results: string;
  const evaluate = (...more: string[]) =>
    cli('evaluate', join(folder, 'prompt'), SAMPLE, ...COLUMNS, '--model', MODEL, '--threads', '1', ...more);

  /** The results with another accuracy of the tuned prompt. */
  async function baseline(name: string, accuracy: number, fingerprint?: string): Promise<string> {
    const found = JSON.parse(await readFile(results, 'utf8'));
    const metrics = { accuracy: { value: accuracy } };
    const arms = found.arms.map((arm: { id: string }) => (arm.id === 'tuned' ? { ...arm, metrics } : arm));
    const dataset = fingerprint ? { ...found.dataset, fingerprint } : found.dataset;
    await writeFile(join(folder, name), JSON.stringify({ ...found, dataset, arms }));
    return join(folder, name);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'softprompt-gate-'));
    const sizes = ['--train-rows', '40', '--test-rows', '20', '--steps', '6', '--tokens', '4'];
    const made = await cli('tune', SAMPLE, ...COLUMNS, '--model', MODEL, '--threads', '1', ...sizes, '--out', folder);
    expect(made.code, made.stderr).toBe(0);
    results = join(folder, 'results.json');
  }, 120_000);

  it('scores the test rows of the baseline, and passes a prompt that is as good as itself', async () => {
    const passed = await evaluate('--baseline', results, '--min-accuracy', '1%');
    expect(passed.stderr).toMatch(
      /The tuned prompt passes: .* of 20 rows right .* against the baseline’s .* the same rows/,
    );
    expect(passed.stderr).not.toContain('trained on rows of this file');
    expect(passed.code).toBe(0);
    const ids = (text: string) =>
      JSON.parse(text)
        .arms.find(({ id }: { id: string }) => id === 'tuned')
        .rows.map(({ id }: { id: string }) => id);
    expect(ids(passed.stdout)).toEqual(ids(await readFile(results, 'utf8')));
  });

  it('calibrates Untuned as the comparison did', async () => {
    const untunedIn = (text: string) => JSON.parse(text).arms.find(({ id }: { id: string }) => id === 'untuned');
    const compared = untunedIn(await readFile(results, 'utf8'));
    const evaluated = untunedIn((await evaluate('--baseline', results)).stdout);
    const answers = (arm: { rows: { id: string; predicted: string }[] }) =>
      arm.rows.map(({ id, predicted }) => [id, predicted]);
    const raw = compared.rows.map(
      ({ logProbs }: { logProbs: Record<string, number> }) =>
        Object.entries(logProbs)
          .sort(([, a], [, b]) => b - a)
          .at(0)?.[0],
    );
    expect(compared.calibrated).toBe(true);
    expect(compared.rows.map(({ predicted }: { predicted: string }) => predicted)).not.toEqual(raw);
    expect(answers(evaluated)).toEqual(answers(compared));
  });

  it('ends with 3 and one sentence below the accuracy that was asked for, and still saves the results', async () => {
    const out = join(folder, 'again.json');
    const failed = await evaluate('--test-rows', '250', '--min-accuracy', '100', '--out', out);
    expect(failed.code).toBe(3);
    expect(failed.stderr.trim().split('\n').at(-2)).toMatch(
      /^The tuned prompt falls short: .*, below the 100\.0% of --min-accuracy\.$/,
    );
    expect(failed.stderr).toContain('trained on rows of this file');
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({ looks: 1, arms: [{}, {}] });
    // what it saved is a baseline too, and says how often its rows were used
    const again = await evaluate('--baseline', out);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('These rows were used once before');
    expect(JSON.parse(again.stdout).looks).toBe(2);
  });

  it('ends with 3 where it loses more points against the baseline than are allowed, also on other rows', async () => {
    const better = await baseline('better.json', 1);
    expect((await evaluate('--baseline', better, '--max-loss', '100')).code).toBe(0);
    const failed = await evaluate('--baseline', better, '--max-loss', '0.5');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toMatch(
      /points against the baseline’s 100\.0% of the same rows, where --max-loss allows −0\.5/,
    );
    const other = await evaluate('--baseline', await baseline('other.json', 1, 'elsewhere'), '--test-rows', '20');
    expect(other.code).toBe(3);
    expect(other.stderr).toMatch(/of 20 rows right .* the baseline’s 100\.0% of other rows/);
  });

  it.each([
    [['--min-accuracy', '0.85'], 2, 'takes per cent from 0 to 100, such as 85, not “0.85”'],
    [['--min-accuracy', 'high'], 2, 'not “high”'],
    [['--max-loss', '2'], 2, 'name its results with --baseline'],
    [['--baseline', 'nowhere.json'], 1, 'nowhere.json cannot be read'],
    [['--baseline', 'package.json'], 1, 'no results of a tuned prompt'],
  ])('refuses %j with a sentence', async (more, code, message) => {
    const ended = await cli('evaluate', join(folder, 'prompt'), SAMPLE, ...COLUMNS, ...more);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it('runs in GitHub Actions with the commands of the example', async () => {
    const work = await mkdtemp(join(tmpdir(), 'softprompt-ci-'));
    await symlink(resolve('.'), join(work, 'studio'));
    await cp(join(folder, 'prompt'), join(work, 'prompt'), { recursive: true });
    await cp(SAMPLE, join(work, 'tests.csv'));
    const [gate = ''] = commandsIn(await readFile('docs/examples/prompt-gate.yml', 'utf8'), 'Gate');
    const run = async (accuracy: number) => {
      await cp(await baseline('production.json', accuracy), join(work, 'production.json'));
      return spawnSync('bash', ['-e', '-c', gate.replace('--min-accuracy 80', '--min-accuracy 1')], { cwd: work });
    };
    expect((await run(0)).status).toBe(0);
    expect((await run(1)).status).toBe(3);
    expect(JSON.parse(await readFile(join(work, 'results.json'), 'utf8')).arms).toHaveLength(2);
  }, 120_000);
});

/** The `run` blocks of the steps of this name in a workflow. */
function commandsIn(workflow: string, step: string): readonly string[] {
  const lines = workflow.split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() !== `- name: ${step}`) return [];
    const from = lines.slice(i + 2);
    const end = from.findIndex((each) => !each.startsWith(' '.repeat(10)));
    return [from.slice(0, end).join('\n')];
  });
}
