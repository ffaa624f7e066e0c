import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { textsRead } from '../dataset/account';
import { isUnsure } from '../dataset/csv-out';
import type { Table } from '../dataset/types';
import { ARM_FILE, isArmJson, readArm, type TakenArm, versionOfArm, wordProbabilities } from '../interchange/arm-file';
import { readTextFile, textKind } from '../interchange/incoming';
import { FALLBACK_FILE } from '../interchange/prompt-package';
import type { CompleteSet } from '../interchange/set-files';
import type { Files } from '../interchange/zip';
import { present } from '../lib/assert';
import { contentKey, readJson } from '../lib/bytes';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { unwrap } from '../lib/result';
import { argmax } from '../metrics/classification';
import { drawsExamples, labelsOf, textsOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import { stamp } from '../prompt-set/prompt-set';
import {
  type AskedVersion,
  alone,
  askedVersion,
  findVersions,
  firstOf,
  type Planned,
  withThreshold as withThresholdOf,
} from '../prompt-set/ready-prompt';
import { STANDARD_STAGES } from '../prompt-set/stages';
import { STAGE_POLICIES, type StagePolicy } from '../prompt-set/types';
import type { Version } from '../prompt-set/versions';
import type { RoutedAnswer, Share } from '../route/policy';
import type { Fields } from '../task/template';
import { type BatchEvent, batch, batchFile } from '../workflow/batch';
import { type Host, SILENT } from '../workflow/host';
import { weighWords } from '../workflow/play';
import { keepRows } from '../workflow/rows-file';
import { exportedFiles, openTable, readLibrary, readPrompt, sayRows } from './data';
import { createLog, type Log, openHost, type PromptWeights } from './node-host';
import {
  flags,
  MEND_USAGE,
  mendOptions,
  PROMPT_MODEL_USAGE,
  promptModelOptions,
  readArguments,
  UsageError,
  valued,
  withLists,
} from './options';

export const PREDICT_USAGE = `npm run --silent predict -- PROMPT [IN.csv --text COL] [--handle H --stage S] [--policy P] [--share P [--id COL]] [--threshold P] [--explain] [--out FILE.csv]
  ${PROMPT_MODEL_USAGE}
  ${MEND_USAGE}
  PROMPT: an exported zip or its folder, or a chat file or promptfoo configuration that the studio has written
  --model: any, where the prompt is a text; --text: left out, the column that the prompt was made with, else text
  with --handle and --stage: an exported prompt set, a team folder, or a folder of several; the version that the stage
  points to answers. --policy: as the set has it, else as-asked; fallback: the hand-written version in use answers where that one is
  missing, fails, or is less sure than its threshold; shadow: both answer, and the hand-written version's answer counts;
  hand-written: only that one. Lines then name {version}, and {fallback} with the reason; a summary goes to stderr. The zip
  for an engineer of a version in a stage has the policy of that stage, and is answered by it
  --share: per cent of the texts that it answers, such as 25; the others are answered by the version that production points to,
  or, where that is the one, by the hand-written version in use. A hash of the text, or of the column --id, decides: a text stays
  on its side, and a larger share holds the smaller one
  the CSV has every column that the prompt shows; without a CSV, standard input is read: lines of JSON, each with a cell for
  each of them ({"text": "…", "city": "…"}), where the first line is one, and otherwise a text in every line
  prints one JSON line per text: {label, probabilities}, calibrated if the prompt is; {written} where the prompt generates
  texts; {not_answered} with the reason for a row that is empty, too long or not read; with a threshold also {needs_review}: true
  where the answer is less probable, so that a person should look. --threshold replaces the prompt's own; 0 takes all
  --out: a CSV with the columns of the rows and the answers beside them, in place of the lines
  --explain adds {words}: by how much each word speaks for the label {against} its runner-up, in nats, and {missed}: the
  share of the difference that they miss. It takes 33 to 129 readings of each text`;

interface Answering {
  readonly plan: Planned;
  /** Each line says who answered: several may, or a stage says who does. */
  readonly isNamed: boolean;
  /** The column of the texts that it was made with; left out: it does not say. */
  readonly text?: string | undefined;
  /** Where it is of a prompt.json. */
  readonly arm?: TakenArm;
}

const argumentsOf = (args: readonly string[]) =>
  readArguments(withLists(args, ['models']), {
    ...promptModelOptions,
    ...mendOptions,
    ...valued('text', 'threshold', 'handle', 'stage', 'policy', 'share', 'id', 'out'),
    ...flags('explain'),
  });
type Given = ReturnType<typeof argumentsOf>;

/** Answers texts with an exported prompt, or by handle and stage, as JSON lines. */
export async function predict(args: readonly string[]): Promise<void> {
  const given = argumentsOf(args);
  const { values, positionals } = given;
  const [prompt, data, ...more] = positionals;
  if (prompt === undefined || more.length > 0) throw new UsageError('Name one prompt and at most one CSV file.');
  const log = createLog();
  const answering = await readAnswering(resolve(prompt), given);
  const share = readShare(given, answering);
  const out = outOf(given, answering);
  if (values.explain) checkExplicable(answering);
  const text = values.text ?? answering.text ?? 'text';
  const model = await given.modelFor(weightsAsked(answering.plan), answering.arm?.model);
  const override = { oneColumn: true, ...(data === undefined && { textLines: text }) };
  const path = data === undefined ? null : resolve(data);
  const named = { text, ...(share?.id && { id: share.id }) };
  const table = await openTable(path, named, log, { override, mends: given.mends() });
  const printer = createPrinter(table, answering);
  if (answering.arm?.texts.length === 0) {
    printer.print(wordsEvent(answering.arm, table, text));
    printer.end();
    return sayRows(textsRead(table, text), log);
  }
  await using host = await openHost(model, log);
  const events: BatchEvent[] = [];
  let { routed, account } = { routed: '', account: textsRead(table, text) };
  if (answering.arm) sayOtherWeights(answering.arm, host, log);
  keepRows(host, table);
  const emit = (event: BatchEvent) => {
    ({ routed, account } = event.progress);
    if (values.explain) events.push(event);
    else if (!out) printer.print(event);
  };
  const { plan } = answering;
  await batch(host, { plan, text, from: 0, share }, { control: uninterrupted, emit });
  for (const event of events) {
    const words = new Map<number, object>();
    for (const { index } of event.answers) {
      const { cells } = present(table.rows.at(index), 'an answered row');
      words.set(index, await explained(host, firstOf(plan), { ...cells, text: cells[text] ?? '' }, text));
    }
    printer.print(event, words);
  }
  if (out) await writeFile(out, Buffer.from(await (await batchFile(host, ANSWERS_FILE)).file.arrayBuffer()));
  else printer.end();
  if (answering.isNamed) log.line(routed);
  sayRows(account, log);
}

const ANSWERS_FILE = { format: 'csv', bom: false, neutralise: false, onlyReview: false, each: 'nothing' } as const;

/** @throws UsageError where no such file can be made */
function outOf({ values, path }: Given, { arm }: Answering): string | null {
  if (values.out !== undefined && (values.explain || arm?.texts.length === 0))
    throw new UsageError('--out takes neither --explain nor a prompt of word counts alone.');
  return path('out');
}

/** Of the vectors that may be asked. */
const weightsAsked = ({ asked, fallback, policy }: Planned): readonly PromptWeights[] =>
  (policy.kind === 'hand-written' && fallback ? [fallback] : [asked, fallback]).flatMap((of) => of?.model ?? []);

/** @throws UsageError where only one version answers */
function readShare({ values: { id }, share }: Given, { plan }: Answering): Share | undefined {
  const of = share('share', 'per cent');
  if (of === null && id !== undefined) throw new UsageError('--id needs --share.');
  if (of === null) return undefined;
  const { kind } = plan.policy;
  if (kind === 'shadow' || kind === 'hand-written')
    throw new UsageError(`--share needs the policy as-asked or fallback, not ${kind}. Name one with --policy.`);
  if (!plan.asked || !plan.fallback)
    throw new UsageError('--share needs a second version for the other texts: name a set with --handle and --stage.');
  return { of, id: id ?? null };
}

const [PRODUCTION] = STANDARD_STAGES;

/** @throws UsageError, StudioError `bad-input` */
async function readAnswering(path: string, { values, ...read }: Given): Promise<Answering> {
  const kind = read.oneOf('policy', STAGE_POLICIES);
  const threshold = read.probability('threshold');
  if (values.handle === undefined && values.stage === undefined) {
    if (kind) throw new UsageError('--policy needs --handle and --stage.');
    return withThreshold(await readVersion(path), threshold);
  }
  const asked = { handle: read.required('handle'), stage: read.required('stage') };
  // a version that is rolled out answers beside the one in production
  const besides = values.share !== undefined && asked.stage !== PRODUCTION ? PRODUCTION : null;
  return withThreshold(planOf(await readLibrary(path), asked, kind && { kind }, besides), threshold);
}

/** The prompt of any export that holds a whole one. @throws StudioError `bad-input` with the reason when the files hold none */
async function readVersion(path: string): Promise<Answering> {
  const files = await exportedFiles(path);
  const [only] = files.size === 1 ? [...files.values()] : [];
  const armBytes = files.get(ARM_FILE) ?? (only && isArmJson(readJson(only)) ? only : undefined);
  if (!files.has('softprompt.json') && armBytes) {
    const arm = unwrap(readArm(armBytes));
    return { plan: alone(versionOfArm(arm)), isNamed: false, text: arm.columns?.text, arm };
  }
  if (only && textKind(only)) {
    const read = unwrap(await readTextFile(files, { ...stamp(), taken: [] }));
    const hard = read.kind === 'set' ? read.set.hard[0] : undefined;
    if (read.kind === 'set' && hard)
      return {
        plan: alone(askedVersion(read.set, { kind: 'hard', version: hard }, null)),
        isNamed: false,
      };
  }
  const { sidecar, set, dataset } = await readPrompt(path);
  const text = (sidecar.columns ?? dataset?.mapping)?.text;
  const run = present(set.soft[0], 'a tuned prompt');
  const asked = askedVersion(set, { kind: 'soft', version: run }, null);
  const { policy } = sidecar;
  if (!policy) return { plan: alone(asked), isNamed: false, text };
  return { plan: { asked, fallback: fallbackIn(files, asked), policy }, isNamed: true, text };
}

/** The hand-written prompt that a package's policy asks. @throws StudioError `bad-input` where it is not there, or has other labels */
function fallbackIn(files: Files, asked: AskedVersion): AskedVersion {
  const bytes = files.get(FALLBACK_FILE);
  if (!bytes) throw badInput(`softprompt.json has a policy, but ${FALLBACK_FILE} is missing. Export again.`);
  const version = versionOfArm(unwrap(readArm(bytes)));
  if (textsOf(version.prompt).length === 0 || !haveSameLabels(version, asked))
    throw badInput(`${FALLBACK_FILE} has no text, or other labels than softprompt.json. Export again.`);
  return version;
}

const haveSameLabels = (a: AskedVersion, b: AskedVersion): boolean =>
  contentKey(labelsOf(a.prompt)) === contentKey(labelsOf(b.prompt));

/** Answers by words alone: no model is loaded. */
function wordsEvent(arm: TakenArm, table: Table, column: string): Pick<BatchEvent, 'answers' | 'leftOut'> {
  const texts = table.rows.map(({ cells }) => cells[column] ?? '');
  const isEmpty = (i: number) => (texts[i] ?? '').trim() === '';
  const facts = { kind: 'classify', gold: null, tokens: 0, by: 'asked' } as const;
  return {
    answers: wordProbabilities(arm, texts).flatMap((probabilities, index) =>
      isEmpty(index) ? [] : [{ ...facts, index, probabilities }],
    ),
    leftOut: texts.flatMap((_, i) => (isEmpty(i) ? [[i, 'it has no text', 'text'] as const] : [])),
  };
}

/** A text answers with any model; its figures are of the one that it was exported with. */
function sayOtherWeights({ model }: TakenArm, { engine: { info } }: Host, log: Log): void {
  if (model && model.sha256 !== info.sha256)
    log.line(`This prompt was exported with ${model.id} (${model.dtype}), other weights: answers will differ.`);
}

/** What a handle and a stage refer to, with its fallback. @param besides another stage, whose version is the fallback */
function planOf(
  library: readonly CompleteSet[],
  asked: { readonly handle: string; readonly stage: string },
  given: StagePolicy | null,
  besides: string | null,
): Answering {
  const sets = library.map(({ set }) => set);
  const kept = sets.find(({ handle }) => handle === asked.handle)?.policy;
  const policy = given ?? kept ?? { kind: 'as-asked' };
  const found = findVersions(sets, asked, policy.kind);
  const dataset = library.find(({ set }) => set === found.set)?.dataset ?? null;
  const named = (of: Version | null) => of && askedVersion(found.set, of, dataset);
  const second = besides ? findVersions(sets, { ...asked, stage: besides }, 'as-asked').asked : found.fallback;
  const plan = { asked: named(found.asked), fallback: named(second), policy };
  if (besides && plan.asked && plan.fallback && !haveSameLabels(plan.asked, plan.fallback))
    throw badInput(`${asked.stage} and ${besides} have other labels, so they cannot share texts.`);
  return { plan, isNamed: true, text: dataset?.mapping.text };
}

function withThreshold(answering: Answering, threshold: number | null): Answering {
  if (threshold === null) return answering;
  const own = (of: AskedVersion | null) => of && withThresholdOf(of, threshold);
  const { asked, fallback, policy } = answering.plan;
  return { ...answering, plan: { asked: own(asked), fallback: own(fallback), policy } };
}

/** @throws StudioError `bad-input` where words cannot be weighed */
function checkExplicable({ plan, isNamed, arm }: Answering): void {
  const { prompt } = firstOf(plan);
  const why =
    prompt.task.kind === 'generate'
      ? 'this prompt generates texts, and only a label can be explained'
      : isNamed
        ? 'two versions may answer. Name an exported prompt without a policy'
        : drawsExamples(prompt) || prompt.voices.length > 1 || arm?.texts.length === 0
          ? 'it explains one prompt without examples or word counts'
          : null;
  if (why !== null) throw badInput(`--explain is not possible here: ${why}.`);
}

/** By how much each word speaks for the label that the prompt chooses. */
async function explained(host: Host, of: AskedVersion, fields: Fields, textColumn: string): Promise<object> {
  const version = { ...of, prompt: wholePrompt(of.prompt, null, textColumn) };
  const { against, prompts } = await weighWords(host, { versions: [version], fields }, SILENT);
  const [weighed] = prompts;
  return {
    against: labelsOf(version.prompt)[against] ?? '',
    words: weighed?.words.map(({ text, nats }) => [text, rounded(nats)]),
    missed: rounded(weighed?.missed ?? 0),
  };
}

const rounded = (value: number): number => Number(value.toFixed(6));

/** Prints a JSON line for each row, in the order of the file: rows that could not be read come between the others. */
function createPrinter({ rows, rejected }: Table, answering: Answering) {
  const { prompt } = firstOf(answering.plan);
  const review = prompt.threshold ? { needs_review: true } : {};
  const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const refuse = (reason: string) => say({ not_answered: reason, ...review });
  let next = 0;
  const unreadBefore = (end: number) => {
    for (let row = rejected[next]; row && row.line < end; row = rejected[++next])
      refuse(`line ${row.line}: ${row.reason}`);
  };
  return {
    /** @param more by row, what its line has besides */
    print: (
      { answers, leftOut }: Pick<BatchEvent, 'answers' | 'leftOut'>,
      more: ReadonlyMap<number, object> = new Map(),
    ): void => {
      const lines = [
        ...answers.map((answer) => [answer.index, answer] as const),
        ...leftOut.map(([index, reason]) => [index, reason] as const),
      ];
      for (const [index, what] of lines.toSorted(([a], [b]) => a - b)) {
        unreadBefore(rows.at(index)?.line ?? 0);
        if (typeof what === 'string') refuse(what);
        else say({ ...said(what, answering), ...more.get(index) });
      }
    },
    end: () => unreadBefore(Number.POSITIVE_INFINITY),
  };
}

function said(answer: RoutedAnswer, { plan, isNamed }: Answering): object {
  const { by, fallbackReason } = answer;
  const { name, prompt } = present(plan[by], 'the version that answered');
  const who = isNamed && { version: name, ...(fallbackReason && { fallback: fallbackReason }) };
  if (answer.kind === 'generate') return { written: answer.text, ...who };
  const { threshold } = prompt;
  const labels = labelsOf(prompt);
  const { probabilities } = answer;
  const best = argmax(probabilities);
  return {
    label: labels[best] ?? '',
    ...(threshold && { needs_review: isUnsure(probabilities[best] ?? 0, threshold.value) }),
    ...who,
    probabilities: Object.fromEntries(labels.map((label, i) => [label, rounded(probabilities[i] ?? 0)])),
  };
}
