import { expect, type Locator, type Page } from '@playwright/test';

export class TrainPage {
  readonly heading: Locator;

  constructor(readonly page: Page) {
    this.heading = page.getByRole('heading', { level: 1 });
  }

  /** Fields under "All settings", by their names. */
  async set(fields: Readonly<Record<string, string | number>>): Promise<void> {
    const first = this.page.getByRole('textbox', { name: 'Steps', exact: true });
    await expect(this.page.getByText('All settings')).toBeVisible();
    if (!(await first.isVisible())) await this.page.getByText('All settings').click();
    for (const [name, value] of Object.entries(fields))
      await this.page.getByRole('textbox', { name, exact: true }).fill(String(value));
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: /^Train( another)?$/ }).click();
  }

  async pause(): Promise<void> {
    await this.page.getByRole('button', { name: 'Pause', exact: true }).click();
    await expect(this.heading).toContainText(/^Paused at step \d+/);
  }

  /** The run is over, and its prompt is kept. */
  async ended(timeout = 90_000): Promise<void> {
    await expect(this.heading).toContainText(/^Trained/, { timeout });
  }
}
