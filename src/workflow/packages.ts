/** How the package of each recipient is made: a zip that runs, a text, messages, an adapter, a whole set, a report. */
import { gzipSync } from 'fflate';
import { labelOf, rowsOf, targetOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { ARM_FILE, armJson } from '../interchange/arm-file';
import {
  armReadme,
  dropInReadme,
  filePackage,
  type Package,
  peftReadme,
  scriptsFor,
  TEXT_SCRIPTS,
  zipPackage,
} from '../interchange/package';
import { promptPackageFiles } from '../interchange/prompt-package';
import { withoutRows } from '../interchange/set-files';
import { setPackageFiles } from '../interchange/set-package';
import { chatJson, type Named, type PromptTest, promptfooYaml } from '../interchange/text-formats';
import { present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { ofRows, PRODUCT, percent } from '../lib/format';
import { unwrap } from '../lib/result';
import { firstText } from '../prompt/prompt';
import { armId } from '../prompt-set/arms';
import { versionsCompared } from '../prompt-set/calibration';
import { chosenHard, sameLabelOrder } from '../prompt-set/make-versions';
import { type Package as PromptPackage, packageJson, columnsOf as webColumns } from '../prompt-set/package';
import { kindOf } from '../prompt-set/prompt-set';
import { askedVersion } from '../prompt-set/ready-prompt';
import { stagesAt } from '../prompt-set/stages';
import type { Evaluation, StagePolicy } from '../prompt-set/types';
import { type Version, wordsOf } from '../prompt-set/versions';
import { audiencePage } from '../report/audience';
import { resultsCsv } from '../report/csv';
import { reportOf } from '../report/input';
import { htmlReport, markdownReport } from '../report/print';
import { makeWebPrompt, WEB_PROMPT_FILE } from '../route/web-prompt';
import { otherColumns } from '../task/template';
import { type RowsDone, shippedSentences } from './check-rows';
import { chosenSubject, comparisonOf, type Order, rowCount, type Subject, subjectOf } from './export-subjects';
import { examplesIn, exportedPrompt, leaving, madeOf, takenArm } from './exported-prompt';
import { audienceProposal, audienceRows, EXPORTS, isOneTuned, type RecipientId, shownTo } from './exports';
import type { Host, Run } from './host';

/** "72.0% of 93 test rows (95% interval 62.1% to 80.2%)"; null where it was not compared. */
function reachedIn({ evaluation, id, version }: Subject, { set }: Order['stored']): string | null {
  if (evaluation?.kind !== 'classify') return null;
  const { comparison, plan } = evaluation;
  const own = [...versionsCompared(set, evaluation)].find(([, versionId]) => versionId === version?.version.id)?.[0];
  const arm = comparison.arms.find((each) => each.id === own || armId(evaluation, each.id) === id);
  if (!arm) return null;
  const { value, interval } = arm.metrics.accuracy;
  return `${ofRows(value, comparison.n, 'test row')} right (95% interval ${percent(interval.low)} to ${percent(interval.high)}). Test rows used ${plan.looks === 1 ? 'once' : `${plan.looks} times`}.`;
}

async function armPackage(host: Host, order: Order, run: Run<RowsDone>): Promise<Package> {
  const arm = await takenArm(host, order, run);
  const programs = TEXT_SCRIPTS.map(async (name) => [name, utf8(await host.asset(name))] as const);
  const files = {
    'README.md': utf8(armReadme(arm, reachedIn(chosenSubject(order), order.stored))),
    [ARM_FILE]: utf8(armJson(arm)),
    ...Object.fromEntries(await Promise.all(programs)),
  };
  return zipPackage(`${arm.asked.handle}-${nameOf(arm.asked.name)}.zip`, files, arm.userRows);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** "Yours + 8 examples" as a part of a file's name. */
const nameOf = (prompt: string): string =>
  prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'prompt';

const textPrompt = (order: Order): Named => ({
  name: order.stored.set.name,
  prompt: leaving(order, chosenSubject(order)).prompt,
});

const rowsShown = (order: Order): number => examplesIn(chosenSubject(order));

/** Tests that promptfoo runs where none of the user's rows may go along. */
const SENTENCES = 3;

/** The test rows, each with the answer that its label, or its expected text, asks for. */
function testsOf(dataset: Dataset | null, { prompt }: Named): readonly PromptTest[] {
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

const reportFile = ({ stored, format = 'html' }: Order, name: string, text: string, rows: number): Package =>
  filePackage({
    name: `${stored.set.handle}-${name}.${format === 'html' ? 'html' : 'md'}`,
    type: `text/${format}`,
    text,
    what: format === 'html' ? 'one file: no script, no request' : 'for a wiki or a pull request: no text of any row',
    rows,
  });

function report({ stored, withRows, format }: Order, evaluation: Evaluation): readonly [text: string, rows: number] {
  const { set, dataset, checkpoints } = stored;
  const checkpoint = checkpoints.find(({ runId }) => runId === evaluation.softVersion)?.checkpoint ?? null;
  const isMarkdown = format === 'markdown';
  const input = reportOf({ set, dataset, evaluation, checkpoint, withRows: withRows && !isMarkdown });
  if (!input) throw rowsGone();
  return [isMarkdown ? markdownReport(input) : htmlReport(input), 'rows' in input ? input.rows.length : 0];
}

/** The hand-written prompt in use, which answers where a tuned one fails; null where it cannot. */
function fallbackVersion({ stored: { set }, withRows }: Order, asked: Version): Version | null {
  const hand = chosenHard(set);
  if (!hand || asked.kind === 'hard') return null;
  const { shots, selection } = hand.prompt;
  const canLeave = shots === 0 || (withRows && selection !== 'nearest');
  const version: Version = { kind: 'hard', version: hand };
  return canLeave && sameLabelOrder(wordsOf(set, version), wordsOf(set, asked)) ? version : null;
}

/** The policy that goes along: of a stage that points to the version, where the version that it asks can leave. */
function policyOf({ stored: { set } }: Order, asked: Version, second: Version | null): StagePolicy | null {
  const { policy = null } = set;
  const isAlone = !second || policy?.kind === 'as-asked' || stagesAt(set, asked.version.id).length === 0;
  return isAlone ? null : policy;
}

/** The policy of a tuned prompt, with the hand-written one that it asks. Texts have none: `prompt.json` chooses labels. */
async function routeOf(host: Host, order: Order, run: Run<RowsDone>) {
  const { version } = chosenSubject(order);
  const second = version && fallbackVersion(order, version);
  const policy = version && second && kindOf(order.stored.set) === 'classify' ? policyOf(order, version, second) : null;
  return policy && second
    ? { policy, fallback: await takenArm(host, { ...order, subject: second.version.id }, run) }
    : null;
}

/** The prompt of a drop-in, with what it answers to the shipped sentences here. */
async function webPromptOf(host: Host, order: Order, { control, emit }: Run<RowsDone>): Promise<PromptPackage> {
  const { set, dataset } = order.stored;
  const subject = chosenSubject(order);
  const why = madeOf(subject);
  if (why && !order.withRows) throw badInput(why);
  const version = present(subject.version, 'a version');
  const second = fallbackVersion(order, version);
  const leave = (of: Version) => askedVersion(set, of, dataset);
  const versions = { asked: leave(version), fallback: second && leave(second) };
  const policy = policyOf(order, version, second);
  const named = { producer: PRODUCT, name: set.name, handle: set.handle, createdAt: host.now() };
  const about = { ...named, ...(policy && { policy }) };
  const sentences = await shippedSentences(host);
  emit({ done: 0, total: sentences.length });
  return makeWebPrompt(host, versions, about, sentences, control);
}

const MODULE = 'softprompt.js';
const BESIDE = [
  'softprompt.d.ts',
  'index.html',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
  'THIRD_PARTY_NOTICES.md',
];

type Make = (host: Host, order: Order, run: Run<RowsDone>) => Promise<Package>;

/** By recipient, for a prompt that fits it. */
const PACKAGES: Readonly<Record<RecipientId, Make>> = {
  engineer: async (host, order, run) => {
    if (!isOneTuned(chosenSubject(order))) return armPackage(host, order, run);
    const examples = rowsShown(order);
    const rows = order.withRows && examples === 0 ? order.stored.dataset : null;
    const userRows = examples + rowCount({ dataset: rows });
    const route = await routeOf(host, order, run);
    const made = await exportedPrompt(host, order, userRows, run);
    const prompt = route ? { ...made, sidecar: { ...made.sidecar, policy: route.policy } } : made;
    const programs = scriptsFor(prompt.sidecar).map(async (name) => [name, await host.asset(name)] as const);
    const scripts = Object.fromEntries(await Promise.all(programs));
    return zipPackage(
      `${prompt.set.handle}.zip`,
      promptPackageFiles({ ...prompt, rows, scripts, fallback: route?.fallback ?? null }),
      userRows,
    );
  },
  webPage: async (host, order, run) => {
    const prompt = await webPromptOf(host, order, run);
    const module = await host.dropIn(MODULE);
    const beside = BESIDE.map(async (name) => [name, await host.dropIn(name)] as const);
    const sizes = { plain: module.length, packed: gzipSync(module).length };
    const files = {
      'README.md': utf8(dropInReadme(prompt, webColumns(prompt), sizes)),
      [WEB_PROMPT_FILE]: utf8(packageJson(prompt)),
      [MODULE]: module,
      ...Object.fromEntries(await Promise.all(beside)),
    };
    return zipPackage(`${prompt.handle}-page.zip`, files, order.withRows ? EXPORTS.webPage.rows(order) : 0);
  },
  textField: async (_host, order) => {
    const { template } = firstText(textPrompt(order).prompt);
    const rows = rowsShown(order);
    return filePackage({
      name: `${order.stored.set.handle}-${rows > 0 ? 'few-shot' : 'prompt'}.txt`,
      type: 'text/plain',
      text: template,
      what:
        rows > 0
          ? 'the prompt with its examples; {text} is the place of the text'
          : 'the prompt; {text} is the place of the text',
      rows,
    });
  },
  chatServer: async (_host, order) =>
    filePackage({
      name: `${order.stored.set.handle}-chat.json`,
      type: 'application/json',
      text: unwrap(chatJson(textPrompt(order))),
      what: 'messages for a chat server, and what the answers mean',
      rows: rowsShown(order),
    }),
  promptfoo: async (host, order) => {
    const prompt = textPrompt(order);
    const tests = order.withRows ? testsOf(order.stored.dataset, prompt) : [];
    const sentences = tests.length > 0 ? [] : (await shippedSentences(host)).slice(0, SENTENCES);
    const shown = [...tests, ...sentences.map((text) => ({ vars: { text }, answer: null }))];
    const text = unwrap(promptfooYaml(prompt, shown));
    const rows = rowsShown(order) + tests.length;
    const what = 'prompt, answers and tests; replace the provider “echo” by yours';
    return filePackage({
      name: `${order.stored.set.handle}-promptfoo.yaml`,
      type: 'application/yaml',
      text,
      what,
      rows,
    });
  },
  peft: async (host, order, run) => {
    const prompt = await exportedPrompt(host, order, rowsShown(order), run);
    const all = promptPackageFiles({ ...prompt, rows: null, scripts: {} });
    const own = Object.entries(all).filter(([name]) => name.startsWith('adapter_'));
    const files = { 'README.md': utf8(peftReadme(prompt.sidecar)), ...Object.fromEntries(own) };
    return zipPackage(`${prompt.set.handle}-peft.zip`, files, rowsShown(order));
  },
  browser: async (_host, { stored, withRows }) => {
    const given = withRows ? stored : withoutRows(stored);
    return zipPackage(`${stored.set.handle}-project.zip`, await setPackageFiles(given), rowCount(given));
  },
  audience: async (_host, order) => {
    const asked = EXPORTS.audience.asks(order);
    if (asked) throw badInput(asked);
    const evaluation = comparisonOf(order);
    const { set } = order.stored;
    const dataset = present(order.stored.dataset, 'rows');
    const pair = present(shownTo(chosenSubject(order), order.stored), 'two prompts');
    const run = set.soft.find(({ id }) => id === evaluation.softVersion);
    const choice = order.audience ?? audienceProposal(order);
    const drawn = audienceRows(order).flatMap(({ id, isDrawn }) => (isDrawn ? [id] : []));
    const model = run?.model.id ?? null;
    const { text, rows } = await audiencePage({ evaluation, dataset, pair, choice, drawn, model });
    const what = 'texts with recorded answers, as one page: opens anywhere, no request';
    return filePackage({ name: `${set.handle}-audience.html`, type: 'text/html', text, what, rows });
  },
  manager: async (_host, order) => reportFile(order, 'report', ...report(order, comparisonOf(order))),
  spreadsheet: async (_host, order) => {
    const evaluation = comparisonOf(order);
    const texts = order.withRows ? order.stored.dataset : null;
    const isChoice = evaluation.kind === 'classify';
    return filePackage({
      name: `${order.stored.set.handle}-predictions.csv`,
      type: 'text/csv',
      text: resultsCsv(evaluation, texts),
      what: isChoice
        ? 'one line per test row: what every prompt said, its probability, whether it is right'
        : 'one line per test row: how close every prompt came to the expected text; with texts, what it generated',
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
): Promise<Package> {
  const subject = order.subject === null ? null : subjectOf(order.stored, order.subject);
  const whyNot = subject && EXPORTS[recipient].whyNot(subject, order.stored);
  if (whyNot) throw badInput(whyNot);
  return PACKAGES[recipient](host, order, run);
}
