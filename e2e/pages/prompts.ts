import type { Locator, Page } from '@playwright/test';

export class PromptsPage {
  readonly editor: Locator;
  readonly tryIt: Locator;
  readonly next: Locator;

  constructor(readonly page: Page) {
    this.editor = page.getByRole('textbox', { name: 'Your prompt' });
    this.tryIt = page.getByRole('button', { name: /^Try on/ });
    this.next = page.getByRole('button', { name: 'Next: train' });
  }

  word(label: string): Locator {
    return this.page.getByRole('textbox', { name: `Answer word for ${label}` });
  }
}
