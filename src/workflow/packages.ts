/** How the package of each recipient is made: a zip that runs, a text, messages, an adapter, a whole set, a report. */
import { gzipSync } from 'fflate';
import { labelOf, rowsOf, targetOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { type Contents, type Exported, oneFile, scriptsFor, zipped } from '../interchange/exported';
import { adapterVectors, peftFiles } from '../interchange/from-vectors';
import { type Package, PROMPT_FILE, packageJson } from '../interchange/package';
import { dropInReadme, packageReadme, peftReadme } from '../interchange/readme';
import { withoutRows } from '../interchange/set-files';
import { setPackageFiles } from '../interchange/set-package';
import { chatJson, type PromptTest, promptfooYaml } from '../interchange/text-formats';
import { present } from '../lib/assert';
import { inSteps } from '../lib/control';
import { badInput } from '../lib/errors';
import { unwrap } from '../lib/result';
import { writeNpy } from '../prompt/codecs';
import { firstText, type Prompt, softOf } from '../prompt/prompt';
import { deciding } from '../prompt-set/types';
import { versionById } from '../prompt-set/versions';
import { audiencePage } from '../report/audience';
import { closerLook } from '../report/closer-look';
import { reportOf } from '../report/input';
import { reportKind, resultsCsv, resultsJson } from '../report/kinds';
import { htmlReport, markdownReport } from '../report/print';
import type { ReportInput } from '../report/types';
import { otherColumns } from '../task/template';
import { type RowsDone, shippedSentences } from './check-rows';
import { chosenSubject, comparisonOf, type Order, rowCount, subjectOf } from './export-subjects';
import { leaving, packageOf } from './exported-prompt';
import { audienceProposal, audienceRows, EXPORTS, type RecipientId, shownTo } from './exports';
import type { Host, Run } from './host';

/** "Yours + 8 examples" as a part of a file's name. */
const nameOf = (prompt: string): string =>
  prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'prompt';

/** Tests that promptfoo runs where none of the user's rows may go along. */
const SENTENCES = 3;

/** The test rows, each with the answer that its label, or its expected text, asks for. */
function testsOf(dataset: Dataset | null, prompt: Prompt): readonly PromptTest[] {
  if (!dataset) return [];
  const { template, words } = firstText(prompt);
  const wordOf = new Map(words.map(({ label, word }) => [label, word.trim()]));
  const columns = otherColumns(template, null);
  return rowsOf(dataset, 'test').map((row) => ({
    vars: {
      text: textOf(row, dataset.mapping),
      ...Object.fromEntries(columns.map((column) => [column, row.cells[column] ?? ''])),
    },
    answer: words.length > 0 ? (wordOf.get(labelOf(row, dataset.mapping)) ?? null) : targetOf(row, dataset.mapping),
  }));
}

const rowsGone = () => badInput('The rows or the run of its comparison are no longer in this browser.');

const quietly = () => undefined;

const REPORTS = {
  html: { end: 'report.html', type: 'text/html', what: 'one file: no script, no request', write: htmlReport },
  markdown: {
    end: 'report.md',
    type: 'text/markdown',
    what: 'for a wiki or a pull request: no text of any row',
    write: markdownReport,
  },
  json: {
    end: 'results.json',
    type: 'application/json',
    what: 'every figure, for a program: no text of any row',
    write: (of: ReportInput) => `${JSON.stringify(resultsJson(of), null, 2)}\n`,
  },
} as const;

async function report(order: Order, { control }: Run<RowsDone>): Promise<Exported> {
  const { stored, withRows, format = 'html', model = null } = order;
  const { set, dataset, checkpoints } = stored;
  const evaluation = deciding(comparisonOf(order));
  const checkpoint = checkpoints.find(({ runId }) => runId === evaluation.trainedVersion)?.checkpoint ?? null;
  const of = { set, dataset, checkpoint, model, withRows: withRows && format === 'html' };
  const found = reportOf({ ...of, evaluation });
  if (!found) throw rowsGone();
  const closer = evaluation.kind === 'classify' && (await inSteps(closerLook({ ...of, evaluation }), control, quietly));
  const input = found.kind === 'classify' && closer ? { ...found, closer } : found;
  const { end, type, what, write } = REPORTS[format];
  return oneFile({ name: `${set.handle}-${end}`, type, text: write(input), what, rows: input.rows.length });
}

/** Programs and what an engineer's own tools read, beside the prompt. */
async function besideFiles(host: Host, of: Package): Promise<Contents> {
  const scripts = scriptsFor(of).map(async (name) => [name, await host.asset(name)] as const);
  const [only] = of.version.prompt.voices;
  const soft = of.version.prompt.voices.length === 1 && only?.kind === 'text' ? only.soft : null;
  return {
    ...Object.fromEntries(await Promise.all(scripts)),
    ...(soft && { 'prompt_embeddings.npy': writeNpy(soft) }),
    ...(adapterVectors(of.version.prompt) && peftFiles(of)),
  };
}

const MODULE = 'softprompt.js';
const BESIDE = [
  'softprompt.d.ts',
  'index.html',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
  'THIRD_PARTY_NOTICES.md',
];

type Make = (host: Host, order: Order, run: Run<RowsDone>) => Promise<Exported>;

/** By recipient, for a prompt that fits it. */
const PACKAGES: Readonly<Record<RecipientId, Make>> = {
  engineer: async (host, order, run) => {
    const of = await packageOf(host, order, run);
    const files = { [PROMPT_FILE]: packageJson(of), ...(await besideFiles(host, of)) };
    const name = softOf(of.version.prompt) ? of.handle : `${of.handle}-${nameOf(of.version.name)}`;
    const readme = await packageReadme(of, Object.keys(files));
    return zipped(`${name}.zip`, { 'README.md': readme, ...files }, of.userRows);
  },
  webPage: async (host, order, run) => {
    const of = await packageOf(host, order, run);
    const beside = [MODULE, ...BESIDE].map(async (name) => [name, await host.dropIn(name)] as const);
    const files: Contents = { [PROMPT_FILE]: packageJson(of), ...Object.fromEntries(await Promise.all(beside)) };
    const module = await host.dropIn(MODULE);
    const sizes = { plain: module.length, packed: gzipSync(module).length };
    const readme = await dropInReadme(of, Object.keys(files), sizes);
    return zipped(`${of.handle}-page.zip`, { 'README.md': readme, ...files }, of.userRows);
  },
  textField: async (_host, order) => {
    const { handle, version, userRows: rows } = leaving(order);
    return oneFile({
      name: `${handle}-${rows > 0 ? 'few-shot' : 'prompt'}.txt`,
      type: 'text/plain',
      text: firstText(version.prompt).template,
      what: `the prompt${rows > 0 ? ' with its examples' : ''}; {text} is the place of the text`,
      rows,
    });
  },
  chatServer: async (_host, order) => {
    const { name, handle, version, userRows: rows } = leaving(order);
    return oneFile({
      name: `${handle}-chat.json`,
      type: 'application/json',
      text: unwrap(chatJson({ name, prompt: version.prompt })),
      what: 'messages for a chat server, and what the answers mean',
      rows,
    });
  },
  promptfoo: async (host, order) => {
    const { name, handle, version, userRows } = leaving(order);
    const tests = order.withRows ? testsOf(order.stored.dataset, version.prompt) : [];
    const sentences = tests.length > 0 ? [] : (await shippedSentences(host)).slice(0, SENTENCES);
    const shown = [...tests, ...sentences.map((text) => ({ vars: { text }, answer: null }))];
    return oneFile({
      name: `${handle}-promptfoo.yaml`,
      type: 'application/yaml',
      text: unwrap(promptfooYaml({ name, prompt: version.prompt }, shown)),
      what: 'prompt, answers and tests; replace the provider “echo” by yours',
      rows: userRows + tests.length,
    });
  },
  peft: async (host, order, run) => {
    const of = await packageOf(host, order, run);
    const { userRows } = leaving(order);
    return zipped(
      `${of.handle}-peft.zip`,
      { 'README.md': await peftReadme({ ...of, userRows }), ...peftFiles(of) },
      userRows,
    );
  },
  browser: async (_host, { stored, withRows }) => {
    const given = withRows ? stored : withoutRows(stored);
    return zipped(`${stored.set.handle}-project.zip`, await setPackageFiles(given), rowCount(given));
  },
  audience: async (_host, order) => {
    const asked = EXPORTS.audience.asks(order);
    if (asked) throw badInput(asked);
    const evaluation = comparisonOf(order);
    const { set } = order.stored;
    const dataset = present(order.stored.dataset, 'rows');
    const pair = present(shownTo(chosenSubject(order), order.stored), 'two prompts');
    const choice = order.audience ?? audienceProposal(order);
    const drawn = audienceRows(order).flatMap(({ id, isDrawn }) => (isDrawn ? [id] : []));
    const model = versionById(set, evaluation.trainedVersion)?.model?.id ?? null;
    const { text, rows } = await audiencePage({ evaluation, dataset, pair, choice, drawn, model });
    const what = 'texts with recorded answers, as one page: opens anywhere, no request';
    return oneFile({ name: `${set.handle}-audience.html`, type: 'text/html', text, what, rows });
  },
  manager: (_host, order, run) => report(order, run),
  spreadsheet: async (_host, order) => {
    const evaluation = comparisonOf(order);
    const texts = order.withRows ? order.stored.dataset : null;
    return oneFile({
      name: `${order.stored.set.handle}-predictions.csv`,
      type: 'text/csv',
      text: resultsCsv(evaluation, texts),
      what: `one line per test row: ${reportKind(evaluation.kind).columns}`,
      rows: texts ? evaluation.comparison.n : 0,
    });
  },
};

/** @throws StudioError `bad-input` where the prompt does not fit or cannot be made, with the reason; and as the engine */
export async function makePackage(
  host: Host,
  recipient: RecipientId,
  order: Order,
  run: Run<RowsDone>,
): Promise<Exported> {
  const subject = order.subject === null ? null : subjectOf(order.stored, order.subject);
  const whyNot = subject && EXPORTS[recipient].whyNot(subject, order.stored);
  if (whyNot) throw badInput(whyNot);
  return PACKAGES[recipient](host, order, run);
}
