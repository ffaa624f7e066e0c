import { expect, type Locator, type Page } from '@playwright/test';

type Role = 'Task' | 'Text' | 'Label' | 'Answer' | 'Row name' | 'Delimiter' | 'Encoding';

export class DataPage {
  constructor(readonly page: Page) {}

  /** The select of a role; its name is its value and its label. */
  role(role: Role): Locator {
    return this.page
      .getByRole('region', { name: 'Columns', exact: true })
      .getByRole('button', { name: new RegExp(`\\b${role}$`) });
  }

  async map(role: Role, column: string): Promise<void> {
    await this.role(role).click();
    await this.page.getByRole('option', { name: column }).click();
    await expect(this.role(role)).toContainText(column);
  }

  get issues(): Locator {
    return this.page.getByRole('region', { name: /^(Issues|No issues found)$/ });
  }

  get grid(): Locator {
    return this.page.getByRole('grid', { name: 'Rows' });
  }

  /** A row of the table by its name (the # column). */
  row(id: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.page.getByRole('gridcell', { name: id, exact: true }) });
  }

  get versions(): Locator {
    return this.page.getByRole('region', { name: /^Version \d+ of the data$/ });
  }

  /** Fills in the tools above the table. */
  async show(which: 'Show' | 'Order', option: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name: new RegExp(`${which}$`) }).click();
    await this.page.getByRole('option', { name: option }).click();
  }

  get next(): Locator {
    return this.page.getByRole('button', { name: /^(Write a prompt first|Next: prompts)$/ });
  }
}
