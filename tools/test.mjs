/**
 * `npm test`: installs what is missing (dependencies, a Chromium), then lint, types, unused code, unit, browser and
 * end-to-end tests on the built app. Every part runs even when an earlier one failed; the last line counts them all.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const out = join(root, 'test-results');
let passed = 0;
let failed = 0;

function run(command, args, env = {}) {
  return (
    spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } })
      .status === 0
  );
}

/** A part that either holds or does not: counts as one test. */
function check(name, command, args) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const good = run(command, args);
  if (good) passed++;
  else failed++;
  console.log(`== ${name}: ${good ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  return good;
}

/** A part that reports its own counts in a JSON file; a crash without a report is one failure. */
function suite(name, command, args, file, count) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const path = join(out, file);
  rmSync(path, { force: true });
  const good = run(command, args);
  const counts = existsSync(path) ? count(JSON.parse(readFileSync(path, 'utf8'))) : { passed: 0, failed: 1 };
  if (!good && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  console.log(
    `== ${name}: ${counts.passed} passed, ${counts.failed} failed (${((Date.now() - started) / 1000).toFixed(0)} s)`,
  );
}

const vitest = (report) => ({
  passed: report.numPassedTests,
  failed: report.numFailedTests + (report.success ? 0 : report.numFailedTests ? 0 : 1),
});
const playwright = (report) => ({
  passed: report.stats.expected,
  failed: report.stats.unexpected + report.stats.flaky,
});

const only = process.argv.slice(2);
const wanted = (part) => only.length === 0 || only.includes(part);

if (!existsSync(join(root, 'node_modules/.package-lock.json')) && !run('npm', ['ci', '--no-audit', '--no-fund']))
  process.exit(1);
const { ensureChromium } = await import('./chromium.mjs');
process.env.CHROMIUM_PATH = await ensureChromium();
mkdirSync(out, { recursive: true });

// Minutes of installation on a fresh machine: CI does it always, others by name (`npm test predict`).
const predicts = process.env.CI ? wanted('predict') : only.includes('predict');
// It mostly waits for the network, so it runs beside the other parts. If it fails, the check below tries again and says why.
const python = predicts && spawn('node', ['tools/export/python.mjs'], { cwd: root, stdio: 'ignore' });
const installed = python && new Promise((resolve) => python.on('close', resolve));

if (wanted('lint')) check('lint', 'npx', ['biome', 'check', '.']);
if (wanted('types')) check('types', 'npm', ['run', '--silent', 'typecheck']);
if (wanted('knip')) check('unused code', 'npx', ['knip', '--no-progress']);
const reporters = (file) => ['--reporter=default', '--reporter=json', `--outputFile.json=${join(out, file)}`];
if (wanted('notices')) check('third-party notices', 'node', ['tools/notices.mjs', '--check']);
if (wanted('licences')) check('licences', 'node', ['tools/licences.mjs']);
if (wanted('audit')) check('known weaknesses', 'node', ['tools/audit.mjs']);
if (wanted('sample')) check('bundled sample', 'node', ['tools/sample/build.mjs', '--check']);
if (wanted('unit'))
  suite(
    'unit',
    'npx',
    // one worker less than there are cores is the default: one, on two cores
    ['vitest', 'run', '--project', 'node', '--maxWorkers=100%', ...reporters('unit.json')],
    'unit.json',
    vitest,
  );
if (wanted('browser'))
  suite(
    'browser',
    'npx',
    ['vitest', 'run', '--project', 'browser', ...reporters('browser.json')],
    'browser.json',
    vitest,
  );
if (wanted('build') || wanted('e2e')) {
  const built = check('build', 'npx', ['vite', 'build', '--logLevel', 'warn']);
  if (built && wanted('e2e')) suite('end to end', 'npx', ['playwright', 'test'], 'e2e.json', playwright);
}

await installed;
if (predicts) check('the shipped prompt in PyTorch', 'node', ['tools/export/check.mjs']);

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
