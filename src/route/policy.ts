/** The version that was asked for, another where it fails or is unsure, and both where one is on trial. */
import { isUnsure } from '../dataset/csv-out';
import type { Dataset } from '../dataset/types';
import { type Control, childControl } from '../lib/control';
import { asStudioError, badInput, type StudioError, sessionFailed } from '../lib/errors';
import { counted } from '../lib/format';
import { placeOf } from '../lib/rng';
import { sureOf } from '../prompt/said';
import { firstOf, type Planned } from '../prompt-set/planned';
import type { StagePolicy, Version } from '../prompt-set/types';
import {
  type Answerer,
  type AnsweringHost,
  answerWords,
  type LeftOut,
  openVersion,
  otherWeights,
  type RowAnswer,
  type RowSource,
} from './answering';

/** In place of the version that was asked for. */
export const FALLBACK_REASONS = {
  unsure: 'its answer was less probable than the threshold',
  'time-out': 'it took too long',
  'check-rows': 'its check rows came out differently on this machine',
  missing: 'there is no such version',
  'other-model': 'its vectors belong to other weights than are loaded',
  'engine-error': 'the model could not run it',
  share: 'the text is outside the share',
} as const;
export type FallbackReason = keyof typeof FALLBACK_REASONS;

/** `as-asked`: that version alone, and its failures are thrown. */
export type Policy =
  | { readonly kind: 'as-asked' }
  | {
      readonly kind: 'fallback';
      /** Undefined: the version's own; 0 takes every answer. */
      readonly threshold?: number;
      /** For each row of a call. The engine ends the run that it is in, so a fallback on the same engine comes after it. */
      readonly rowTimeoutMs?: number | undefined;
    }
  /** Both versions answer, and the answers of one count; undefined: of the fallback. */
  | { readonly kind: 'shadow'; readonly counts?: 'asked' | 'fallback' }
  /** Without a fallback the version that was asked for. */
  | { readonly kind: 'hand-written' };

export const AS_ASKED: Policy = { kind: 'as-asked' };

/** Of a drop-in: as the page asks, else the policy of the stage, else the fallback where the prompt fails. */
export function policyFor(
  kept: StagePolicy | null,
  {
    fallback,
    timeoutMs,
  }: { readonly fallback?: 'errors' | 'unsure' | 'none' | undefined; readonly timeoutMs?: number | undefined },
): Policy {
  const late = timeoutMs === undefined ? {} : { rowTimeoutMs: timeoutMs };
  if (fallback === undefined && kept) return kept.kind === 'fallback' ? { ...kept, kind: kept.kind, ...late } : kept;
  if (fallback === 'none') return AS_ASKED;
  // an unsure answer is a person's to check, unless the page says otherwise
  const least = fallback === 'unsure' ? {} : { threshold: 0 };
  return { kind: 'fallback', ...least, ...late };
}

/** Rows as the version's prompt shows them. */
export interface Candidate {
  readonly version: Version;
  readonly rows: RowSource;
  /** Check rows come out as they should; asked once, by the policy `fallback`. */
  readonly checks?: () => Promise<boolean>;
}

/** Texts that the version in question answers. */
export interface Share {
  /** From 0 to 1. */
  readonly of: number;
  /** A column; null = the text. A row stays on its side, and a larger share holds the smaller one. */
  readonly id: string | null;
}

export interface Plan extends Planned<Candidate, Policy> {
  readonly share?: Share | undefined;
}

/** Of the other version, where both answer. */
type Shadow = RowAnswer | { readonly kind: 'failed'; readonly message: string };

export type RoutedAnswer = RowAnswer & {
  readonly by: 'asked' | 'fallback';
  /** Undefined where the policy chose the version, or the one that was asked for answered. */
  readonly fallbackReason?: FallbackReason;
  readonly shadow?: Shadow;
};

export interface Routed {
  readonly answers: readonly RoutedAnswer[];
  readonly leftOut: LeftOut;
  /** In the model; null where the engine knew every answer. */
  readonly ms: number | null;
}

