import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { commands, page } from 'vitest/browser';
import { ENTRIES, Frame } from './Gallery';
import '../styles/palette.css';
import '../styles/tokens.css';
import '../styles/base.css';

declare module 'vitest/browser' {
  interface BrowserCommands {
    axeScript: () => Promise<string>;
  }
}
interface Axe {
  run(
    context: { readonly exclude: readonly string[] },
    options: {
      readonly resultTypes: readonly ['violations'];
      readonly rules: Readonly<Record<string, { readonly enabled: boolean }>>;
      readonly runOnly?: readonly string[];
    },
  ): Promise<{
    readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  }>;
}

let axe: Axe;
beforeAll(async () => {
  const script = document.createElement('script');
  script.textContent = await commands.axeScript();
  document.head.append(script);
  axe = (window as unknown as { axe: Axe }).axe;
  // As public/layers.css, which a test page does not have; and a page that fades measures colours half-way.
  const style = document.createElement('style');
  style.textContent =
    '@layer reset, base, ui, shell, screens; *, *::before, *::after { transition: none !important; animation: none !important; }';
  document.head.prepend(style);
  document.documentElement.lang = 'en';
  document.title = 'Gallery';
});

let root: Root | null = null;
const complaints: string[] = [];
beforeEach(() => {
  complaints.length = 0;
  for (const level of ['error', 'warn'] as const)
    vi.spyOn(console, level).mockImplementation((...words) => void complaints.push(words.map(String).join(' ')));
});
afterEach(() => {
  root?.unmount();
  root = null;
  document.body.replaceChildren();
  delete document.documentElement.dataset.theme;
  vi.restoreAllMocks();
});

/** A fragment of a page has no headings above it, and no landmarks around what covers it. */
const ONLY_WHOLE_PAGES = ['region', 'heading-order', 'page-has-heading-one'];
const rules = Object.fromEntries(ONLY_WHOLE_PAGES.map((id) => [id, { enabled: false }]));

const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

/** What is wider than the frame, or than the page where it covers that. */
function tooWide(): string[] {
  const wide = [...document.querySelectorAll<HTMLElement>('.gallery-frame, .modal, .toast')].filter(
    (element) => element.scrollWidth > element.clientWidth || element.getBoundingClientRect().right > innerWidth + 1,
  );
  const page = document.documentElement;
  return [...wide, ...(page.scrollWidth > page.clientWidth ? [page] : [])].map(({ tagName, className }) =>
    `${tagName} ${className}`.trim(),
  );
}

test('every entry of the gallery has a name of its own', () => {
  const names = ENTRIES.map(({ group, name }) => `${group}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(ENTRIES.map((entry) => [`${entry.group}: ${entry.name}`, entry] as const))('%s', (_, entry) => {
  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)('fits, passes axe and logs nothing in the %s theme at %i px', async (theme, width) => {
    await page.viewport(width, 900);
    document.documentElement.dataset.theme = theme;
    const host = document.createElement('main');
    document.body.append(host);
    const mounted = createRoot(host);
    root = mounted;
    flushSync(() => mounted.render(<Frame entry={entry} />));
    await painted();
    expect.soft(tooWide()).toEqual([]);
    // a theme changes colours and nothing else
    const only = theme === 'dark' ? { runOnly: ['color-contrast'] } : {};
    const { violations } = await axe.run(
      { exclude: ['[data-live-announcer]'] },
      { resultTypes: ['violations'], rules, ...only },
    );
    expect.soft(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
    expect.soft(complaints).toEqual([]);
  });
});
