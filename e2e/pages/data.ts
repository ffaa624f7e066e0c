import { expect, type Locator, type Page } from '@playwright/test';

type Role = 'Text' | 'Label' | 'Row name' | 'Separated by' | 'Characters';

export class DataPage {
  constructor(readonly page: Page) {}

  /** The select of a role; its name is its value and its label. */
  role(role: Role): Locator {
    return this.page
      .getByRole('region', { name: 'Which column is what' })
      .getByRole('button', { name: new RegExp(`\\b${role}$`) });
  }

  async map(role: Role, column: string): Promise<void> {
    await this.role(role).click();
    await this.page.getByRole('option', { name: column }).click();
    await expect(this.role(role)).toContainText(column);
  }

  get findings(): Locator {
    return this.page.getByRole('region', { name: /To look at|Nothing needs a look/ });
  }

  get next(): Locator {
    return this.page.getByRole('button', { name: 'Next: prompts' });
  }
}
