/** Where the packed file is tried: a folder outside the repository, a static server over it, pages of Chromium. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Browser, Page } from 'playwright';

export const ROOT = join(import.meta.dirname, '../..');
export const at = (...path: string[]) => join(ROOT, ...path);

export const TINY = at('public/models/softprompt-studio/tiny-support');

export interface Lab {
  /** Has the package in node_modules, and the examples. */
  readonly folder: string;
  /** The packed file. */
  readonly packed: string;
  readonly browser: Browser;
}

const MINUTES = 60_000;

/** @throws Error with the command and its output */
export function command(name: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(name, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 4 * MINUTES });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${name} ${args.join(' ')}\n${output.trim()}\n${why}`));
    child.on('error', ({ message }) => fail(message));
    child.on('close', (code, signal) => (code === 0 ? resolve(output) : fail(`ended with ${code ?? signal}`)));
  });
}

/** As a dependency's command, without asking the registry. */
export const bin = (name: string) => at('node_modules/.bin', name);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export interface Served extends AsyncDisposable {
  readonly origin: string;
}

/** Files of a folder, and the models under /models/. */
export async function serve(folder: string, headers: Readonly<Record<string, string>> = {}): Promise<Served> {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, 'http://x').pathname));
    const file = path.startsWith('/models/') ? at('public', path) : join(folder, path.replace(/\/$/, '/index.html'));
    const bytes = await readFile(file).catch(() => null);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(bytes ? 200 : 404, { 'Content-Type': type, ...headers }).end(bytes ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * What a page gives.
 * @throws Error for an error on the console, in the page, or a request to another origin
 */
export async function visit<T>({ browser }: Lab, url: string, work: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage();
  page.setDefaultTimeout(5 * MINUTES);
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => problems.push(`failed: ${request.url()}`));
  const { origin } = new URL(url);
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${origin}/`) && !/^(?:blob|data):/.test(asked)) problems.push(`foreign: ${asked}`);
  });
  try {
    await page.goto(url);
    const found = await Promise.race([work(page), failing(page)]);
    if (problems.length > 0) throw new Error('the page did its work, but');
    return found;
  } catch (cause) {
    const shown = await page
      .locator('body')
      .ariaSnapshot({ timeout: 5000 })
      .catch(() => '');
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error([url, message, ...problems, shown].join('\n'), { cause });
  } finally {
    await page.close();
  }
}

/** A page that throws will not get to its end. */
const failing = (page: Page) =>
  new Promise<never>((_, reject) => {
    page.on('pageerror', (error) => reject(error));
  });

export const text = async (page: Page, selector: string) => (await page.textContent(selector)) ?? '';

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
