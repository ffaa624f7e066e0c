import type { Locator, Page } from '@playwright/test';

type Choice = 'Examples in the prompt' | 'Which' | 'Orders' | 'Format';

export class PromptsPage {
  readonly editor: Locator;
  readonly tryIt: Locator;
  readonly next: Locator;
  /** The hints of the assistant. */
  readonly hints: Locator;
  /** The row as the model reads it. */
  readonly reading: Locator;
  readonly tries: Locator;
  readonly find: Locator;
  /** The search for the best prompt, and its leaderboard. */
  readonly search: Locator;
  readonly leaderboard: Locator;
  readonly stopSearch: Locator;
  /** Tokens and time of a row. */
  readonly cost: Locator;

  constructor(readonly page: Page) {
    this.editor = page.getByRole('textbox', { name: 'Your prompt' });
    this.tryIt = page.getByRole('button', { name: /^Try on/ });
    this.next = page.getByRole('button', { name: 'Next: train' });
    this.hints = page.getByRole('region', { name: 'Hints for your prompt' });
    this.reading = page.getByRole('region', { name: /as the model sees it$/ });
    this.tries = page.getByRole('region', { name: 'Tries' });
    this.find = page.getByRole('button', { name: 'Find my best prompt' });
    this.leaderboard = page.getByRole('table', { name: 'Prompts found, best first' });
    this.search = page.locator('.panel').filter({ has: this.leaderboard });
    this.stopSearch = page.getByRole('button', { name: 'Stop and keep the best' });
    this.cost = page.getByRole('status').filter({ hasText: 'tokens per row' });
  }

  word(label: string): Locator {
    return this.page.getByRole('textbox', { name: `Answer word for ${label}` });
  }

  /** The button that fixes what a hint is about. */
  hint(label: string): Locator {
    return this.hints.getByRole('button', { name: label });
  }

  /** The select; its name is its value and its label. */
  select(choice: Choice): Locator {
    return this.page.locator('.examples-how').getByRole('button', { name: new RegExp(`.+${choice}$`) });
  }

  async choose(choice: Choice, option: string): Promise<void> {
    await this.select(choice).click();
    await this.page.getByRole('option', { name: option, exact: true }).click();
  }
}
