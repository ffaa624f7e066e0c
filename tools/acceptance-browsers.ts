/**
 * The sample's whole journey in Debian's own Firefox and WebKit: train, reload in the middle, compare, export. Firefox takes
 * WebDriver's commands on its Marionette port, so that neither needs a driver that Debian lacks. `npm run build` comes first;
 * `npx tsx tools/acceptance-browsers.ts [firefox] [webkit]`
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import { preview } from 'vite';

import { STANDARD } from '../src/training/settings';

const MINUTES = 60_000;
/** Answers in a row that a page may owe. */
const SILENT = 30;
const PAGE_PORT = Number(process.env.PAGE_PORT ?? 4191);
const DRIVER_PORT = PAGE_PORT + 1;
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

/** Sends a command, by its names in Marionette and in WebDriver. */
type Send = (command: string, path: string, params: object) => Promise<unknown>;

interface Browser {
  /** What must be there, and the packages that bring it. */
  readonly needs: readonly string[];
  readonly packages: readonly string[];
  /** A process that keeps its files, and what is downloaded, in `home`. */
  readonly start: (home: string) => ChildProcess;
  readonly session: () => Promise<{ readonly send: Send; readonly version: string }>;
}

const quiet = (program: string, args: readonly string[], env: Readonly<Record<string, string>>) =>
  // a group, so that what it starts ends with it
  spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore', detached: true });

const firefox: Browser = {
  needs: ['/usr/bin/firefox-esr'],
  packages: ['firefox-esr'],
  start: (home) => {
    const preferences = {
      'marionette.port': DRIVER_PORT,
      'browser.download.folderList': 2,
      'browser.download.dir': home,
    };
    const lines = Object.entries(preferences).map((entry) => `user_pref(${JSON.stringify(entry).slice(1, -1)});`);
    writeFileSync(join(home, 'user.js'), lines.join('\n'));
    return quiet('firefox-esr', ['--headless', '--marionette', '--no-remote', '--profile', home], { HOME: home });
  },
  session: async () => {
    const socket = connect(DRIVER_PORT, 'localhost');
    await once(socket, 'connect');
    let received = Buffer.alloc(0);
    let last = 0;
    const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (;;) {
        const colon = received.indexOf(':');
        const end = colon + 1 + Number(received.subarray(0, colon));
        if (colon < 0 || received.length < end) return;
        const message = JSON.parse(received.subarray(colon + 1, end).toString());
        received = received.subarray(end);
        if (!Array.isArray(message)) continue; // the greeting
        const [, id, error, result] = message;
        if (error) waiting.get(id)?.reject(new Error(`${error.error}: ${error.message}`));
        else waiting.get(id)?.resolve(result);
      }
    });
    const send = (command: string, params: object) =>
      new Promise<unknown>((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        const message = JSON.stringify([0, last, `WebDriver:${command}`, params]);
        socket.write(`${Buffer.byteLength(message)}:${message}`);
      });
    const { capabilities } = (await send('NewSession', {})) as { capabilities: { browserVersion: string } };
    return {
      version: `Firefox ${capabilities.browserVersion}`,
      send: async (command, _, params) => ((await send(command, params)) as { value: unknown }).value,
    };
  },
};

const webkit: Browser = {
  needs: ['/usr/bin/WebKitWebDriver', MINI_BROWSER, '/usr/bin/Xvfb'],
  packages: ['webkitgtk-webdriver', 'libwebkit2gtk-4.1-0', 'xvfb', 'xauth'],
  start: (home) =>
    quiet('xvfb-run', ['-a', '-s', '-screen 0 1440x900x24', 'WebKitWebDriver', `--port=${DRIVER_PORT}`], {
      HOME: home,
      XDG_CONFIG_HOME: home,
    }),
  session: async () => {
    const send = async (path: string, params: object) => {
      const body = JSON.stringify(params);
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`http://localhost:${DRIVER_PORT}/session${path}`, { method: 'POST', headers, body });
      const { value } = (await answer.json()) as { value: unknown };
      if (!answer.ok) throw new Error(JSON.stringify(value));
      return value;
    };
    const args = ['--automation'];
    const alwaysMatch = { 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args } };
    const { sessionId, capabilities } = (await send('', { capabilities: { alwaysMatch } })) as {
      sessionId: string;
      capabilities: { browserVersion: string };
    };
    return {
      version: `WebKitGTK ${capabilities.browserVersion}`,
      send: (_, path, params) => send(`/${sessionId}/${path}`, params),
    };
  },
};

/** The first that is seen of a selector and whose name matches. */
const FIND = `const [selector, name] = arguments;
  const isNamed = (e) => new RegExp(name).test(e.getAttribute('aria-label') ?? e.textContent.trim());
  return [...document.querySelectorAll(selector)].find((e) => e.checkVisibility() && isNamed(e)) ?? null;`;

/** Once a page: from then on its errors are kept. Gives those so far. */
const ERRORS = `if (!window.caught) {
    const caught = (window.caught = []);
    addEventListener('error', ({ message }) => caught.push(message));
    addEventListener('unhandledrejection', ({ reason }) => caught.push(String(reason)));
    console.error = (...words) => caught.push(words.join(' '));
  }
  return window.caught;`;

