import { expect, type Locator, type Page } from '@playwright/test';

export class ComparePage {
  readonly run: Locator;
  readonly arms: Locator;

  constructor(readonly page: Page) {
    this.run = page.getByRole('button', { name: 'Compare', exact: true });
    this.arms = page.getByRole('table', { name: 'Prompts, accuracy and costs' });
  }

  /** The verdict is on the screen: the headline. */
  async verdict(timeout = 90_000): Promise<string> {
    await expect(this.arms).toBeVisible({ timeout });
    return (await this.page.getByRole('heading', { level: 1 }).textContent()) ?? '';
  }
}
