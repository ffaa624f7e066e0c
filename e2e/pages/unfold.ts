import { expect, type Page } from '@playwright/test';

/** Opens what is folded below this line, unless it is open. */
export async function unfold(page: Page, name: string): Promise<void> {
  const fold = page.locator(`details:has(> summary:text-is("${name}"))`);
  await expect(fold).toBeVisible();
  if ((await fold.getAttribute('open')) === null) await fold.locator('> summary').click();
}
