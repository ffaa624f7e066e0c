/**
 * Every recipient that something can be exported for, as one object each: what they are offered, which of the user's rows
 * may go along, how their package is made, and how it is read again. To add one, add an object here.
 */
import type { Dataset } from '../dataset/types';
import { textsOf } from '../evaluation/classify/rows';
import { type Incoming, type IncomingFailure, readPrompt, readSet } from '../interchange/incoming';
import { filePackage, type Package, scriptsFor, zipPackage } from '../interchange/package';
import { type Here, promptPackageFiles } from '../interchange/prompt-package';
import { withoutRows } from '../interchange/set-files';
import { setPackageFiles } from '../interchange/set-package';
import type { Files } from '../interchange/zip';
import { StudioError } from '../lib/errors';
import type { Result } from '../lib/result';
import type { Evaluation } from '../prompt-set/types';
import { changedRows, generatedCsv, resultsCsv } from '../report/csv';
import { labelReport, textReport } from '../report/input';
import { htmlReport } from '../report/print';
import { readCheckpoint } from '../training/checkpoint';
import { type RowsDone, shippedSentences } from './check-rows';
import { comparisonFor, comparisonOf, exportedPrompt, type Order, rowCount } from './exported-prompt';
import type { Host, Run } from './host';

export interface PromptExport {
  readonly recipient: string;
  readonly words: {
    /** What they get, in one or two sentences. */
    readonly gets: string;
    /** The question about the user's rows, and both answers. */
    readonly rows: { readonly label: string; readonly without: string; readonly with: (rows: string) => string };
  };
  /** It needs a tuned prompt. */
  readonly needsRun: boolean;
  /** The model scores check rows for it. */
  readonly needsModel: boolean;
  /** How many of the user's rows it would contain, if they agree. */
  readonly rows: (order: Order) => number;
  /** @throws StudioError `bad-input` where it cannot be made, with the reason; and as the engine's methods */
  readonly make: (host: Host, order: Order, run: Run<RowsDone>) => Promise<Package>;
  /** From the unpacked files; left out where nothing can be imported from it. */
  readonly read?: (files: Files, here: Here) => Promise<Result<Incoming, IncomingFailure>>;
}

const engineer: PromptExport = {
  recipient: 'An engineer',
  words: {
    gets: 'A zip that runs in Python on the same weights, with check rows that show how closely their machine reproduces yours.',
    rows: { label: 'Your rows', without: 'Leave them out', with: (rows) => `Include all ${rows}` },
  },
  needsRun: true,
  needsModel: true,
  rows: ({ stored }) => rowCount(stored),
  make: async (host, order, run) => {
    const rows = order.withRows ? order.stored.dataset : null;
    const userRows = rowCount({ dataset: rows });
    const prompt = await exportedPrompt(host, order, userRows, run);
    const programs = scriptsFor(prompt.sidecar).map(async (name) => [name, await host.asset(name)] as const);
    const scripts = Object.fromEntries(await Promise.all(programs));
    return zipPackage(`${prompt.set.handle}.zip`, promptPackageFiles({ ...prompt, rows, scripts }), userRows);
  },
  read: readPrompt,
};

const browser: PromptExport = {
  recipient: 'Another browser',
  words: {
    gets: 'The complete prompt set: every prompt and version, runs with their curves. Comparisons and votes name rows, so they are only included together with the rows.',
    rows: {
      label: 'Your rows and comparisons',
      without: 'Leave them out',
      with: (rows) => `Include all ${rows} rows`,
    },
  },
  needsRun: false,
  needsModel: false,
  rows: ({ stored }) => rowCount(stored),
  make: async (_host, { stored: { examples: _examples, ...complete }, withRows }) => {
    const given = withRows ? complete : withoutRows(complete);
    return zipPackage(`${complete.set.handle}-project.zip`, await setPackageFiles(given), rowCount(given));
  },
  read: readSet,
};

