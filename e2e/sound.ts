/** Whether a screen is sound for everybody: axe, both themes, both widths. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures';
import type { Studio } from './pages/studio';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Whatever is on the screen now, wide and narrow, light and dark: no finding of axe, nothing that scrolls sideways. */
export async function sound(
  { page, scrollsSideways }: Studio,
  what: string,
  except: readonly string[] = [],
): Promise<void> {
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await settled(page);
      // react-aria says what changed through nodes that it takes away seconds later, what they are named after before that
      const axe = new AxeBuilder({ page }).exclude('[data-live-announcer]').disableRules([...except]);
      // a theme changes colours and nothing else
      const { violations } = await (colorScheme === 'light' ? axe : axe.withRules('color-contrast')).analyze();
      const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
      expect.soft(found, `${what}, ${colorScheme}, ${size.width} px`).toEqual([]);
    }
    expect.soft(await scrollsSideways(), `${what} scrolls sideways at ${size.width} px`).toBe(false);
  }
}

/** Colours of a theme that fades in would be measured half way. */
const settled = (page: Page) =>
  expect
    .poll(() => page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length))
    .toBe(0);
