/**
 * Measures the built page in a real Chromium: cold and warm start ("ready to train" = from navigation to the first
 * finished training step of the sample), the time from the click to the finished comparison, and the peak memory of the
 * renderer. `npm run build` first. Prints JSON; progress goes to stderr. Options: --runs N (default 3), --full, --threads N.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { CHROMIUM_ARGS, findChromium } from '../chromium.mjs';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    full: { type: 'boolean', default: false },
    placement: { type: 'string', default: 'suffix' },
  },
});
const root = join(import.meta.dirname, '../..');
const server = await preview({ root, preview: { port: 4190, host: 'localhost' }, logLevel: 'silent' });
const url = server.resolvedUrls?.local[0] ?? 'http://localhost:4190/';
const executablePath = (await findChromium()) ?? undefined;
// Without WebGPU: the software adapter would be chosen, and says nothing about speed.
const args = CHROMIUM_ARGS.filter((flag) => !/webgpu|Vulkan/i.test(flag));

/** Resident bytes of all renderer processes of a browser (Linux). */
function rendererBytes(profile) {
  let total = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('--type=renderer') || !command.includes(profile)) continue;
      total += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      // The process ended between the listing and the look.
    }
  }
  return total;
}

/** One visit: trains the sample until `until` is marked. Returns seconds by mark, and the peak memory. */
async function visit(profile, until) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    viewport: { width: 1440, height: 900 },
  });
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, rendererBytes(profile));
  }, 100);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const started = Date.now();
    await page.goto(`${url}#/`);
    await page.getByRole('button', { name: /^Train the sample/ }).click();
    const clicked = Date.now();
    const marks = {};
    while (!(until in marks)) {
      if (Date.now() - started > 900_000) throw new Error(`no mark ${until} after 15 minutes`);
      await page.waitForTimeout(100);
      for (const [name, at] of await page.evaluate(() =>
        performance.getEntriesByType('mark').map((m) => [m.name, performance.timeOrigin + m.startTime]),
      ))
        if (name.startsWith('studio:'))
          marks[name] ??= { sinceNavigation: (at - started) / 1000, sinceClick: (at - clicked) / 1000 };
    }
    return { marks, peakBytes: peak };
  } finally {
    clearInterval(sampler);
    await context.close();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const cold = [];
const warm = [];
for (let run = 0; run < Number(options.runs); run++) {
  const profile = mkdtempSync(join(tmpdir(), 'studio-bench-'));
  try {
    cold.push((await visit(profile, 'studio:first-step')).marks['studio:first-step'].sinceNavigation);
    console.error(`cold ${cold.at(-1).toFixed(1)} s`);
    warm.push((await visit(profile, 'studio:first-step')).marks['studio:first-step'].sinceNavigation);
    console.error(`warm ${warm.at(-1).toFixed(1)} s`);
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
const result = { readyToTrain: { coldSeconds: median(cold), warmSeconds: median(warm), cold, warm } };
if (options.full) {
  const profile = mkdtempSync(join(tmpdir(), 'studio-bench-'));
  try {
    const { marks, peakBytes } = await visit(profile, 'studio:compared');
    result.full = { marks, peakGB: peakBytes / 1e9 };
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
console.log(JSON.stringify(result, null, 1));
await server.close();
process.exit(0);
