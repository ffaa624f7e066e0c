/** Whether a screen is accessible: axe in either theme and width, and forced colours. */
import type { Page } from '@playwright/test';
import axe, { type RunOptions } from 'axe-core';
import { expect } from './fixtures';
import type { Studio } from './pages/studio';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

interface Options {
  /** Rules that do not apply to this screen. */
  readonly except?: readonly string[];
  /** A theme changes colours and nothing else. */
  readonly onlyColours?: boolean;
}

/**
 * The current screen, narrow and light, then wide and dark: axe finds nothing, and nothing scrolls sideways. Both themes have
 * the same rules, and the gallery's test reads every control wide in both.
 */
export async function expectAccessible(
  { page, scrollsSideways }: Studio,
  what: string,
  options: Pick<Options, 'except'> = {},
): Promise<void> {
  for (const [size, colorScheme] of [
    [PHONE, 'light'],
    [DESKTOP, 'dark'],
  ] as const) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await settled(page);
    await expectAccessibleNow(page, `${what}, ${colorScheme}, ${size.width} px`, options);
    expect.soft(await scrollsSideways(), `${what} scrolls sideways at ${size.width} px`).toBe(false);
  }
}

/**
 * What a screen reader is given of the current screen: every control, region, table and chart has a name, a table that has
 * rows has headers, and the headline is announced when it changes.
 */
export async function expectReadable({ page }: Studio, what: string): Promise<void> {
  const tree = (await page.locator('body').ariaSnapshot()).split('\n');
  const depth = (line: string) => line.search(/\S/);
  const unnamed = tree.filter((line) => UNNAMED.test(line));
  const headless = tree.filter((line, i) => {
    if (!/- (?:table|grid) /.test(line)) return false;
    const end = tree.findIndex((other, j) => j > i && depth(other) <= depth(line));
    const inside = tree.slice(i + 1, end < 0 ? tree.length : end).join('\n');
    return inside.includes('- row') && !/- (?:columnheader|rowheader)/.test(inside);
  });
  expect.soft({ unnamed, headless }, `${what}, read aloud`).toEqual({ unnamed: [], headless: [] });
  await expect.soft(page.locator('h1[aria-live]:visible, [role=dialog]').first(), `${what}, announced`).toBeVisible();
}

const CONTROLS = 'button|link|textbox|searchbox|combobox|checkbox|radio|slider|spinbutton|switch|tab|option|menuitem';
const UNNAMED = new RegExp(
  `^\\s*- (?:${CONTROLS}|dialog|region|navigation|table|grid|progressbar)(?: \\[[^\\]]+\\])*:?$`,
);

/** The current screen at phone width, for panels that another journey checks wide and dark. */
export async function expectNarrow({ page, scrollsSideways }: Studio, what: string): Promise<void> {
  await page.setViewportSize(PHONE);
  await expectAccessibleNow(page, what);
  expect.soft(await scrollsSideways(), `${what} scrolls sideways at ${PHONE.width} px`).toBe(false);
  await page.setViewportSize(DESKTOP);
}

/** The current screen as it is: axe finds nothing. */
export async function expectAccessibleNow(page: Page, what: string, options: Options = {}): Promise<void> {
  expect.soft(await violations(page, options), what).toEqual([]);
}

/** Runs axe in the page itself, which has no frames; its script stays until the next navigation. */
async function violations(page: Page, { except = [], onlyColours = false }: Options): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const options: RunOptions = {
    resultTypes: ['violations'],
    rules: Object.fromEntries(except.map((rule) => [rule, { enabled: false }])),
    ...(onlyColours ? { runOnly: ['color-contrast'] } : {}),
  };
  return page.evaluate(async (given) => {
    const { axe: inPage } = window as unknown as { axe: typeof import('axe-core') };
    // react-aria announces changes through nodes that it removes seconds later, after the elements that name them
    const found = await inPage.run({ exclude: ['[data-live-announcer]'] }, given);
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  }, options);
}

/** With forced colours: text is readable, selected and unselected differ, and the marks of charts are visible. */
export async function expectForcedColours({ page }: Studio, what: string): Promise<void> {
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark', reducedMotion: 'reduce' });
  await settled(page);
  await expectAccessibleNow(page, `${what}, forced colours`, { onlyColours: true });
  const unseen = await page.evaluate(() => {
    const name = (element: Element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`;
    const { backgroundColor: behind } = getComputedStyle(document.body);
    const look = (element: Element) => {
      const { backgroundColor, borderBottomColor, borderBottomWidth, outlineColor, outlineStyle } =
        getComputedStyle(element);
      const ground = [behind, 'rgba(0, 0, 0, 0)'].includes(backgroundColor) ? '' : backgroundColor;
      const outline = outlineStyle === 'none' ? '' : outlineColor;
      return [ground, borderBottomWidth === '0px' ? '' : borderBottomColor, outline].join();
    };
    const chosen = [...document.querySelectorAll('[data-selected], [aria-selected="true"], [aria-current]')];
    const alike = chosen.filter((element) => {
      const others = [...(element.parentElement?.children ?? [])].filter(
        (other) => other !== element && !chosen.includes(other) && other.classList[0] === element.classList[0],
      );
      return others.some((other) => look(other) === look(element));
    });
    const isPainted = (paint: string) => paint !== 'none' && paint !== behind;
    const marks = [...document.querySelectorAll('.plot :is(rect, path, circle, line)')].filter((mark) => {
      const { fill, stroke } = getComputedStyle(mark);
      return !mark.closest('defs, clipPath') && !isPainted(fill) && !isPainted(stroke);
    });
    return [
      ...alike.map((e) => `as if not chosen: ${name(e)}`),
      ...marks.map((e) => `not to be seen: ${e.outerHTML.slice(0, 80)}`),
    ];
  });
  expect.soft(unseen, `${what}, forced colours`).toEqual([]);
  await page.emulateMedia({ forcedColors: 'none' });
}

/** Colours of a theme that fades in would be measured half-way. Looks again at every frame. */
const settled = (page: Page) =>
  page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
