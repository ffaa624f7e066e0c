/** One loaded model answers for all sets: switching prompts loads nothing. */

import { isUnsure } from '../dataset/csv-out';
import { TASK_FACTS } from '../dataset/task-facts';
import type { Dataset, TaskKind } from '../dataset/types';
import { present } from '../lib/assert';
import { type Control, uninterrupted } from '../lib/control';
import { badInput, type StudioError } from '../lib/errors';
import { likelyTags } from '../metrics/tags';
import { labelsOf, softOf } from '../prompt/prompt';
import { tokensAdded } from '../prompt/soft-prompt';
import { firstOf, type Planned } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { routeOf, versionWords } from '../prompt-set/versions';
import { type Fields, TEXT_SLOT } from '../task/template';
import {
  type AnsweringHost,
  answerWords,
  fieldsSource,
  type LeftOut,
  ofKind,
  type RowAnswer,
  type RowSource,
} from './answering';
import {
  createCounts,
  type FallbackReason,
  openRoute,
  type Policy,
  type Route,
  type RouteCounts,
  type RoutedAnswer,
  type Share,
} from './policy';

export interface RouterOptions {
  readonly host: AnsweringHost;
  /** Of the texts for the version in question; undefined: all. */
  readonly share?: Share | undefined;
  /** Whether the check rows of a version come out as they should with the model that is loaded. Asked once for each version. */
  readonly checks?: ((of: Version) => Promise<boolean>) | undefined;
}

type Shown = { readonly label: string; readonly probabilities: readonly number[] } | { readonly text: string };

export interface Answer {
  /** "tuned 3". */
  readonly version: string;
  readonly route: ReturnType<typeof routeOf>;
  readonly fallbackReason?: FallbackReason;
  /** Under the policy `shadow`. */
  readonly shadow?: Shown | { readonly failed: string };
  /** Read by the model. */
  readonly tokens: number;
  /** Of the whole call. */
  readonly latencyMs: number;
  /** Null where the engine knew the answer. */
  readonly modelMs: number | null;
}

interface LabelAnswer extends Answer {
  readonly label: string;
  /** In the order of `labels`. */
  readonly probabilities: readonly number[];
  readonly labels: readonly string[];
  /** Less sure than the threshold of the version that answered: ask a person. */
  readonly needsReview: boolean;
}

interface TagAnswer extends Answer {
  readonly tags: readonly string[];
  /** Of each label by itself, in the order of `labels`. */
  readonly probabilities: readonly number[];
  readonly labels: readonly string[];
}

interface TextAnswer extends Answer {
  readonly text: string;
  readonly probabilities: null;
}

/** Without asking the model. */
interface Explanation {
  /** As the model reads it, without the vectors; null where the row cannot be answered. */
  readonly prompt: string | null;
  /** With the vectors. */
  readonly tokens: number;
}

type Plan = Planned<Version, Policy>;

const asFields = (row: string | Fields): Fields => (typeof row === 'string' ? { [TEXT_SLOT]: row } : row);

function rememberedChecks(checks: NonNullable<RouterOptions['checks']>): typeof checks {
  const known = new WeakMap<Version, Promise<boolean>>();
  return (of) => {
    const found = known.get(of) ?? checks(of);
    known.set(of, found);
    return found;
  };
}

/** @throws StudioError `bad-input` where a set that chooses labels is to generate a text, or the other way round */
function checkKind(plan: Plan, kind: TaskKind): void {
  const own = firstOf(plan).prompt.task.kind;
  if (own !== kind) throw badInput(`${plan.handle} ${TASK_FACTS[own].does}: ask it with ${own}.`);
}

const only = <T>(answers: readonly T[]): T => present(answers[0], 'answer');

const thresholdOf = ({ prompt }: Version): number | null => prompt.threshold?.value ?? null;

async function explained({ host }: RouterOptions, { prompt }: Version, rows: RowSource): Promise<Explanation> {
  const [row] = (await rows.rowsAt(0, 1)).rows;
  return {
    prompt: row ? host.tokens.tokenizer.decode(row.ids) : null,
    tokens: (row?.ids.length ?? 0) + tokensAdded(softOf(prompt)),
  };
}

/** Rows as a version's prompt shows them. @param dataset the rows of its prompt set */
type RowsOf = (version: Version, dataset: Dataset | null) => RowSource;

export interface Router {
  /** @throws StudioError `bad-input` where nothing can answer; as the engine; `cancelled` */
  readonly classify: (plan: Plan, row: string | Fields, control?: Control) => Promise<LabelAnswer>;
  /** In the order of the rows, which the engine runs together; `latencyMs` is of all. @throws as `classify`, where one cannot be answered */
  readonly classifyAll: (
    plan: Plan,
    rows: readonly (string | Fields)[],
    control?: Control,
  ) => Promise<readonly LabelAnswer[]>;
  /** @throws as `classifyAll` */
  readonly tagAll: (plan: Plan, rows: readonly (string | Fields)[], control?: Control) => Promise<readonly TagAnswer[]>;
  /** @throws as `classifyAll` */
  readonly generateAll: (
    plan: Plan,
    rows: readonly (string | Fields)[],
    control?: Control,
  ) => Promise<readonly TextAnswer[]>;
  /** @throws as `classify` */
  readonly tag: (plan: Plan, row: string | Fields, control?: Control) => Promise<TagAnswer>;
  /** @throws as `classify` */
  readonly generate: (plan: Plan, row: string | Fields, control?: Control) => Promise<TextAnswer>;
  /** Many rows, in pieces: the engine runs those of a piece together. @throws StudioError `bad-input` */
  readonly rows: (plan: Plan, rowsOf: RowsOf) => Route;
  readonly explain: (plan: Plan, row: string | Fields) => Promise<Explanation>;
  readonly counts: () => RouteCounts;
}

