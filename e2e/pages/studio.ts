import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { ComparePage } from './compare';
import { DataPage } from './data';
import { LibraryPage } from './library';
import { PlaygroundPage } from './playground';
import { PromptsPage } from './prompts';
import { TrainPage } from './train';
import { unfold } from './unfold';

/** A model of 0.6 million parameters that learns in seconds. */
export const TINY = 'softprompt-studio/tiny-support';

export interface TestFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A CSV that the app has never seen: semicolons, Windows-1252, ragged rows, empty texts, a repeated column name. */
export const AWKWARD: TestFile = {
  name: 'awkward.csv',
  bytes: readFileSync(join(import.meta.dirname, '../../test/fixtures/csv/awkward.csv')),
};

export const csv = (name: string, header: readonly string[], rows: readonly (readonly string[])[]): TestFile => ({
  name,
  bytes: Buffer.from(
    [header, ...rows].map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n'),
  ),
});

/** Rows with the columns of AWKWARD that no prompt has been trained or compared on. */
export const NEW_ROWS = csv(
  'april.csv',
  ['Nachricht', 'Ton'],
  [
    ['One screw of the lamp was missing', 'complaint'],
    ['Could I collect my mirror in Leeds?', 'question'],
    ['Our neighbours admire the bookcase', 'praise'],
    ['Nobody answers letters at your office', 'complaint'],
    ['Which oil suits untreated walnut?', 'question'],
    ['Delivered early and carried upstairs', 'praise'],
    ['The curtain rail bends under velvet', 'complaint'],
    ['How wide is that folding screen?', 'question'],
    ['Such soft wool, we love it', 'praise'],
    ['I was charged twice for postage', 'complaint'],
    ['Will the sale go on until June?', 'question'],
    ['My grandson built it by himself', 'praise'],
    ['A castor broke off on day two', 'complaint'],
    ['Can legs be ordered separately?', 'question'],
    ['Wonderful advice from your joiner', 'praise'],
    ['Scratches everywhere, poorly packed', 'complaint'],
    ['Do vouchers work for outlet goods?', 'question'],
    ['Exactly like the picture, thanks', 'praise'],
    ['Smells of glue even after weeks', 'complaint'],
    ['Where are these chairs produced?', 'question'],
    ['Sturdy, plain and beautifully made', 'praise'],
    ['Wrong colour, and no apology', 'complaint'],
    ['Is a left-handed version planned?', 'question'],
    ['Best pillow I have ever owned', 'praise'],
  ],
);

export type StepName = 'Data' | 'Prompts' | 'Train' | 'Compare' | 'Decide' | 'Playground' | 'Library';

/** The page as a person sees it, by roles and names. */
export class Studio {
  readonly heading: Locator;
  readonly lead: Locator;
  readonly data: DataPage;
  readonly prompts: PromptsPage;
  readonly train: TrainPage;
  readonly compare: ComparePage;
  readonly playground: PlaygroundPage;
  readonly library: LibraryPage;

  readonly unfold = (name: string): Promise<void> => unfold(this.page, name);

  constructor(readonly page: Page) {
    this.heading = page.getByRole('heading', { level: 1 });
    this.lead = page.getByRole('main');
    this.data = new DataPage(page);
    this.prompts = new PromptsPage(page);
    this.train = new TrainPage(page);
    this.compare = new ComparePage(page);
    this.playground = new PlaygroundPage(page);
    this.library = new LibraryPage(page);
  }

  /** `null` = the built-in model. */
  async open(hash = '#/', model: string | null = TINY): Promise<void> {
    await this.page.goto(`${model === null ? '' : `?model=${model}`}${hash}`);
    await expect(this.heading).toBeVisible();
  }

  /** The chip says so: WebAssembly, two threads. */
  async modelReady(timeout = 90_000): Promise<void> {
    await expect(this.page.getByRole('button', { name: /^Model: .+ · 2 threads/ })).toBeVisible({ timeout });
  }

  async go(step: StepName): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Steps and tools' })
      .getByRole('link', { name: new RegExp(`\\b${step}\\b`) })
      .click();
  }

  /** Drops a file onto the page, as from the desktop. */
  async drop({ name, bytes }: TestFile): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([fileName, base64]) => {
        const data = new DataTransfer();
        const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        data.items.add(new File([content], fileName, { type: 'text/csv' }));
        return data;
      },
      [name, bytes.toString('base64')] as const,
    );
    await this.#drop(transfer);
  }

  /** Opens rows by dropping their file, and waits until they can be used. */
  async take(file: TestFile): Promise<void> {
    await this.drop(file);
    await expect(this.heading).toContainText('rows ready');
  }

  /** The page with the model, rows and the screen Train. */
  async openTrain(file: TestFile = AWKWARD): Promise<void> {
    await this.open();
    await this.modelReady();
    await this.take(file);
    await this.go('Train');
  }

  /** As above, for a file too large to send: the page repeats `line`. */
  async dropRepeated(name: string, line: string, times: number): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([fileName, text, count]) => {
        const data = new DataTransfer();
        const block = new TextEncoder().encode(text.repeat(1000));
        data.items.add(new File(new Array(Math.ceil(count / 1000)).fill(block), fileName));
        return data;
      },
      [name, line, times] as const,
    );
    await this.#drop(transfer);
  }

  async #drop(dataTransfer: Awaited<ReturnType<Page['evaluateHandle']>>): Promise<void> {
    await this.page.getByRole('main').dispatchEvent('dragover', { dataTransfer });
    await expect(this.page.getByText('Drop a CSV, Excel, JSON or Parquet file with a text')).toBeVisible();
    await this.page.getByRole('main').dispatchEvent('drop', { dataTransfer });
    await expect(this.page.getByText('Drop a CSV, Excel, JSON or Parquet file with a text')).toBeHidden();
  }

  /** Opens a file through the button and the system's dialog. */
  async upload({ name, bytes }: TestFile, button: string | RegExp = 'Use my CSV'): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: button }).click();
    await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer: bytes });
  }

  /** The shortest way from a file to a trained prompt. */
  async trained(file: TestFile = AWKWARD, steps = 30): Promise<void> {
    await this.open();
    await this.drop(file);
    await expect(this.heading).toContainText('rows ready');
    await this.go('Train');
    await this.train.set({ Steps: steps });
    await this.train.start();
    await this.train.ended();
  }

  /** An alert that a screen reader announces, by its title. */
  alert(title: string | RegExp): Locator {
    return this.page.getByRole('alert').filter({ hasText: title });
  }

  /** Imports an exported prompt into a profile without one; its check rows agree. */
  async importAlone(exported: TestFile): Promise<void> {
    await this.open('#/project/new/library');
    await expect(this.heading).toHaveText('No prompt set yet');
    await this.library.import(exported);
    await expect(this.page.getByText(/All \d+ check rows agree, to within 0\.0001/)).toBeVisible();
  }

  readonly scrollsSideways = (): Promise<boolean> =>
    this.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}