/** A page as a person sees it, by names and texts. */
class Page {
  constructor(readonly send: Send) {}

  async #until<T>(what: string, minutes: number, script: string, ...args: readonly string[]): Promise<T> {
    let silent = 0;
    for (const end = Date.now() + minutes * MINUTES; Date.now() < end; await sleep(300)) {
      try {
        const found = await this.send('ExecuteScript', 'execute/sync', { script, args });
        if (found) return found as T;
        silent = 0;
      } catch (cause) {
        // a page that is just replaced has no answer, nor has one that died
        if (++silent > SILENT) throw cause;
      }
    }
    throw new Error(`no ${what} within ${minutes} minutes`);
  }

  /** @throws Error for those since it was asked first */
  async expectNoError(): Promise<void> {
    const errors = (await this.send('ExecuteScript', 'execute/sync', { script: ERRORS, args: [] })) as string[];
    if (errors.length > 0) throw new Error(`errors on the page: ${errors.join('; ')}`);
  }

  /** Its groups. */
  text(pattern: RegExp, minutes = 1, selector = 'main'): Promise<string[]> {
    const script = `const [selector, pattern] = arguments;
      return [...document.querySelectorAll(selector)].map((e) => new RegExp(pattern).exec(e.getAttribute('aria-label') ?? e.textContent)).find(Boolean)?.slice() ?? null;`;
    return this.#until(`“${pattern.source}” in ${selector}`, minutes, script, selector, pattern.source);
  }

  async press(name: RegExp, selector = 'button, a'): Promise<void> {
    const found = await this.#until<object>(`${selector} “${name.source}”`, 1, FIND, selector, name.source);
    const id = Object.values(found)[0] as string;
    await this.send('ElementClick', `element/${id}/click`, { id });
  }
}

async function downloaded(home: string): Promise<readonly string[]> {
  for (const end = Date.now() + MINUTES; Date.now() < end; await sleep(300)) {
    const zip = readdirSync(home, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('.zip'));
    try {
      if (zip) return Object.keys(unzipSync(readFileSync(join(home, zip))));
    } catch {
      // it is still being written
    }
  }
  throw new Error('no file was downloaded');
}

async function journey(send: Send, url: string, home: string, say: (what: string) => void): Promise<void> {
  const page = new Page(send);
  const chip = 'button[aria-label^="Model: "]';
  await send('Navigate', 'url', { url });
  await page.expectNoError();
  const [, threads] = await page.text(/ · (\d+) threads?/, 15, chip);
  say(`the model is ready, ${threads} threads`);
  if (Number(threads) > availableParallelism())
    throw new Error(`${threads} threads on ${availableParallelism()} cores`);
  await page.press(/^Train the sample/);
  const [, step] = await page.text(/Step ([3-9]\d|\d{3}) of \d+/, 30);
  say(`reloading at step ${step}`);
  await page.expectNoError();
  await send('Refresh', 'refresh', {});
  await page.expectNoError();
  const [, next] = await page.text(/Step ([1-9]\d*) of \d+/, 30);
  say(`it goes on at step ${next}`);
  if (Number(next) < STANDARD.checkpointEvery) throw new Error('it did not resume from what was saved');
  const [verdict] = await page.text(/.+/, 60, 'main:has([aria-label="What it is based on"]) h1');
  say(`${verdict}`);
  await page.press(/^Export( |$)/);
  await page.text(/This file will contain none of your rows/, 1, '[role=dialog]');
  await page.press(/^Export /, '[role=dialog] button');
  say(`exported ${(await downloaded(home)).join(', ')}`);
  await page.expectNoError();
}

/** Why it is skipped, or null once everything is there. */
function missing({ needs, packages }: Browser): string | null {
  const isThere = () => needs.every((path) => existsSync(path));
  if (isThere()) return null;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: 'inherit' });
  }
  return isThere() ? null : `apt-get install ${packages.join(' ')}`;
}

/** Whether it holds. */
async function check(name: string, browser: Browser, url: string): Promise<boolean> {
  const lacks = missing(browser);
  if (lacks) console.log(`skipped: ${name} is not there; ${lacks}`);
  if (lacks) return true;
  const home = mkdtempSync(join(tmpdir(), `studio-${name}-`));
  const startedAt = Date.now();
  const say = (what: string) => console.log(`${name}, ${((Date.now() - startedAt) / 1000).toFixed(0)} s: ${what}`);
  const running = browser.start(home);
  try {
    await sleep(5000); // until its port is open
    const { send, version } = await browser.session();
    say(version);
    await journey(send, url, home, say);
    say('passed');
    return true;
  } catch (error) {
    say(`FAILED  ${error instanceof Error ? error.message : error}`);
    return false;
  } finally {
    process.kill(-(running.pid ?? 0), 'SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

const BROWSERS: Readonly<Record<string, Browser>> = { firefox, webkit };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BROWSERS);
await preview({ preview: { port: PAGE_PORT, host: 'localhost' }, logLevel: 'silent' });
let holds = true;
for (const name of wanted) {
  const browser = BROWSERS[name];
  if (browser) holds = (await check(name, browser, `http://localhost:${PAGE_PORT}/`)) && holds;
}
process.exit(holds ? 0 : 1);
