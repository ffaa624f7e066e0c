/** One loaded model answers for all sets: switching prompts loads nothing. */

import { isUnsure } from '../dataset/csv-out';
import { TASK_FACTS } from '../dataset/task-facts';
import type { Dataset, TaskKind } from '../dataset/types';
import { present } from '../lib/assert';
import { type Control, uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { likelyTags } from '../metrics/tags';
import { labelsOf, softOf } from '../prompt/prompt';
import {
  type Asked,
  type AskedVersion,
  askedVersion,
  findVersions,
  firstOf,
  type Planned,
  type RouteKind,
} from '../prompt-set/ready-prompt';
import type { PromptSet } from '../prompt-set/types';
import { type Fields, TEXT_SLOT } from '../task/template';
import { type AnsweringHost, answerWords, fieldsSource, ofKind, type RowSource } from './answering';
import {
  AS_ASKED,
  createCounts,
  type FallbackReason,
  openRoute,
  type Policy,
  type Route,
  type RouteCounts,
  type RoutedAnswer,
  type Share,
} from './policy';

/** By handle, or versions that were found before. */
type AskedPrompt = Asked | Planned<AskedVersion, Policy>;

export interface RouterOptions {
  readonly host: AnsweringHost;
  readonly sets?: readonly PromptSet[];
  /** Of handles and versions. */
  readonly policy?: Policy;
  /** Of the texts for the version in question; undefined: all. */
  readonly share?: Share | undefined;
  /** For prompts that show examples, which cannot answer without. */
  readonly rowsOf?: (set: PromptSet) => Dataset | null;
  /** What prompts may call the text; undefined: as the rows of their set do. */
  readonly textColumn?: string | undefined;
  /** Whether the check rows of a version come out as they should with the model that is loaded. Asked once for each version. */
  readonly checks?: ((of: AskedVersion) => Promise<boolean>) | undefined;
}

type Shown = { readonly label: string; readonly probabilities: readonly number[] } | { readonly text: string };

export interface Answer {
  /** "tuned 3". */
  readonly version: string;
  readonly route: RouteKind;
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
  readonly policy: Policy['kind'];
  /** Null = no such version. */
  readonly version: string | null;
  readonly route: RouteKind | null;
  readonly fallback: string | null;
  /** As the model reads it, without the vectors; null where the row cannot be answered. */
  readonly prompt: string | null;
  readonly tokens: number;
  readonly virtualTokens: number;
  readonly calibrated: boolean;
  readonly threshold: number | null;
  /** True without vectors. */
  readonly fitsModel: boolean;
}

type Plan = Planned<AskedVersion, Policy>;

const asFields = (row: string | Fields): Fields => (typeof row === 'string' ? { [TEXT_SLOT]: row } : row);

/** @throws StudioError `bad-input` where nothing can answer */
function planOf({ sets = [], policy = AS_ASKED, rowsOf = () => null }: RouterOptions, asked: AskedPrompt): Plan {
  if ('policy' in asked) return asked;
  const { set, ...found } = findVersions(sets, asked, policy.kind);
  const open = (of: typeof found.asked) => of && askedVersion(set, of, rowsOf(set));
  return { asked: open(found.asked), fallback: open(found.fallback), policy };
}

function rememberedChecks(checks: NonNullable<RouterOptions['checks']>): typeof checks {
  const known = new Map<string, Promise<boolean>>();
  return (of) => {
    const key = JSON.stringify([of.handle, of.name]);
    const found = known.get(key) ?? checks(of);
    known.set(key, found);
    return found;
  };
}

/** @throws StudioError `bad-input` where a set that chooses labels is to generate a text, or the other way round */
function checkKind({ handle, prompt }: AskedVersion, kind: TaskKind): void {
  const own = prompt.task.kind;
  if (own !== kind) throw badInput(`${handle} ${TASK_FACTS[own].does}: ask it with ${own}.`);
}

const thresholdOf = ({ prompt }: AskedVersion): number | null => prompt.threshold?.value ?? null;

function explained({ host }: RouterOptions, plan: Plan, rows: RowSource): Promise<Explanation> {
  const { asked, fallback, policy } = plan;
  const version = policy.kind === 'hand-written' && fallback ? fallback : firstOf(plan);
  const { prompt, model } = version;
  const soft = softOf(prompt);
  return rows.rowsAt(0, 1).then(({ rows: [row] }) => ({
    policy: policy.kind,
    version: asked?.name ?? null,
    route: asked?.route ?? null,
    fallback: fallback?.name ?? null,
    prompt: row ? host.tokens.tokenizer.decode(row.ids) : null,
    tokens: (row?.ids.length ?? 0) + (soft?.virtualTokens ?? 0),
    virtualTokens: soft?.virtualTokens ?? 0,
    calibrated: prompt.calibration !== null,
    threshold: thresholdOf(version),
    fitsModel: model === null || model.sha256 === host.engine.info.sha256,
  }));
}

export interface Router {
  /** @throws StudioError `bad-input` where nothing can answer; as the engine; `cancelled` */
  readonly classify: (asked: AskedPrompt, row: string | Fields, control?: Control) => Promise<LabelAnswer>;
  /** @throws as `classify` */
  readonly tag: (asked: AskedPrompt, row: string | Fields, control?: Control) => Promise<TagAnswer>;
  /** @throws as `classify` */
  readonly generate: (asked: AskedPrompt, row: string | Fields, control?: Control) => Promise<TextAnswer>;
  /** Many rows, in pieces: the engine runs those of a piece together. @throws StudioError `bad-input` */
  readonly rows: (asked: AskedPrompt, rowsOf: (version: AskedVersion) => RowSource) => Route;
  /** @throws StudioError `bad-input` where nothing can answer */
  readonly explain: (asked: AskedPrompt, row: string | Fields) => Promise<Explanation>;
  readonly counts: () => RouteCounts;
}

/** Calls may overlap where the host queues them. Columns that a row lacks are empty. */
export function createRouter(options: RouterOptions): Router {
  const { host, textColumn } = options;
  const counts = createCounts();
  const checks = options.checks && rememberedChecks(options.checks);
  const rows = (plan: Plan, rowsOf: (version: AskedVersion) => RowSource): Route => {
    const candidate = (of: AskedVersion) => ({
      version: of,
      rows: rowsOf(of),
      ...(checks && { checks: () => checks(of) }),
    });
    const { asked, fallback, policy } = plan;
    const { share } = options;
    const open = { asked: asked && candidate(asked), fallback: fallback && candidate(fallback), policy };
    const route = openRoute(host, share ? { ...open, share: { ...share, salt: firstOf(plan).handle } } : open);
    const answer: Route['answer'] = async (from, count, control) => {
      const found = await route.answer(from, count, control);
      counts.add(found.answers);
      return found;
    };
    return { ...route, answer };
  };
  const one = async <K extends TaskKind>(kind: K, asked: AskedPrompt, row: string | Fields, control: Control) => {
    const begin = performance.now();
    const plan = planOf(options, asked);
    checkKind(firstOf(plan), kind);
    const route = rows(plan, (version) => fieldsSource(host, version, [asFields(row)], textColumn));
    const { answers, leftOut, ms } = await route.answer(0, 1, control);
    const [answer] = answers;
    if (!answer) throw badInput(`This text cannot be answered: ${leftOut[0]?.[1] ?? 'the model says nothing'}.`);
    const by = present(plan[answer.by], 'the version that answered');
    const facts = factsOf(answer, by, { modelMs: ms, latencyMs: performance.now() - begin });
    return { answer: ofKind(kind, answer), by, facts };
  };
  return {
    classify: async (asked, row, control = uninterrupted) => {
      const { answer, by, facts } = await one('classify', asked, row, control);
      const { probabilities } = answer;
      const labels = labelsOf(by.prompt);
      const needsReview = isUnsure(Math.max(...probabilities), thresholdOf(by));
      return { label: answerWords(answer, labels), probabilities, labels, needsReview, ...facts };
    },
    tag: async (asked, row, control = uninterrupted) => {
      const { answer, by, facts } = await one('tag', asked, row, control);
      const { probabilities } = answer;
      const labels = labelsOf(by.prompt).slice(0, -1);
      return { tags: likelyTags(probabilities).map((place) => labels[place] ?? ''), probabilities, labels, ...facts };
    },
    generate: async (asked, row, control = uninterrupted) => {
      const { answer, facts } = await one('generate', asked, row, control);
      return { text: answer.text, probabilities: null, ...facts };
    },
    rows: (asked, rowsOf) => rows(planOf(options, asked), rowsOf),
    explain: async (asked, row) => {
      const plan = planOf(options, asked);
      return explained(options, plan, fieldsSource(host, firstOf(plan), [asFields(row)], textColumn));
    },
    counts: () => counts.read(),
  };
}

function factsOf(answer: RoutedAnswer, by: AskedVersion, took: Pick<Answer, 'latencyMs' | 'modelMs'>): Answer {
  const { fallbackReason, shadow, tokens } = answer;
  return {
    version: by.name,
    route: by.route,
    tokens,
    ...took,
    ...(fallbackReason && { fallbackReason }),
    ...(shadow && { shadow: shadowOf(shadow, by) }),
  };
}

function shadowOf(
  shadow: NonNullable<RoutedAnswer['shadow']>,
  { prompt }: AskedVersion,
): NonNullable<Answer['shadow']> {
  if (shadow.kind === 'failed') return { failed: shadow.message };
  if ('text' in shadow) return { text: shadow.text };
  return { label: answerWords(shadow, labelsOf(prompt)), probabilities: shadow.probabilities };
}
