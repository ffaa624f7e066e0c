/**
 * A Chromium whose tab is really hidden behind another one. Playwright makes every page that it is attached to believe
 * that it is visible and focused, so it detaches for that time; none of the flags that keep its pages awake is set.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, expect, type Page } from '@playwright/test';
import { findChromium, TEST_ARGS } from '../tools/chromium.mjs';

declare global {
  interface Window {
    /** The tab's visibility states since the navigation, in order. */
    visibilities?: DocumentVisibilityState[];
  }
}

export class Hideable {
  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: string,
    private readonly address: string,
    private browser: Browser,
    /** The tab; another object after each `hide`. */
    public page: Page,
  ) {}

  static async create(): Promise<Hideable> {
    const profile = await mkdtemp(join(tmpdir(), 'studio-profile-'));
    const executable = (await findChromium()) ?? chromium.executablePath();
    const flags = [...TEST_ARGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
    // its own process group, so that it ends with everything it started
    const process = spawn(executable, [...flags, 'about:blank'], { stdio: 'ignore', detached: true });
    let address = '';
    await expect(async () => {
      const [port] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n');
      address = `http://localhost:${port}`;
    }).toPass({ timeout: 60_000 });
    const browser = await chromium.connectOverCDP(address);
    const page = browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('Chromium has opened no tab');
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => 2 });
      window.visibilities = [];
      document.addEventListener('visibilitychange', () => window.visibilities?.push(document.visibilityState));
    });
    return new Hideable(process, profile, address, browser, page);
  }

  /** Covers this tab with another one until its title matches. */
  async hide({ until }: { readonly until: RegExp }): Promise<void> {
    const url = this.page.url();
    await (await this.page.context().newPage()).bringToFront();
    await this.browser.close(); // lets go of it
    const titles = async () => {
      const tabs = (await (await fetch(`${this.address}/json/list`)).json()) as { url: string; title: string }[];
      return tabs.find((tab) => tab.url.split('#')[0] === url.split('#')[0])?.title ?? 'no such tab';
    };
    await expect.poll(titles, { timeout: 180_000 }).toMatch(until);
    this.browser = await chromium.connectOverCDP(this.address);
    const page = this.browser
      .contexts()[0]
      ?.pages()
      .find((one) => one.url() === url);
    if (!page) throw new Error(`The tab ${url} is gone`);
    this.page = page;
    expect(await page.evaluate(() => window.visibilities)).toEqual(['hidden', 'visible']);
  }

  async dispose(): Promise<void> {
    await this.browser.close();
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.pid) process.kill(-this.process.pid, 'SIGKILL');
    await gone;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
