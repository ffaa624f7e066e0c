import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';
import type { TestFile } from './studio';

export class LibraryPage {
  constructor(readonly page: Page) {}

  set(name: string | RegExp): Locator {
    return this.page.getByRole('region', { name });
  }

  /** Fills the grid's open cells. */
  async fill(cells: RegExp | string): Promise<void> {
    await this.page.getByRole('button', { name: cells }).click();
    await expect(this.page.getByRole('button', { name: 'Every cell is filled' })).toBeVisible();
  }

  /** The results of a version that was measured, the newest first. */
  get measured(): Locator {
    return this.set('Is it still as good?').getByRole('listitem');
  }

  /** Chooses an option in one of the page's selects. */
  async choose(label: string, option: RegExp): Promise<void> {
    await this.page.getByRole('button', { name: new RegExp(`${label}`) }).click();
    await this.page.getByRole('option', { name: option }).click();
  }

  /** Opens the import dialog with files; it then shows what they are, and nothing is stored yet. */
  async bring(...files: readonly TestFile[]): Promise<void> {
    const dialog = this.page.getByRole('dialog', { name: 'Import' });
    if (!(await dialog.isVisible())) await this.page.getByRole('button', { name: 'Import', exact: true }).click();
    const chooser = this.page.waitForEvent('filechooser');
    await dialog.getByRole('button', { name: 'Choose files' }).click();
    await (await chooser).setFiles(
      files.map(({ name, bytes }) => ({ name, mimeType: 'application/octet-stream', buffer: bytes })),
    );
  }

  async import(file: TestFile): Promise<void> {
    await this.bring(file);
    const dialog = this.page.getByRole('dialog', { name: 'Import' });
    await dialog.getByRole('button', { name: /^Import/ }).click();
    await expect(dialog).toBeHidden();
  }

  /** The file that a button downloads. */
  async saved(button: string): Promise<TestFile> {
    const started = this.page.waitForEvent('download');
    await this.page.getByRole('button', { name: button }).click();
    const file = await started;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }

  /** Presses the download button of the open export dialog. */
  async download(): Promise<TestFile> {
    const started = this.page.waitForEvent('download');
    await this.page
      .getByRole('dialog')
      .getByRole('button', { name: /^Export / })
      .click();
    const file = await started;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }
}
