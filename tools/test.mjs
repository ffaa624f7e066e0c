/**
 * `npm test`: installs what is missing (dependencies, a Chromium), then lint, types, unused code, unit, browser and
 * end-to-end tests on the built app. Every part runs even when an earlier one failed; the last line counts them all.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const out = join(root, 'test-results');
let passed = 0;
let failed = 0;

/** Whether a command succeeds. `quiet` keeps its output, so that it is not mixed with that of another part. */
function run(command, args, { quiet = false } = {}) {
  const stdio = quiet ? 'pipe' : 'inherit';
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', stdio, stdio] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      output += data;
    });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ good: false, output: String(error) }));
    child.on('close', (code) => resolve({ good: code === 0, output }));
  });
}

const secondsSince = (started) => `${((Date.now() - started) / 1000).toFixed(0)} s`;

/** A part that either holds or does not: counts as one test. It may run beside a suite, so it is printed at its end. */
async function check(name, command, args) {
  const started = Date.now();
  const { good, output } = await run(command, args, { quiet: true });
  if (good) passed++;
  else failed++;
  console.log(`\n== ${name}\n${output}== ${name}: ${good ? 'ok' : 'FAILED'} (${secondsSince(started)})`);
  return good;
}

/** A part that reports its own counts in a JSON file; a crash without a report is one failure. `quiet`: it runs beside another. */
async function suite(name, command, args, file, count, quiet = false) {
  if (!quiet) console.log(`\n== ${name}`);
  const started = Date.now();
  const path = join(out, file);
  rmSync(path, { force: true });
  const { good, output } = await run(command, args, { quiet });
  if (quiet) console.log(`\n== ${name}\n${output}`);
  const counts = existsSync(path) ? count(JSON.parse(readFileSync(path, 'utf8'))) : { passed: 0, failed: 1 };
  if (!good && counts.failed === 0) counts.failed = 1;
  passed += counts.passed;
  failed += counts.failed;
  console.log(`== ${name}: ${counts.passed} passed, ${counts.failed} failed (${secondsSince(started)})`);
}

const fromVitest = (report) => ({
  passed: report.numPassedTests,
  failed: report.numFailedTests + (report.success ? 0 : report.numFailedTests ? 0 : 1),
});
/** A journey that passed at its second try counts as passed, and is named so that someone looks at it. */
const fromPlaywright = ({ suites, stats }) => {
  const specs = (suite) => [...suite.specs, ...(suite.suites ?? []).flatMap(specs)];
  for (const { title, tests } of suites.flatMap(specs))
    if (tests.some(({ status }) => status === 'flaky')) console.log(`== passed at its second try: ${title}`);
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected };
};
const vitest = (name, project, options = [], quiet = false) => {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${join(out, `${name}.json`)}`];
  return suite(
    name,
    'npx',
    ['vitest', 'run', '--project', project, ...options, ...reporters],
    `${name}.json`,
    fromVitest,
    quiet,
  );
};

const only = process.argv.slice(2);
const wanted = (part) => only.length === 0 || only.includes(part);
/** What installs something first: in continuous integration, elsewhere by name. */
const wantedInCi = (part) => (process.env.CI ? wanted(part) : only.includes(part));

if (
  !existsSync(join(root, 'node_modules/.package-lock.json')) &&
  !(await run('npm', ['ci', '--no-audit', '--no-fund'])).good
)
  process.exit(1);
const { ensureChromium } = await import('./chromium.mjs');
process.env.CHROMIUM_PATH = await ensureChromium();
mkdirSync(out, { recursive: true });

/** Parts that need less than a core, one after the other. */
async function checks() {
  if (wanted('lint')) await check('lint', 'npx', ['biome', 'check', '.']);
  if (wanted('types')) await check('types', 'npm', ['run', '--silent', 'typecheck']);
  if (wanted('knip')) await check('unused code', 'npx', ['knip', '--no-progress']);
  if (wanted('notices')) await check('third-party notices', 'node', ['tools/notices.mjs', '--check']);
  if (wanted('licences')) await check('licences', 'node', ['tools/licences.mjs']);
  if (wanted('audit')) await check('known weaknesses', 'node', ['tools/audit.mjs']);
  if (wanted('sample')) await check('the sample', 'node', ['tools/sample/build.mjs', '--check']);
  if (wantedInCi('docs')) await check('pages of the package', 'npm', ['run', '--silent', 'docs']);
  return ['build', 'e2e', 'package'].some(wanted) && check('build', 'npx', ['vite', 'build', '--logLevel', 'warn']);
}

/**
 * Minutes of installation on a fresh machine: CI does it always, others by name (`npm test predict`). The installation
 * mostly waits for the network. If it fails, the check tries again and says why.
 */
async function prediction() {
  if (!wantedInCi('predict')) return;
  await run('node', ['tools/export/python.mjs'], { quiet: true });
  await check('the shipped prompt in PyTorch', 'node', ['tools/export/check.mjs']);
}

const testFiles = readdirSync(join(root, 'src'), { recursive: true })
  .filter((file) => /\.test\.tsx?$/.test(file) && !file.includes('.browser.test.'))
  .map((file) => `src/${file.replaceAll('\\', '/')}`);
/** A mocked module, the number of threads and the size of the heap belong to a process: these files get one each. */
const ALONE = testFiles.filter(
  (file) =>
    file.startsWith('src/runtime/') || /vi\.mock\(|info\.heapBytes/.test(readFileSync(join(root, file), 'utf8')),
);
/** All others share processes, which spares each the start of its own: those of the rooms that run models others. */
const MODELS = testFiles.filter((file) => /^src\/(?:api|autodiff|cli|engine)\//.test(file) && !ALONE.includes(file));
const SHARED = testFiles.filter((file) => !ALONE.includes(file) && !MODELS.includes(file));

/** Of unit tests: beside a browser one core is left, on two. */
const workers = wanted('browser') || wanted('e2e') ? Math.max(1, availableParallelism() - 1) : availableParallelism();

async function unit() {
  if (!wanted('unit')) return;
  await vitest('unit, in one process', 'node', ['--maxWorkers=1', '--no-isolate', ...SHARED], true);
  await vitest('unit, models', 'node', [`--maxWorkers=${workers}`, '--no-isolate', ...MODELS], true);
}

const apart = () =>
  wanted('unit') && vitest('unit, apart', 'node', [`--maxWorkers=${workers}`, ...ALONE, 'test/', 'tools/'], true);

/** The package, as those meet it who install its packed file. It takes the drop-in from the build. */
async function packed(built) {
  if (built && wanted('package'))
    await suite('package', 'npx', ['tsx', 'tools/package-check/main.ts'], 'package.json', (counts) => counts, true);
}

/** The tests in a page, then the journeys through the built one. */
async function inBrowsers(checked) {
  if (wanted('browser')) await vitest('browser', 'browser');
  const built = await checked;
  if (built && wanted('e2e')) await suite('end to end', 'npx', ['playwright', 'test'], 'e2e.json', fromPlaywright);
}

const predicted = prediction();
const checked = checks();
/** Whichever of the two lines is done first takes them. */
const rest = [apart, () => checked.then(packed)];
async function takeRest() {
  for (let part = rest.shift(); part; part = rest.shift()) await part();
}
await Promise.all([inBrowsers(checked), checked.then(unit)].map((line) => line.then(takeRest)));
await predicted;

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
