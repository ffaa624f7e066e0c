import { expect, type Locator, type Page } from '@playwright/test';
import { unfold } from './unfold';

export class TrainPage {
  readonly heading: Locator;
  readonly runs: Locator;
  readonly waiting: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole('heading', { level: 1 });
    this.runs = page.getByRole('table', { name: 'Runs', exact: true });
    this.waiting = page.getByRole('table', { name: 'Waiting runs' });
  }

  /** Opens a collapsed section by its name; an open one stays open. */
  async unfold(name: string): Promise<void> {
    if (name !== 'All settings') await this.unfold('All settings');
    const next = this.page.locator('details:not([open]) > summary:text-is("The next run")');
    if (await next.isVisible()) await next.click();
    await unfold(this.page, name);
  }

  async #fill(fields: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [name, value] of Object.entries(fields))
      await this.page.getByRole('textbox', { name, exact: true }).fill(String(value));
  }

  /** Fields under "All settings", by their names. */
  async set(fields: Readonly<Record<string, string | number>>): Promise<void> {
    await this.unfold('All settings');
    await this.#fill(fields);
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: /^Train( another)?$/ }).click();
  }

  /** Clicks a button at `step` or soon after, from within the page: from outside it can come after the last step of a short run. */
  async #clickWithin(begin: string, step = -1): Promise<void> {
    await this.page.waitForFunction(
      ([words, from]) => {
        const reached = Number(/Step (\d+) of/.exec(document.querySelector('main')?.textContent ?? '')?.[1] ?? -1);
        const button = [...document.querySelectorAll<HTMLButtonElement>('main button')].find((b) =>
          b.textContent.trim().startsWith(words),
        );
        if (reached < from || !button) return false;
        button.click();
        return true;
      },
      [begin, step] as const,
      { polling: 20 },
    );
  }

  /** Pauses the run at `step` or soon after. */
  async pause(step = 0): Promise<void> {
    await this.#clickWithin('Pause', step);
    await expect(this.heading).toContainText(/^Paused at step \d+/);
  }

  /**
   * Reloads at `step` or soon after, from within the page as clicks do.
   * @returns the step that the page showed then, below the last one: the run was cut off
   */
  async cutOff(step: number): Promise<number> {
    const reloaded = this.page.waitForEvent('load');
    const shown = await this.page.evaluate(
      (from) =>
        new Promise<number>((resolve) => {
          const looking = setInterval(() => {
            const text = document.querySelector('main')?.textContent ?? '';
            const [at = -1, last = 0] = /Step (\d+) of (\d+)/.exec(text)?.slice(1).map(Number) ?? [];
            if (at < from || at >= last) return;
            clearInterval(looking);
            resolve(at);
            setTimeout(() => location.reload(), 30); // once the step has been reported
          }, 10);
        }),
      step,
    );
    await reloaded;
    return shown;
  }

  /** Keeps the runs that wait from starting after the present one. */
  async hold(): Promise<void> {
    await this.#clickWithin('Hold the queue after this run');
  }

  /** Ends the current run and keeps its best vectors. For runs that must last until the test has done something else. */
  async stop(): Promise<void> {
    await this.#clickWithin('Stop');
    await this.ended();
  }

  /** Waits until the run is done and its prompt is saved. */
  async ended(timeout = 180_000): Promise<void> {
    await expect(this.heading).toContainText(/^Trained/, { timeout });
  }

  mark(run: number): Locator {
    return this.page.getByRole('checkbox', { name: new RegExp(`^Side by side: ${run},`) });
  }
}
