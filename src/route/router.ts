/**
 * From a handle and a stage to an answer, for programs that use the prompts. One loaded model answers for all sets, because
 * a prompt is only text and vectors sent with each request: switching prompts loads nothing.
 */

import { isUnsure } from '../dataset/csv-out';
import type { Dataset, TaskKind } from '../dataset/types';
import { present } from '../lib/assert';
import { type Control, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import { kindOf } from '../prompt-set/prompt-set';
import {
  type AnsweringVersion,
  type Asked,
  answeringVersion,
  type Found,
  findVersions,
  type ReadyPrompt,
} from '../prompt-set/ready-prompt';
import type { PromptSet } from '../prompt-set/types';
import { versionWords } from '../prompt-set/versions';
import { type Fields, otherColumns, TEXT_SLOT } from '../task/template';
import { type AnsweringHost, type RowSource, tableSource } from './answering';
import {
  AS_ASKED,
  type Candidate,
  createCounts,
  type FallbackReason,
  openRoute,
  type Policy,
  type RouteCounts,
  type RoutedAnswer,
} from './policy';

/** A prompt of a comparison that is no version, as its `prompt.json` has it: several texts or vectors, or counted words. */
interface TakenPrompt {
  readonly handle: string;
  readonly name: string;
  readonly version: AnsweringVersion;
}

/** As for versions, or a taken prompt by its name. */
type AskedPrompt = Asked | { readonly handle: string; readonly prompt: string };

export interface RouterOptions {
  readonly sets: readonly PromptSet[];
  readonly prompts?: readonly TakenPrompt[];
  readonly host: AnsweringHost;
  readonly policy?: Policy;
  /** The rows of a set, for prompts that show examples; left out: those cannot answer. */
  readonly rowsOf?: (set: PromptSet) => Dataset | null;
  /** Whether the check rows of a version come out as they should with the model that is loaded. */
  readonly checks?: (ready: ReadyPrompt) => Promise<boolean>;
}

type Shown = { readonly label: string; readonly probabilities: readonly number[] } | { readonly text: string };

interface Answer {
  /** "tuned 3". */
  readonly version: string;
  readonly route: RouteKind | 'ensemble' | 'combined';
  readonly fallbackReason?: FallbackReason;
  /** What the other version says, under the policy `shadow`; `failed` where it says nothing. */
  readonly shadow?: Shown | { readonly failed: string };
  /** That the model read for it. */
  readonly tokens: number;
  /** Of the whole call. */
  readonly latencyMs: number;
}

interface LabelAnswer extends Answer {
  readonly label: string;
  /** In the order of `labels`. */
  readonly probabilities: readonly number[];
  readonly labels: readonly string[];
  /** It is less sure than the threshold of the version that answered: ask a person. */
  readonly needsReview: boolean;
}

interface TextAnswer extends Answer {
  readonly text: string;
  readonly probabilities: null;
}

type RouteKind = 'hand-written' | 'tuned' | 'hybrid';

/** What would answer, without asking the model. */
interface Explanation {
  readonly policy: Policy['kind'];
  /** Null = it does not exist; `missing` says why. */
  readonly version: string | null;
  readonly missing: string | null;
  readonly route: RouteKind | null;
  readonly fallback: string | null;
  /** The row as the model reads it, without the vectors; null where it cannot be answered. */
  readonly prompt: string | null;
  readonly tokens: number;
  readonly virtualTokens: number;
  readonly calibrated: boolean;
  readonly threshold: number | null;
  /** Its vectors work with the weights that are loaded; true without vectors. */
  readonly fitsModel: boolean;
}

export const routeKind = ({ of: { kind, version } }: ReadyPrompt): RouteKind =>
  kind === 'hard' ? 'hand-written' : version.handVersion ? 'hybrid' : 'tuned';

/** One row that is in no table. Columns that it lacks are empty. @param textColumn what the prompt may call the text */
function rowSource(host: AnsweringHost, version: AnsweringVersion, fields: Fields, textColumn: string): RowSource {
  const cells = { ...fields, [textColumn]: Object.hasOwn(fields, TEXT_SLOT) ? (fields[TEXT_SLOT] ?? '') : '' };
  const columns = [...new Set([...Object.keys(cells), ...otherColumns(version.prompt.template, textColumn)])];
  const table = { columns, rows: [{ id: '0', line: 1, cells }] };
  return tableSource(host, version, table, { text: textColumn, label: null });
}

const asFields = (row: string | Fields): Fields => (typeof row === 'string' ? { [TEXT_SLOT]: row } : row);

/** A router at work: what it was made with, and all that it remembers. */
interface Working extends Required<Pick<RouterOptions, 'sets' | 'prompts' | 'host' | 'policy' | 'rowsOf'>> {
  readonly counts: ReturnType<typeof createCounts>;
  /** Nothing where check rows are not to be replayed. */
  readonly checksOf: (ready: ReadyPrompt) => Pick<Candidate, 'checks'>;
}

/** Each version's check rows are replayed once. */
function rememberedChecks(checks: RouterOptions['checks']): Working['checksOf'] {
  const known = new Map<string, Promise<boolean>>();
  return (ready) => {
    if (!checks) return {};
    const { id } = ready.of.version;
    return {
      checks: () => {
        const found = known.get(id) ?? checks(ready);
        known.set(id, found);
        return found;
      },
    };
  };
}

function candidate({ host, rowsOf, checksOf }: Working, ready: ReadyPrompt, fields: Fields): Candidate {
  const dataset = rowsOf(ready.set);
  const version = answeringVersion(ready, dataset);
  const rows = rowSource(host, version, fields, dataset?.mapping.text ?? TEXT_SLOT);
  return { version, rows, ...checksOf(ready) };
}

/** @throws StudioError `bad-input` where a set that chooses labels is to generate a text, or the other way round */
function checkKind({ set }: Found, kind: TaskKind): void {
  if (kindOf(set) === kind) return;
  throw new StudioError(
    'bad-input',
    kind === 'classify'
      ? `${set.handle} generates texts: ask it with generate.`
      : `${set.handle} chooses labels: ask it with classify.`,
  );
}

/** Who answered, and what its answers mean. */
type By = Pick<Answer, 'version' | 'route'> & Pick<ReadyPrompt, 'words' | 'threshold'>;

const byVersion = (ready: ReadyPrompt): By => ({
  ...{ version: versionWords(ready.of), route: routeKind(ready) },
  ...{ words: ready.words, threshold: ready.threshold },
});

/** A taken prompt answers for itself, whatever the policy. @throws StudioError `bad-input` where there is none of this name */
function takenPlan({ prompts, host }: Working, { handle, prompt }: Exclude<AskedPrompt, Asked>, fields: Fields) {
  const found = prompts.find((each) => each.handle === handle && each.name === prompt);
  if (!found)
    throw new StudioError('bad-input', `There is no prompt “${prompt}” of ${handle}. Read its prompt.json first.`);
  const { version, name } = found;
  const { task, words, together } = version;
  const by: By = {
    ...{ version: name, words, threshold: task.kind === 'classify' ? (task.threshold ?? null) : null },
    route: together?.words ? 'combined' : together?.softs.length ? 'ensemble' : version.soft ? 'tuned' : 'hand-written',
  };
  const candidate = { version, rows: rowSource(host, version, fields, TEXT_SLOT) };
  return { plan: { asked: candidate, fallback: null, policy: AS_ASKED }, by: () => by };
}

function versionPlan(working: Working, kind: TaskKind, asked: Asked, fields: Fields) {
  const { sets, policy } = working;
  const found = findVersions(sets, asked, policy.kind);
  checkKind(found, kind);
  const plan = {
    asked: found.asked && candidate(working, found.asked, fields),
    fallback: found.fallback && candidate(working, found.fallback, fields),
    policy: policy.kind === 'hand-written' && !found.fallback ? AS_ASKED : policy,
  };
  const by = (who: RoutedAnswer['by']) =>
    byVersion(present(who === 'asked' ? found.asked : found.fallback, 'the version that answered'));
  return { plan, by };
}

async function routed(working: Working, kind: TaskKind, asked: AskedPrompt, row: string | Fields, control: Control) {
  const { host, counts } = working;
  const begin = performance.now();
  const fields = asFields(row);
  const { plan, by } =
    'prompt' in asked ? takenPlan(working, asked, fields) : versionPlan(working, kind, asked, fields);
  const { answers, leftOut } = await openRoute(host, plan).answer(0, 1, control);
  const [answer] = answers;
  if (!answer)
    throw new StudioError('bad-input', `This row cannot be answered: ${leftOut[0]?.[1] ?? 'the model says nothing'}.`);
  counts.add(answers);
  return { answer, by: by(answer.by), latencyMs: performance.now() - begin };
}

async function explained(working: Working, asked: Asked, row: string | Fields): Promise<Explanation> {
  const { sets, host, policy } = working;
  const { asked: own, fallback, missing } = findVersions(sets, asked, policy.kind);
  const first = policy.kind === 'hand-written' ? (fallback ?? own) : (own ?? fallback);
  const ready = present(first, 'a version that answers');
  const { rows } = await candidate(working, ready, asFields(row)).rows.rowsAt(0, 1);
  const ids = rows[0]?.ids;
  const { threshold, meanLogProbs, soft, modelSha256 } = ready;
  return {
    policy: policy.kind,
    version: own && versionWords(own.of),
    missing,
    route: own && routeKind(own),
    fallback: fallback && versionWords(fallback.of),
    prompt: ids ? host.tokens.tokenizer.decode(ids) : null,
    tokens: (ids?.length ?? 0) + (soft?.virtualTokens ?? 0),
    virtualTokens: soft?.virtualTokens ?? 0,
    calibrated: meanLogProbs !== null,
    threshold,
    fitsModel: modelSha256 === null || modelSha256 === host.engine.info.sha256,
  };
}

/** Answers one row by what a handle and a stage, or a version, refer to. */
export interface Router {
  /** @throws StudioError `bad-input` where nothing can answer; as the engine; `cancelled` */
  readonly classify: (asked: AskedPrompt, row: string | Fields, control?: Control) => Promise<LabelAnswer>;
  /** @throws as `classify` */
  readonly generate: (asked: AskedPrompt, row: string | Fields, control?: Control) => Promise<TextAnswer>;
  /** @throws StudioError `bad-input` where nothing can answer */
  readonly explain: (asked: Asked, row: string | Fields) => Promise<Explanation>;
  /** Of all calls so far. */
  readonly counts: () => RouteCounts;
}

/**
 * Calls may overlap where the host queues them. A row is a text, or its cells by column with the text as `text`. The router
 * keeps its counts and which check rows it has replayed; sessions and caches are the engine's.
 */
export function createRouter(options: RouterOptions): Router {
  const { sets, prompts = [], host, policy = AS_ASKED, rowsOf = () => null, checks } = options;
  const counts = createCounts();
  const working: Working = { sets, prompts, host, policy, rowsOf, counts, checksOf: rememberedChecks(checks) };
  return {
    classify: async (asked, row, control = uninterrupted) => {
      const { answer, by, latencyMs } = await routed(working, 'classify', asked, row, control);
      const { label, probabilities } = labelOf(answer, by);
      const labels = by.words.map((word) => word.label);
      const needsReview = isUnsure(Math.max(...probabilities), by.threshold);
      return { label, probabilities, labels, needsReview, ...facts(answer, by, latencyMs) };
    },
    generate: async (asked, row, control = uninterrupted) => {
      const { answer, by, latencyMs } = await routed(working, 'generate', asked, row, control);
      const text = answer.kind === 'generate' ? answer.text : '';
      return { text, probabilities: null, ...facts(answer, by, latencyMs) };
    },
    explain: (asked, row) => explained(working, asked, row),
    counts: () => counts.read(),
  };
}

function labelOf(answer: Pick<RoutedAnswer, 'kind'>, { words }: Pick<By, 'words'>) {
  const probabilities = (answer as { readonly probabilities?: readonly number[] }).probabilities ?? [];
  return { label: words[argmax(probabilities)]?.label ?? '', probabilities };
}

function facts(answer: RoutedAnswer, by: By, latencyMs: number): Answer {
  const { fallbackReason, shadow, tokens } = answer;
  const { version, route } = by;
  return {
    ...{ version, route },
    ...(fallbackReason && { fallbackReason }),
    ...(shadow && { shadow: shadowOf(shadow, by) }),
    tokens,
    latencyMs,
  };
}

function shadowOf(shadow: NonNullable<RoutedAnswer['shadow']>, by: By): NonNullable<Answer['shadow']> {
  if (shadow.kind === 'failed') return { failed: shadow.message };
  return shadow.kind === 'classify' ? labelOf(shadow, by) : { text: shadow.text };
}