function unanswered([first]: LeftOut, asked: number): StudioError {
  const [place, why] = first ?? [0, 'the model says nothing'];
  return badInput(`${asked > 1 ? `Text ${place + 1}` : 'This text'} cannot be answered: ${why}.`);
}

interface Answered<K extends TaskKind> {
  readonly answer: RowAnswer<K>;
  readonly by: Version;
  readonly facts: Answer;
}

function labelled({ answer, by, facts }: Answered<'classify'>): LabelAnswer {
  const { probabilities } = answer;
  const labels = labelsOf(by.prompt);
  const needsReview = isUnsure(Math.max(...probabilities), thresholdOf(by));
  return { label: answerWords(answer, labels), probabilities, labels, needsReview, ...facts };
}

function tagged({ answer: { probabilities }, by, facts }: Answered<'tag'>): TagAnswer {
  const labels = labelsOf(by.prompt).slice(0, -1);
  return { tags: likelyTags(probabilities).map((place) => labels[place] ?? ''), probabilities, labels, ...facts };
}

const generated = ({ answer, facts }: Answered<'generate'>): TextAnswer => ({
  text: answer.text,
  probabilities: null,
  ...facts,
});

/** Calls may overlap where the host queues them. Columns that a row lacks are empty. */
export function createRouter(options: RouterOptions): Router {
  const { host } = options;
  const counts = createCounts();
  const checks = options.checks && rememberedChecks(options.checks);
  const rows = (plan: Plan, rowsOf: RowsOf): Route => {
    const candidate = (of: Version) => ({
      version: of,
      rows: rowsOf(of, plan.dataset),
      ...(checks && { checks: () => checks(of) }),
    });
    const { asked, fallback } = plan;
    const open = { asked: asked && candidate(asked), fallback: fallback && candidate(fallback) };
    const route = openRoute(host, { ...plan, ...open, share: options.share });
    const answer: Route['answer'] = async (from, count, control) => {
      const found = await route.answer(from, count, control);
      counts.add(found.answers);
      return found;
    };
    return { ...route, answer };
  };
  const each = async <K extends TaskKind>(
    kind: K,
    plan: Plan,
    asked: readonly (string | Fields)[],
    control: Control,
  ) => {
    const begin = performance.now();
    checkKind(plan, kind);
    const route = rows(plan, (version, dataset) => fieldsSource(host, version, asked.map(asFields), dataset));
    const { answers, leftOut, ms } = await route.answer(0, asked.length, control);
    if (answers.length < asked.length) throw unanswered(leftOut, asked.length);
    const latencyMs = performance.now() - begin;
    return answers
      .toSorted((a, b) => a.index - b.index)
      .map((answer) => {
        const by = present(plan[answer.by], 'the version that answered');
        return { answer: ofKind(kind, answer), by, facts: factsOf(answer, by, { modelMs: ms, latencyMs }) };
      });
  };
  const classifyAll: Router['classifyAll'] = async (plan, asked, control = uninterrupted) =>
    (await each('classify', plan, asked, control)).map(labelled);
  const tagAll: Router['tagAll'] = async (plan, asked, control = uninterrupted) =>
    (await each('tag', plan, asked, control)).map(tagged);
  const generateAll: Router['generateAll'] = async (plan, asked, control = uninterrupted) =>
    (await each('generate', plan, asked, control)).map(generated);
  return {
    classifyAll,
    tagAll,
    generateAll,
    classify: async (plan, row, control) => only(await classifyAll(plan, [row], control)),
    tag: async (plan, row, control) => only(await tagAll(plan, [row], control)),
    generate: async (plan, row, control) => only(await generateAll(plan, [row], control)),
    rows,
    explain: (plan, row) => {
      const version = firstOf(plan);
      return explained(options, version, fieldsSource(host, version, [asFields(row)], plan.dataset));
    },
    counts: () => counts.read(),
  };
}

function factsOf(answer: RoutedAnswer, by: Version, took: Pick<Answer, 'latencyMs' | 'modelMs'>): Answer {
  const { fallbackReason, shadow, tokens } = answer;
  return {
    version: versionWords(by),
    route: routeOf(by),
    tokens,
    ...took,
    ...(fallbackReason && { fallbackReason }),
    ...(shadow && { shadow: shadowOf(shadow, by) }),
  };
}

function shadowOf(shadow: NonNullable<RoutedAnswer['shadow']>, { prompt }: Version): NonNullable<Answer['shadow']> {
  if (shadow.kind === 'failed') return { failed: shadow.message };
  if ('text' in shadow) return { text: shadow.text };
  return { label: answerWords(shadow, labelsOf(prompt)), probabilities: shadow.probabilities };
}