export interface RouteCounts {
  readonly answered: number;
  readonly fallbacks: Readonly<Record<FallbackReason, number>>;
  /** Rows that both versions answered, with the same label or text, and rows where the other one failed. */
  readonly shadow: { readonly both: number; readonly same: number; readonly failed: number };
}

/** Over all calls of a router. */
export function createCounts() {
  const fallbacks = Object.fromEntries(Object.keys(FALLBACK_REASONS).map((reason) => [reason, 0])) as Record<
    FallbackReason,
    number
  >;
  const shadow = { both: 0, same: 0, failed: 0 };
  let answered = 0;
  return {
    add: (answers: readonly RoutedAnswer[]) => {
      answered += answers.length;
      for (const { fallbackReason, shadow: other, ...answer } of answers) {
        if (fallbackReason) fallbacks[fallbackReason]++;
        if (other?.kind === 'failed') shadow.failed++;
        else if (other) {
          shadow.both++;
          if (saidBy(other) === saidBy(answer)) shadow.same++;
        }
      }
    },
    read: (): RouteCounts => ({ answered, fallbacks: { ...fallbacks }, shadow: { ...shadow } }),
  };
}

/** "200 texts answered, 12 by the fallback: 10 as its answer was less probable than the threshold, …". */
export function countWords({ answered, fallbacks, shadow }: RouteCounts): string {
  const reasons = Object.entries(fallbacks).filter(([, rows]) => rows > 0);
  const total = reasons.reduce((sum, [, rows]) => sum + rows, 0);
  const why = reasons.map(([reason, rows]) => `${rows} as ${FALLBACK_REASONS[reason as FallbackReason]}`);
  const fell = total === 0 ? 'none by the fallback' : `${total} by the fallback: ${why.join(', ')}`;
  const both = shadow.both + shadow.failed;
  const other = shadow.failed > 0 ? `; it failed on ${shadow.failed}` : '';
  return both > 0
    ? `${counted(answered, 'text')} answered; the other version said the same of ${shadow.same} of ${both}${other}`
    : `${counted(answered, 'text')} answered, ${fell}`;
}

/** By the places of labels. */
const saidBy = (answer: RowAnswer): string =>
  answerWords(answer, 'probabilities' in answer ? answer.probabilities.map((_, place) => String(place)) : []);

/** 1 for a generated text. */
export const sureness = (answer: RowAnswer): number => ('text' in answer ? 1 : sureOf(answer));

type Answered = Omit<Routed, 'answers'> & { readonly answers: readonly RowAnswer[] };
type Tried = Answered | { readonly reason: FallbackReason; readonly cause: StudioError };

export interface Route {
  readonly total: number;
  /** Of the version that was asked for, else of the fallback. */
  readonly version: Version;
  /** @throws StudioError as the engine, where nothing can answer in its place; `cancelled` */
  readonly answer: (from: number, count: number, control: Control) => Promise<Routed>;
}

const LATE = sessionFailed('The model took longer than the time limit.');
const DIFFERENT = sessionFailed('Its check rows came out differently on this machine.');
const MISSING = badInput('There is no version that could answer.');

type Answer<A = Answered> = (rows: Stretch, control: Control) => Promise<A>;

/** Rows by their places. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly only?: ReadonlySet<number>;
}

const placesIn = ({ from, count, only }: Stretch): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + i).filter((place) => !only || only.has(place));

/** Opened when it is first asked. */
function opened(host: AnsweringHost, { version, rows }: Candidate, dataset: Dataset | null): Answer {
  let answerer: Answerer | null = null;
  return async ({ from, count, only }, control) => {
    answerer ??= openVersion(host, version, dataset);
    const isAsked = (place: number) => !only || only.has(place);
    const { rows: all, leftOut } = await rows.rowsAt(from, count);
    const asked = all.filter(({ rowId }) => isAsked(Number(rowId)));
    const found = asked.length === 0 ? { answers: [], ms: null } : await answerer(asked, control);
    return { ...found, leftOut: leftOut.filter(([place]) => isAsked(place)) };
  };
}

