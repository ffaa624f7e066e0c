/** A page of tools/bench, served as it is written and opened in Chromium, with what its process takes (Linux). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { launchOptions, NO_GPU_ARGS } from '../chromium.mjs';
import { fasterRuntime } from '../faster-runtime';

const root = join(import.meta.dirname, '../..');

/** @param folder in tools/bench */
export async function openDevPage(folder: string, port: number) {
  const server = await createServer({
    configFile: false,
    plugins: [fasterRuntime()],
    root,
    appType: 'mpa',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    optimizeDeps: { exclude: ['onnxruntime-web'], entries: [`tools/bench/${folder}/index.html`] },
    server: {
      port,
      watch: null,
      hmr: false,
      fs: { strict: false },
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
    logLevel: 'error',
  });
  await server.listen();
  const profile = `/tmp/${folder}-${process.pid}`;
  const browser = await chromium.launchPersistentContext(profile, await launchOptions(NO_GPU_ARGS));
  /** Chromium resets what Linux remembers of its peak, so that is asked often. */
  let peak = 0;
  const look = () => {
    const kilobytes = renderers(profile).map((pid) => Number(/VmHWM:\s+(\d+)/.exec(read(pid, 'status'))?.[1] ?? 0));
    peak = Math.max(peak, ...kilobytes);
  };
  const looking = setInterval(look, 250);
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls?.local[0]}tools/bench/${folder}/`);
  return {
    page,
    /** The most that a renderer has held, in megabytes. */
    peakMB: () => {
      look();
      return Math.round(peak * 1.024e-3);
    },
    /** Of all renderers since they began, in seconds of the processor. */
    cpuSeconds: () => renderers(profile).reduce((sum, pid) => sum + ticks(read(pid, 'stat')), 0) / TICKS_A_SECOND,
    close: async () => {
      clearInterval(looking);
      await browser.close();
      await server.close();
    },
  };
}

/** Linux counts so for programs, whatever its own clock is. */
const TICKS_A_SECOND = 100;

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // the process has ended
  }
};

/** The renderers of a profile's pages, without the one of the browser's own windows. */
const renderers = (profile: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    const command = /^\d+$/.test(pid) ? read(pid, 'cmdline') : '';
    return command.includes('--type=renderer') && command.includes(profile) && !command.includes('--top-chrome-webui');
  });

/** User and system time: the twelfth and thirteenth field after the name, which may contain spaces. */
function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
