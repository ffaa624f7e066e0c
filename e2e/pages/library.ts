import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import type { TestFile } from './studio';

export class LibraryPage {
  constructor(readonly page: Page) {}

  set(name: string | RegExp): Locator {
    return this.page.getByRole('region', { name });
  }

  /** Chooses in one of the selects of the page. */
  async choose(label: string, option: RegExp): Promise<void> {
    await this.page.getByRole('button', { name: new RegExp(`${label}`) }).click();
    await this.page.getByRole('option', { name: option }).click();
  }

  async import({ name, bytes }: TestFile): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Import a zip' }).click();
    await (await chooser).setFiles({ name, mimeType: 'application/zip', buffer: bytes });
  }

  /** Presses the download button of the open export dialog. */
  async download(): Promise<TestFile> {
    const started = this.page.waitForEvent('download');
    await this.page
      .getByRole('dialog')
      .getByRole('button', { name: /^Download/ })
      .click();
    const file = await started;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }
}
