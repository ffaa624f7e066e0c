import { expect, type Locator, type Page } from '@playwright/test';

export class PlaygroundPage {
  readonly text: Locator;

  constructor(readonly page: Page) {
    this.text = page.getByRole('textbox', { name: 'Message' });
  }

  player(name: 'Untuned' | 'your prompt' | 'tuned prompt'): Locator {
    return this.page.getByRole('region', { name });
  }

  /** Types a text and reads a prompt's probabilities, e.g. `{ praise: '0.62', … }`. */
  async ask(text: string, name: 'Untuned' | 'your prompt' | 'tuned prompt'): Promise<Record<string, string>> {
    await this.text.fill(text);
    const player = this.player(name);
    await expect(this.page.getByText(/^\d+ tokens?( · \d+ ms)?$/).first()).toBeVisible();
    await expect(this.page.locator('[aria-busy=true]')).toHaveCount(0);
    const items = await player.getByRole('listitem').allInnerTexts();
    return Object.fromEntries(
      items.map((item) => {
        const [, label = item, p = ''] = /^(.*?)\s+([\d.]+)$/s.exec(item.trim()) ?? [];
        return [label.trim(), p] as const;
      }),
    );
  }

  /** Types a text and reads what a prompt generates after it. */
  async write(text: string, name: 'Untuned' | 'your prompt' | 'tuned prompt'): Promise<string> {
    await this.text.fill(text);
    await expect(this.page.getByText(/^\d+ tokens?( · \d+ ms)?$/).first()).toBeVisible();
    await expect(this.page.locator('[aria-busy=true]')).toHaveCount(0);
    return (await this.player(name).locator('.player-said').textContent()) ?? '';
  }
}
