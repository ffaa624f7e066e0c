/** A separate Chromium whose profile outlives it, so that it can be killed the way the system would. */
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { launchOptions, TEST_ARGS } from '../tools/chromium.mjs';

export class Killable {
  #context: BrowserContext | null = null;

  private constructor(readonly profile: string) {}

  static async create(): Promise<Killable> {
    return new Killable(await mkdtemp(join(tmpdir(), 'studio-profile-')));
  }

  /** A new tab; starts the browser if it is not running. */
  async page(): Promise<Page> {
    this.#context ??= await this.#start();
    return this.#context.newPage();
  }

  async #start(): Promise<BrowserContext> {
    const context = await chromium.launchPersistentContext(this.profile, {
      ...(await launchOptions(TEST_ARGS)),
      viewport: { width: 1440, height: 900 },
    });
    await context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => 2 });
    });
    return context;
  }

  /** SIGKILL to the browser and everything it started: nothing can clean up. */
  async kill(): Promise<void> {
    const context = this.#context;
    if (!context) return;
    const gone = new Promise<void>((resolve) => context.once('close', () => resolve()));
    // the lock on a profile names its owner: host-pid
    const pid = Number((await readlink(join(this.profile, 'SingletonLock'))).split('-').at(-1));
    process.kill(-pid, 'SIGKILL');
    await gone;
    this.#context = null;
  }

  async dispose(): Promise<void> {
    await this.#context?.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
