import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';

type Question =
  | 'Which prompt should I use?'
  | 'How sure is that?'
  | 'Where does it still fail?'
  | 'Is it the labels?'
  | 'Do I agree?'
  | 'Take it away';

export class ComparePage {
  readonly run: Locator;
  /** Opens what can be saved of the comparison. */
  readonly save: Locator;
  /** The three figures of the card that a comparison opens with. */
  readonly card: Locator;
  readonly arms: Locator;
  readonly taken: Locator;
  readonly rows: Locator;
  readonly slices: Locator;

  constructor(readonly page: Page) {
    this.run = page.getByRole('button', { name: /^Compare( on [\d,]+ test rows)?$/ });
    this.save = page.getByRole('button', { name: 'Save report' });
    this.card = page.getByRole('list', { name: 'What it is based on' });
    this.arms = page.getByRole('table', { name: 'Prompts, scores and costs' });
    this.taken = page.getByRole('table', { name: 'Prompts to take away' });
    this.rows = page.getByRole('table', { name: 'Rows with both answers and their probabilities' });
    this.slices = page.getByRole('table', { name: 'Slices' });
  }

  /** Waits for the verdict with its card, and returns its headline. */
  async verdict(timeout = 180_000): Promise<string> {
    await expect(this.card).toBeVisible({ timeout });
    return (await this.page.getByRole('heading', { level: 1 }).textContent()) ?? '';
  }

  /** Opens the report in the Library, with the named answers chosen, saves it and comes back. */
  async report(
    choices: readonly (string | RegExp)[] = [],
    says: string | RegExp = 'none of your rows',
  ): Promise<string> {
    const address = this.page.url();
    await this.tab('Take it away').click();
    await this.save.click();
    const dialog = this.page.getByRole('dialog');
    for (const choice of choices) await dialog.getByText(choice, { exact: true }).click();
    await expect(dialog).toContainText(says);
    const started = this.page.waitForEvent('download');
    await dialog.getByRole('button', { name: /^Export / }).click();
    const text = await readFile(await (await started).path(), 'utf8');
    await expect(dialog).toBeHidden();
    await this.page.goto(address);
    return text;
  }

  /** Opens the answers of every prompt to the first row, and closes them. */
  async lookAtARow(): Promise<void> {
    await this.page
      .getByRole('button', { name: /^All answers to row/ })
      .first()
      .click();
    await expect(this.page.getByRole('dialog')).toContainText('Expected:');
    await this.page.keyboard.press('Escape');
  }

  /** Opens the export of a prompt, by its name. */
  async export(name: string | RegExp): Promise<void> {
    await this.tab('Take it away').click();
    const row = this.taken.getByRole('row').filter({ has: this.page.getByText(name, { exact: true }) });
    await row.getByRole('button', { name: /^Export/ }).click();
  }

  /** One of the questions that a comparison answers. */
  readonly tab = (name: Question): Locator =>
    this.page.getByRole('tablist', { name: 'Questions' }).getByRole('tab', { name });

  readonly cell = (name: string): Locator =>
    this.page.getByRole('tablist', { name: 'Rows' }).getByRole('tab', { name: new RegExp(`^${name}`) });

  async cellCount(name: string): Promise<number> {
    return Number(((await this.cell(name).textContent()) ?? '').match(/(\d+)$/)?.[1]);
  }

  async choose(select: string, option: string): Promise<void> {
    await this.page.getByRole('button', { name: new RegExp(`\\b${select}$`) }).click();
    await this.page.getByRole('option', { name: option, exact: true }).click();
  }
}