interface Open {
  readonly asked: Answer | null;
  readonly fallback: Answer | null;
  /** Keeps the version that was asked for from answering, before it is tried. */
  readonly obstacle: () => Promise<Extract<Tried, { readonly reason: unknown }> | null>;
  /** Of the version that was asked for. */
  readonly threshold: number;
}

function openPlan(host: AnsweringHost, { asked, fallback, dataset, policy }: Plan): Open {
  let checked: Promise<boolean> | null = null;
  return {
    asked: asked && opened(host, asked, dataset),
    fallback: fallback && opened(host, fallback, dataset),
    threshold: asked?.version.prompt.threshold?.value ?? 0,
    obstacle: async () => {
      if (!asked) return { reason: 'missing', cause: MISSING };
      const other = otherWeights(host, asked.version);
      if (other) return { reason: 'other-model', cause: other };
      if (!asked.checks || policy.kind !== 'fallback') return null;
      checked ??= asked.checks();
      return (await checked) ? null : { reason: 'check-rows', cause: DIFFERENT };
    },
  };
}

/** Else ends with `LATE`; what runs is asked to stop. */
async function inTime<T>(
  work: (control: Control) => Promise<T>,
  timeoutMs: number | undefined,
  control: Control,
): Promise<T> {
  if (timeoutMs === undefined) return work(control);
  const own = childControl(control);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(LATE);
      own.ask('cancel');
    }, timeoutMs);
  });
  const working = work(own);
  working.catch(() => undefined); // it ends later, as cancelled
  return Promise.race([working, late]).finally(() => clearTimeout(timer));
}

/** @throws StudioError `cancelled` */
async function tried({ asked, obstacle }: Open, rows: Stretch, control: Control, timeoutMs?: number): Promise<Tried> {
  try {
    const found = await obstacle();
    if (found || !asked) return found ?? { reason: 'missing', cause: MISSING };
    return await inTime((own) => asked(rows, own), timeoutMs, control);
  } catch (thrown) {
    const cause = asStudioError(thrown);
    if (control.requested) throw cause;
    return { reason: cause === LATE ? 'time-out' : 'engine-error', cause };
  }
}

const NOTHING: Answered = { answers: [], leftOut: [], ms: null };

const together = (a: Answered, b: Answered): Answered => ({
  answers: [...a.answers, ...b.answers],
  leftOut: [...a.leftOut, ...b.leftOut],
  ms: a.ms === null && b.ms === null ? null : (a.ms ?? 0) + (b.ms ?? 0),
});

async function instead(
  fallback: Answer,
  { from, count }: Stretch,
  reasons: ReadonlyMap<number, FallbackReason>,
  control: Control,
): Promise<Routed> {
  if (reasons.size === 0) return { ...NOTHING, answers: [] };
  const found = await fallback({ from, count, only: new Set(reasons.keys()) }, control);
  const answers = found.answers.map((answer): RoutedAnswer => {
    const fallbackReason = reasons.get(answer.index);
    return { ...answer, by: 'fallback', ...(fallbackReason && { fallbackReason }) };
  });
  return { ...found, answers };
}

type How<K extends Policy['kind']> = Extract<Policy, { readonly kind: K }>;
type Router<K extends Policy['kind']> = (
  open: Open,
  policy: How<K>,
  rows: Stretch,
  control: Control,
) => Promise<Routed>;

async function alone(answer: Answer | null, by: RoutedAnswer['by'], rows: Stretch, control: Control): Promise<Routed> {
  if (!answer) throw MISSING;
  const found = await answer(rows, control);
  return { ...found, answers: found.answers.map((each) => ({ ...each, by })) };
}

