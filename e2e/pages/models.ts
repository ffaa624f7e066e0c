import { expect, type Locator, type Page } from '@playwright/test';

/** The panel behind the chip at the top: the loaded model, the others, and how to add one. */
export class ModelsPage {
  readonly dialog: Locator;
  readonly #chip: Locator;

  constructor(readonly page: Page) {
    this.dialog = page.getByRole('dialog', { name: 'Models' });
    this.#chip = page.getByRole('button', { name: /^Model: / });
  }

  async open(): Promise<void> {
    if (!(await this.dialog.isVisible())) await this.#chip.click();
    await expect(this.dialog).toBeVisible();
  }

  async close(): Promise<void> {
    await this.page.mouse.move(0, 0);
    // a term with a tooltip under the pointer: the first Escape closes the tooltip
    await expect(async () => {
      await this.page.keyboard.press('Escape');
      await expect(this.dialog).toBeHidden({ timeout: 1000 });
    }).toPass();
  }

  /** The value of a fact about the loaded model, e.g. `Family`. */
  fact(term: string): Locator {
    return this.dialog
      .getByRole('definition')
      .and(this.dialog.locator(`dt:has-text("${term}") + dd`))
      .first();
  }

  /** Through the button and the system's dialog. */
  async openFolder(path: string): Promise<void> {
    await this.open();
    const button = this.dialog.getByRole('button', { name: 'Open a model folder' });
    if (!(await button.isVisible())) await this.dialog.getByText('Open another model').click();
    const chooser = this.page.waitForEvent('filechooser');
    await button.click();
    await (await chooser).setFiles(path);
  }

  /** One of the other models. */
  async choose(id: string): Promise<void> {
    await this.open();
    const other = this.dialog.locator('details', { hasText: id });
    await other.locator('summary').click();
    await other.getByRole('button', { name: 'Use this model' }).click();
  }

  async loaded(name: RegExp): Promise<void> {
    await expect(this.page.getByRole('button', { name })).toBeVisible();
  }
}