const audience: PromptExport = {
  recipient: 'An audience',
  words: {
    gets: 'A demo: importing it in any browser opens Present, with tuned beside untuned, and nothing to train.',
    rows: {
      label: 'Texts to show',
      without: 'Sentences that ship with the studio',
      with: (rows) => `Your ${rows} texts from Present`,
    },
  },
  needsRun: true,
  needsModel: true,
  rows: ({ stored: { examples } }) => examples.length,
  make: async (host, order, run) => {
    const own = order.withRows ? order.stored.examples : [];
    const examples = own.length > 0 ? own : await shippedSentences(host);
    const prompt = await exportedPrompt(host, order, own.length, run);
    const files = promptPackageFiles({ ...prompt, rows: null, scripts: {}, demo: { examples, ofUser: own.length } });
    return zipPackage(`${prompt.set.handle}-demo.zip`, files, own.length);
  },
  read: readPrompt,
};

const rowsGone = () =>
  new StudioError('bad-input', 'The rows or the run of its comparison are no longer in this browser.');

/** The texts of changed rows that a report may print. */
function changedCount(evaluation: Evaluation, dataset: Dataset): number {
  if (evaluation.kind === 'classify') return textsOf(evaluation.comparison, dataset).length;
  const [duel] = evaluation.comparison.duels;
  return duel ? changedRows(evaluation, dataset, duel).length : 0;
}

/** The report as one page, and how many texts of rows are in it. */
function reportOf({ stored, withRows }: Order, evaluation: Evaluation): readonly [html: string, rows: number] {
  const { set, dataset, checkpoints } = stored;
  const texts = withRows ? dataset : null;
  if (evaluation.kind === 'generate') {
    const input = textReport(set, dataset, evaluation, null);
    if (!input) throw rowsGone();
    const [duel] = evaluation.comparison.duels;
    const rows = texts && duel ? changedRows(evaluation, texts, duel) : [];
    return [htmlReport({ ...input, rows }), rows.length];
  }
  const kept = checkpoints.find(({ runId }) => runId === evaluation.softVersion);
  const checkpoint = kept ? readCheckpoint(kept.checkpoint, 'classify') : null;
  const input = labelReport(set, dataset, evaluation, evaluation.comparison, null, checkpoint);
  if (!input) throw rowsGone();
  const rows = texts ? textsOf(evaluation.comparison, texts) : [];
  return [htmlReport({ ...input, rows }), rows.length];
}

const manager: PromptExport = {
  recipient: 'A manager',
  words: {
    gets: 'The report of the latest comparison as one page: verdict, figures with intervals, prompts.',
    rows: { label: 'Texts of rows that changed', without: 'Leave them out', with: (rows) => `Include ${rows}` },
  },
  needsRun: true,
  needsModel: false,
  rows: (order) => {
    const { dataset } = order.stored;
    const evaluation = comparisonFor(order);
    return evaluation && dataset ? changedCount(evaluation, dataset) : 0;
  },
  make: async (_host, order) => {
    const [text, rows] = reportOf(order, comparisonOf(order));
    const name = `${order.stored.set.handle}-report.html`;
    return filePackage({ name, type: 'text/html', text, what: 'the report as one page: no script, no request', rows });
  },
};

const spreadsheet: PromptExport = {
  recipient: 'A spreadsheet',
  words: {
    gets: 'A CSV with the answer of every prompt to every test row of the latest comparison, or how close its text came to the expected one.',
    rows: { label: 'Texts of the test rows', without: 'Numbers only', with: (rows) => `Include all ${rows}` },
  },
  needsRun: true,
  needsModel: false,
  rows: (order) => (order.stored.dataset ? (comparisonFor(order)?.comparison.n ?? 0) : 0),
  make: async (_host, order) => {
    const evaluation = comparisonOf(order);
    const texts = order.withRows ? order.stored.dataset : null;
    const isChoice = evaluation.kind === 'classify';
    return filePackage({
      name: `${order.stored.set.handle}-predictions.csv`,
      type: 'text/csv',
      text: isChoice ? resultsCsv(evaluation.comparison, evaluation, texts) : generatedCsv(evaluation, texts),
      what: isChoice
        ? 'one line per test row: what every prompt said, its probability, whether it is right'
        : 'one line per test row: how close every prompt came to the expected text; with texts, what it generated',
      rows: texts ? evaluation.comparison.n : 0,
    });
  },
};

export const EXPORTS = { engineer, browser, audience, manager, spreadsheet } as const satisfies Readonly<
  Record<string, PromptExport>
>;

export type RecipientId = keyof typeof EXPORTS;
export const RECIPIENTS = Object.keys(EXPORTS) as readonly RecipientId[];