const withFallback: Router<'fallback'> = async (open, policy, rows, control) => {
  const { threshold = open.threshold, rowTimeoutMs } = policy;
  const timeoutMs = rowTimeoutMs && rowTimeoutMs * placesIn(rows).length;
  const found = await tried(open, rows, control, timeoutMs);
  const { fallback } = open;
  if ('reason' in found) {
    if (!fallback) throw found.cause;
    return instead(fallback, rows, new Map(placesIn(rows).map((place) => [place, found.reason])), control);
  }
  const unsure = found.answers.flatMap((answer) =>
    isUnsure(sureness(answer), threshold) ? [[answer.index, 'unsure'] as const] : [],
  );
  const others = fallback ? await instead(fallback, rows, new Map(unsure), control) : { ...NOTHING, answers: [] };
  // a row that does not fit the fallback keeps its first answer
  const replaced = new Set(others.answers.map(({ index }) => index));
  const kept = found.answers.filter(({ index }) => !replaced.has(index));
  const answers = [...kept.map((answer) => ({ ...answer, by: 'asked' as const })), ...others.answers];
  return { ...together(found, others), answers, leftOut: found.leftOut };
};

/** One after the other, as they share an engine. */
const withShadow: Router<'shadow'> = async (open, { counts = 'fallback' }, rows, control) => {
  if (!open.fallback) return alone(open.asked, 'asked', rows, control);
  const asked = await tried(open, rows, control);
  if ('reason' in asked && counts === 'asked') throw asked.cause;
  const fallback = await open.fallback(rows, control);
  const [own, other] = counts === 'asked' ? [asked as Answered, fallback] : [fallback, asked];
  const failed = (index: number): Shadow => {
    const reason = 'reason' in other ? other.cause.message : other.leftOut.find(([at]) => at === index)?.[1];
    return { kind: 'failed', message: reason ?? 'It gave no answer.' };
  };
  const said = new Map('reason' in other ? [] : other.answers.map((answer) => [answer.index, answer]));
  const answers = own.answers.map(
    (answer): RoutedAnswer => ({ ...answer, by: counts, shadow: said.get(answer.index) ?? failed(answer.index) }),
  );
  return { answers, leftOut: own.leftOut, ms: together(own, 'reason' in other ? NOTHING : other).ms };
};

const ROUTERS: { readonly [K in Policy['kind']]: Router<K> } = {
  'as-asked': ({ asked }, _, rows, control) => alone(asked, 'asked', rows, control),
  fallback: withFallback,
  shadow: withShadow,
  'hand-written': ({ asked, fallback }, _, rows, control) =>
    alone(fallback ?? asked, fallback ? 'fallback' : 'asked', rows, control),
};

/** Rows of the share by the policy, the others by the fallback. @throws StudioError `bad-input` without a fallback */
function shared({ share, asked, handle }: Plan, open: Open, answer: Answer<Routed>): Answer<Routed> {
  const { fallback } = open;
  const cellAt = asked?.rows.cellAt;
  if (!share) return answer;
  if (!fallback || !cellAt) throw badInput('No second version could answer the texts outside the share.');
  // by handle, so that the same texts are not first in every prompt set
  const isIn = (place: number) => placeOf(cellAt(place, share.id), handle) < share.of;
  return async (rows, control) => {
    const places = placesIn(rows);
    const own = await answer({ ...rows, only: new Set(places.filter(isIn)) }, control);
    const outside = places.filter((place) => !isIn(place));
    const others = await instead(fallback, rows, new Map(outside.map((place) => [place, 'share'])), control);
    return { ...together(own, others), answers: [...own.answers, ...others.answers] };
  };
}

/** @throws a bug (`internal:`) where no version is there; as `shared` */
export function openRoute(host: AnsweringHost, plan: Plan): Route {
  const some = firstOf(plan);
  const open = openPlan(host, plan);
  const { policy } = plan;
  // one entry of the table with its own policy
  const router = ROUTERS[policy.kind] as Router<Policy['kind']>;
  const answer = shared(plan, open, (rows, control) => router(open, policy, rows, control));
  return {
    total: some.rows.total,
    version: some.version,
    answer: (from, count, control) => answer({ from, count }, control),
  };
}
