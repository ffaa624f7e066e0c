/**
 * Finds a Chromium: a given path, the system's, Playwright's download, or the Debian package.
 * `node tools/chromium.mjs` prints the path; `--install` also tries to install one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Flags for tests: no background traffic, and WebGPU through the software adapter. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

/** Without WebGPU: the software adapter would be chosen, which is slower than WebAssembly and says nothing of speed. */
export const NO_GPU_ARGS = CHROMIUM_ARGS.filter((flag) => !/webgpu|Vulkan/i.test(flag));

/**
 * For tests, never for benchmarks: less is compiled, and results are the same. Only functions that run for a second are
 * compiled a second time, as most pages do little with the model. The software adapter sets no workgroup memory to zero,
 * which was most of the size of our shaders; they write what they read.
 */
export const TEST_ARGS = [
  ...CHROMIUM_ARGS,
  '--js-flags=--wasm-tiering-budget=200000000',
  '--enable-dawn-features=disable_workgroup_init',
];

/** What Playwright launches a Chromium with. */
export async function launchOptions(args = CHROMIUM_ARGS) {
  const executablePath = await findChromium();
  return { args, ...(executablePath && { executablePath }) };
}

export async function findChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (!existsSync(given)) throw new Error(`CHROMIUM_PATH names ${given}, which is not there`);
    return given;
  }
  const system = SYSTEM.find((path) => existsSync(path));
  if (system) return system;
  const { chromium } = await import('playwright');
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : null;
}

export async function ensureChromium() {
  let path = await findChromium();
  if (path) return path;
  console.error('No Chromium found: trying the download of Playwright, then the Debian package.');
  spawnSync('npx', ['playwright', 'install', 'chromium'], { stdio: 'inherit', timeout: 180_000 });
  path = await findChromium();
  if (path) return path;
  if (existsSync('/usr/bin/apt-get')) {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], { stdio: 'inherit' });
    path = await findChromium();
  }
  if (!path) throw new Error('No Chromium: install one, or name it in CHROMIUM_PATH.');
  return path;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log((await (process.argv.includes('--install') ? ensureChromium() : findChromium())) ?? '');
}
