import { writeFile } from 'node:fs/promises';
import { textsRead } from '../dataset/account';
import { isUnsure } from '../dataset/csv-out';
import { TASK_FACTS } from '../dataset/task-facts';
import type { Table } from '../dataset/types';
import { readText, textKind } from '../interchange/incoming';
import { type Package, unpacked } from '../interchange/package';
import type { CompleteSet } from '../interchange/set-files';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { unwrap } from '../lib/result';
import { wordAnswers } from '../metrics/logistic';
import { countsOf, drawsExamples, labelsOf, type Prompt, textsOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import { alone, findVersions, firstOf, type Planned, withThreshold as withThresholdOf } from '../prompt-set/planned';
import { STANDARD_STAGES } from '../prompt-set/stages';
import type { StagePolicy, Version } from '../prompt-set/types';
import { STAGE_POLICIES } from '../prompt-set/version-schemas';
import { newVersion, versionWords } from '../prompt-set/versions';
import { answerFrom, answerWords } from '../route/answering';
import { type RoutedAnswer, type Share, sureness } from '../route/policy';
import type { Fields } from '../task/template';
import { type BatchEvent, type BatchProgress, batch, batchFile } from '../workflow/batch';
import { type Host, SILENT } from '../workflow/host';
import { weighWords } from '../workflow/play';
import { keepRows } from '../workflow/rows-file';
import { exportedFiles, openTable, readLibrary, readPrompt } from './data';
import { type Log, openHost, type PromptWeights } from './node-host';
import {
  FIX,
  flag,
  modelOf,
  oneOf,
  PROMPT_COLUMNS,
  PROMPT_MODEL,
  probability,
  share,
  text,
  UsageError,
  type Values,
} from './options';
import { command } from './program';

interface Answering {
  readonly plan: Planned;
  /** Each line says who answered: several may, or a stage says who does. */
  readonly isNamed: boolean;
  /** The column of the texts that it was made with; left out: it does not say. */
  readonly text?: string | undefined;
  /** That the package was made with; left out: it is none, or no model is needed. */
  readonly model?: NonNullable<Package['model']>;
}

const STAGE = {
  handle: text('H', 'a prompt set of a library, by its handle'),
  stage: text('S', 'its stage; the version that it points to answers'),
  policy: oneOf(STAGE_POLICIES, 'who answers in its place (default: as the set has it, else as-asked)'),
  share: share('per cent', 'of the texts that it answers; production, or else your prompt, answers the others'),
  id: text('COL', 'with --share, this column decides who answers (default: the text)'),
  threshold: probability('mark less probable answers as needs_review (default: the prompt’s own; 0 takes all)'),
  explain: flag('say how much each word speaks for the label'),
  out: text('FILE.csv', 'a CSV with the columns of the rows and the answers beside them, in place of lines'),
};
type Given = Values<typeof STAGE>;

/** Answers texts with an exported prompt, or by handle and stage, as JSON lines or beside the rows of a CSV. */
export const predict = command({
  summary: 'answer texts with an exported prompt, or by a stage of a prompt set',
  takes: { prompt: '<PROMPT>', data: '[IN.csv]' },
  options: { text: PROMPT_COLUMNS.text, ...STAGE, ...FIX, ...PROMPT_MODEL },
  notes: `PROMPT: an exported zip or its folder, a chat file or promptfoo configuration of the studio, or a library.
Without IN.csv standard input is read: a text a line, or JSON with a cell for each column that the prompt shows.
Prints a JSON line a text: {label, probabilities}, {labels, probabilities}, {written}, or {not_answered} with the reason.`,
  async run(given, log) {
    const answering = await readAnswering(given.prompt, given);
    const share = readShare(given, answering);
    if (given.out !== null && (given.explain || countsAlone(firstOf(answering.plan))))
      throw new UsageError('--out takes neither --explain nor a prompt of word counts alone.');
    if (given.explain) checkExplicable(answering);
    const column = given.text ?? answering.text ?? 'text';
    const model = await modelOf(given, weightsAsked(answering.plan), answering.model);
    const override = { oneColumn: true, ...(given.data === null && { textLines: column }) };
    const named = { text: column, ...(share?.id && { id: share.id }) };
    const table = await openTable(given.data, named, log, { ...given, override });
    if (countsAlone(firstOf(answering.plan)) && !answering.plan.fallback) {
      const printer = createPrinter(table, answering);
      printer.print(wordsEvent(firstOf(answering.plan).prompt, table, column));
      printer.end();
      return { account: textsRead(table, column) };
    }
    await using host = await openHost(model, log);
    if (answering.model) sayOtherWeights(answering.model, host, log);
    const { routed, account } = await answerRows(host, { ...given, answering, table, column, share });
    if (answering.isNamed) log.line(routed);
    return { account, ...(given.out !== null && { text: '', json: { file: given.out } }) };
  },
});

interface Rows extends Pick<Given, 'explain' | 'out'> {
  readonly answering: Answering;
  readonly table: Table;
  readonly column: string;
  readonly share: Share | undefined;
}

const ANSWERS_FILE = { format: 'csv', bom: false, neutralise: false, onlyReview: false } as const;

/** Answers the rows of a table, and writes what they are answered. */
async function answerRows(
  host: Host,
  { answering, table, column, share, explain, out }: Rows,
): Promise<Pick<BatchProgress, 'routed' | 'account'>> {
  const { plan } = answering;
  const printer = createPrinter(table, answering);
  const events: BatchEvent[] = [];
  let found: Pick<BatchProgress, 'routed' | 'account'> = { routed: '', account: textsRead(table, column) };
  keepRows(host, table);
  const emit = (event: BatchEvent) => {
    found = event.progress;
    if (explain) events.push(event);
    else if (out === null) printer.print(event);
  };
  await batch(host, { plan, text: column, from: 0, share }, { control: uninterrupted, emit });
  for (const event of events) {
    const words = new Map<number, object>();
    for (const { index } of event.answers) {
      const { cells } = present(table.rows.at(index), 'an answered row');
      words.set(index, await explained(host, firstOf(plan), { ...cells, text: cells[column] ?? '' }, column));
    }
    printer.print(event, words);
  }
  if (out === null) printer.end();
  else {
    const { answersWith } = TASK_FACTS[firstOf(plan).prompt.task.kind];
    const each = answersWith === 'labels' ? 'probability' : 'nothing';
    await writeFile(out, await (await batchFile(host, { ...ANSWERS_FILE, each })).file.text());
  }
  return found;
}

/** Of the vectors that may be asked. */
const weightsAsked = ({ asked, fallback, policy }: Planned): readonly PromptWeights[] =>
  (policy.kind === 'hand-written' && fallback ? [fallback] : [asked, fallback]).flatMap((of) => of?.model ?? []);

/** @throws UsageError where only one version answers */
function readShare({ id, share: of }: Given, { plan }: Answering): Share | undefined {
  if (of === null && id !== null) throw new UsageError('--id needs --share.');
  if (of === null) return undefined;
  const { kind } = plan.policy;
  if (kind === 'shadow' || kind === 'hand-written')
    throw new UsageError(`--share needs the policy as-asked or fallback, not ${kind}. Name one with --policy.`);
  if (!plan.asked || !plan.fallback)
    throw new UsageError('--share needs a second version for the other texts: name a set with --handle and --stage.');
  return { of, id };
}

const [PRODUCTION] = STANDARD_STAGES;

/** @throws UsageError, StudioError `bad-input` */
async function readAnswering(path: string, { handle, stage, policy, share, threshold }: Given): Promise<Answering> {
  if (handle === null && stage === null) {
    if (policy) throw new UsageError('--policy needs --handle and --stage.');
    return withThreshold(await readVersion(path), threshold);
  }
  if (handle === null || stage === null) throw new UsageError(`--${stage === null ? 'stage' : 'handle'} is missing.`);
  // a version that is rolled out answers beside the one in production
  const besides = share !== null && stage !== PRODUCTION ? PRODUCTION : null;
  return withThreshold(
    planOf(await readLibrary(path), { handle, stage }, policy && { kind: policy }, besides),
    threshold,
  );
}

/** The prompt of any export that holds a whole one. @throws StudioError `bad-input` with the reason when the files hold none */
async function readVersion(path: string): Promise<Answering> {
  const files = await exportedFiles(path);
  const [only] = files.size === 1 ? [...files.values()] : [];
  if (only && textKind(only)) {
    const asked = newVersion({ ...unwrap(await readText(only)), origin: { kind: 'written' } });
    return { plan: alone(asked), isNamed: false };
  }
  const of = await readPrompt(path);
  const { version, fallback, policy, model, columns } = of;
  const plan = {
    ...alone(unpacked(of, version), null, of.handle),
    fallback: fallback && unpacked(of, fallback),
    policy: policy ?? { kind: 'as-asked' as const },
  };
  return { plan, isNamed: policy !== null, text: columns?.text, ...(model && { model }) };
}

const haveSameLabels = (a: Version, b: Version): boolean =>
  contentKey(labelsOf(a.prompt)) === contentKey(labelsOf(b.prompt));

const countsAlone = ({ prompt }: Version): boolean => textsOf(prompt).length === 0;

/** Answers by words alone: no model is loaded. */
function wordsEvent(prompt: Prompt, table: Table, column: string): Pick<BatchEvent, 'answers' | 'leftOut'> {
  const texts = table.rows.map(({ cells }) => cells[column] ?? '');
  const isEmpty = (i: number) => (texts[i] ?? '').trim() === '';
  const counted = wordAnswers(present(countsOf(prompt), 'word counts'))(texts);
  return {
    answers: counted.flatMap((logProbs, index) => {
      const answer = answerFrom(prompt, logProbs, prompt.calibration?.meanLogProbs);
      return isEmpty(index) || !answer ? [] : [{ ...answer, index, tokens: 0, by: 'asked' as const }];
    }),
    leftOut: texts.flatMap((_, i) => (isEmpty(i) ? [[i, 'it has no text', 'text'] as const] : [])),
  };
}

/** A text answers with any model; its figures are of the one that it was exported with. */
function sayOtherWeights(model: NonNullable<Answering['model']>, { engine: { info } }: Host, log: Log): void {
  if (model.sha256 !== info.sha256)
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
  const second = besides ? findVersions(sets, { ...asked, stage: besides }, 'as-asked').asked : found.fallback;
  const plan = { handle: asked.handle, dataset, asked: found.asked, fallback: second, policy };
  if (besides && plan.asked && plan.fallback && !haveSameLabels(plan.asked, plan.fallback))
    throw badInput(`${asked.stage} and ${besides} have other labels, so they cannot share texts.`);
  return { plan, isNamed: true, text: dataset?.mapping.text };
}

function withThreshold(answering: Answering, threshold: number | null): Answering {
  if (threshold === null) return answering;
  const own = (of: Version | null) => of && withThresholdOf(of, threshold);
  const { plan } = answering;
  return { ...answering, plan: { ...plan, asked: own(plan.asked), fallback: own(plan.fallback) } };
}

/** @throws StudioError `bad-input` where words cannot be weighed */
function checkExplicable({ plan, isNamed }: Answering): void {
  const { prompt } = firstOf(plan);
  const why =
    prompt.task.kind !== 'classify'
      ? 'this prompt does not choose one label, and only such a choice can be explained'
      : isNamed
        ? 'two versions may answer. Name an exported prompt without a policy'
        : drawsExamples(prompt) || prompt.voices.length > 1 || textsOf(prompt).length === 0
          ? 'it explains one prompt without examples or word counts'
          : null;
  if (why !== null) throw badInput(`--explain is not possible here: ${why}.`);
}

/** By how much each word speaks for the label that the prompt chooses. */
async function explained(host: Host, of: Version, fields: Fields, textColumn: string): Promise<object> {
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
  const version = present(plan[by], 'the version that answered');
  const { prompt } = version;
  const who = isNamed && { version: versionWords(version), ...(fallbackReason && { fallback: fallbackReason }) };
  const { threshold } = prompt;
  const labels = labelsOf(prompt);
  const answered = { [TASK_FACTS[answer.kind].field]: answerWords(answer, labels) };
  if (!('probabilities' in answer)) return { ...answered, ...who };
  const { probabilities } = answer;
  return {
    ...answered,
    ...(threshold && { needs_review: isUnsure(sureness(answer), threshold.value) }),
    ...who,
    probabilities: Object.fromEntries(probabilities.map((p, i) => [labels[i], rounded(p)])),
  };
}
