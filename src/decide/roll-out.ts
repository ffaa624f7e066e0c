/**
 * From one prompt to the next in steps: a share of the texts gets the new prompt's answer, gates that were written before the
 * start say whether the share may grow, and one that breaks takes it back. Both prompts answer every row; the share says whose
 * answer counts, so the two are compared on the same rows.
 */
import { counted, percent, percentWhole, points } from '../lib/format';
import { type Interval, wilson } from '../metrics/intervals';
import { clustersOf, designEffect, equalClusters } from '../metrics/mcnemar';
import { sequentialBounds, tangoScore } from '../metrics/power';
import { bisected, median } from '../metrics/special';

/** Shares of the texts that the new prompt answers, one after another. */
export const SHARES = [0.05, 0.25, 0.5, 1] as const;

/**
 * Error rate of each gate over all looks, one-sided. The statistic is normal only with many rows: with the few of a first look
 * 5% would be 5.8%, simulated; 4% stays below 5%.
 */
const ALPHA = 0.04;

const MOST_LOOKS = 20;

/** Written before the start. Shares in [0, 1]; null = no gate. */
export interface Gates {
  /** Most accuracy that the new prompt may lose against the present one. 0: it has to be better. */
  readonly largestLoss: number;
  readonly leastAccuracy: number | null;
  /** Most rows on which the new prompt is not sure enough, so that the present one answers. */
  readonly mostFallbacks: number | null;
  /** Median of one row, milliseconds. */
  readonly mostLatencyMs: number | null;
}

export const FIRST_GATES: Gates = { largestLoss: 0.02, leastAccuracy: null, mostFallbacks: null, mostLatencyMs: null };

export interface RollOutPlan {
  readonly gates: Gates;
  /** Rows with a label that each look waits for. */
  readonly rowsPerLook: number;
  /** A label arrives when this many further rows have been answered. */
  readonly labelDelay: number;
}

export interface Served {
  readonly place: number;
  /** Rows of one family are one trial. Left out: the row is alone. */
  readonly family?: number | undefined;
  readonly isOldCorrect: boolean;
  readonly isNewCorrect: boolean;
  readonly fellBack?: boolean;
  readonly latencyMs?: number;
}

/** `not settled`: the rows do not say yet. */
type GateState = 'met' | 'not settled' | 'broken';

interface GateResult {
  readonly id: keyof Gates;
  readonly state: GateState;
  readonly evidence: string;
}

/** From the boldest to the most careful. */
export const DECISIONS = ['advance', 'hold', 'roll-back'] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Taken {
  readonly decision: Decision;
  /** ISO time. */
  readonly at: string;
}

export interface Look {
  /** Rows with a label at this look, and rows answered. */
  readonly labelled: number;
  readonly served: number;
  readonly share: number;
  readonly inShare: number;
  readonly accuracyServed: number;
  readonly difference: number;
  readonly interval: Interval;
  readonly gates: readonly GateResult[];
  readonly advice: Decision;
  /** The advice, or something more careful. */
  readonly decision: Decision;
  /** When a person decided; null = the gates did, or nobody has yet. */
  readonly decidedAt: string | null;
}

export interface RollOut {
  readonly looks: readonly Look[];
  /** `complete`: the new prompt answers everything. `running`: the rows ended first. `waiting`: a person decides at the last look. */
  readonly outcome: 'complete' | 'rolled-back' | 'running' | 'waiting';
  readonly sentence: string;
}

/** Both ends of the margins that the look's bound does not reject, by bisection: the statistic falls as the margin rises. */
function sequentialInterval(b: number, c: number, n: number, bound: number): Interval {
  const d = (b - c) / n;
  const end = (outside: number, sign: 1 | -1) =>
    bisected(d, outside, (margin) => sign * tangoScore(b, c, n, margin) < bound, 40)[1];
  return { low: end(-1, 1), high: end(1, -1) };
}

/** Of an interval that has to be on one side of a limit. */
const stateOf = (isBetter: boolean, isWorse: boolean): GateState =>
  isBetter ? 'met' : isWorse ? 'broken' : 'not settled';

interface Evidence {
  readonly rows: readonly Served[];
  /** Rows that count as one where those of a family are all alike. */
  readonly alike: number;
  readonly interval: Interval;
  readonly difference: number;
  readonly bound: number;
}

type Gate = (limit: number, evidence: Evidence) => Omit<GateResult, 'id'>;

const unsigned = (difference: number) => points(difference).slice(1);

const between = ({ low, high }: Interval, words: (share: number) => string) => `${words(low)} to ${words(high)}`;

const GATES: Readonly<Record<keyof Gates, Gate>> = {
  largestLoss: (limit, { interval, difference }) => ({
    state: stateOf(interval.low > -limit, interval.high < -limit),
    evidence: `${points(difference)} points (${between(interval, points)}); ${limit > 0 ? `a loss of at most ${unsigned(limit)} is allowed` : 'a gain is required'}`,
  }),
  leastAccuracy: (limit, { rows, alike, bound }) => {
    const right = rows.filter(({ isNewCorrect }) => isNewCorrect).length;
    const interval = wilson(right / alike, rows.length / alike, bound);
    return {
      state: stateOf(interval.low >= limit, interval.high < limit),
      evidence: `${percent(right / rows.length)} (${between(interval, percent)}); at least ${percent(limit)} is required`,
    };
  },
  mostFallbacks: (limit, { rows, alike, bound }) => {
    const fell = rows.filter(({ fellBack }) => fellBack).length;
    const interval = wilson(fell / alike, rows.length / alike, bound);
    return {
      state: stateOf(interval.high <= limit, interval.low > limit),
      evidence: `${percent(fell / rows.length)} (${between(interval, percent)}); at most ${percent(limit)} is allowed`,
    };
  },
  mostLatencyMs: (limit, { rows }) => {
    const times = rows.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
    if (times.length === 0) return { state: 'not settled', evidence: 'no row was timed' };
    const middle = median(times);
    return {
      state: stateOf(middle <= limit, middle > limit),
      evidence: `median ${Math.round(middle)} ms; at most ${Math.round(limit)} ms is allowed`,
    };
  },
};

type Seen = Omit<Look, 'decision' | 'decidedAt'>;

const gainOf = ({ isNewCorrect, isOldCorrect }: Served) => Number(isNewCorrect) - Number(isOldCorrect);

/** What the rows say of the difference: counts are divided by the design effect, so that families are the trials. */
function evidenceOf(rows: readonly Served[], bound: number): Evidence {
  const n = rows.length;
  const gains = rows.map(gainOf);
  const [b, c] = [1, -1].map((sign) => gains.filter((gain) => gain === sign).length) as [number, number];
  const isGrouped = rows.some(({ family }) => family !== undefined);
  const clusters = clustersOf(
    gains,
    rows.map(({ family }, i) => family ?? -1 - i),
  );
  const effect = isGrouped ? designEffect(clusters, b + c) : 1;
  const { low, high } = sequentialInterval(b / effect, c / effect, n / effect, bound);
  // few families differ at a look, and their sum moves in steps of two: a correction for continuity of one family
  const step = isGrouped ? effect / n : 0;
  const interval = { low: Math.max(-1, low - step), high: Math.min(1, high + step) };
  return { rows, alike: isGrouped ? n / equalClusters(clusters) : 1, difference: (b - c) / n, interval, bound };
}

function lookAt(rows: readonly Served[], share: number, served: number, bound: number, plan: RollOutPlan): Seen {
  const n = rows.length;
  const evidence = evidenceOf(rows, bound);
  const gates = (Object.keys(GATES) as (keyof Gates)[]).flatMap((id) => {
    const limit = plan.gates[id];
    return limit === null ? [] : [{ id, ...GATES[id](limit, evidence) }];
  });
  const counts = ({ place, isNewCorrect, isOldCorrect, fellBack }: Served) =>
    place < share && !fellBack ? isNewCorrect : isOldCorrect;
  return {
    labelled: n,
    served,
    share,
    inShare: rows.filter(({ place }) => place < share).length,
    accuracyServed: rows.filter(counts).length / n,
    difference: evidence.difference,
    interval: evidence.interval,
    gates,
    advice: gates.some(({ state }) => state === 'broken')
      ? 'roll-back'
      : gates.every(({ state }) => state === 'met')
        ? 'advance'
        : 'hold',
  };
}

/** Rows with a label at each look: the number asked for, but at most `MOST_LOOKS` looks, the last with every label. */
function looksOf(rows: number, rowsPerLook: number): readonly number[] {
  const step = Math.max(1, rowsPerLook, Math.ceil(rows / MOST_LOOKS));
  const ends = Array.from({ length: Math.floor(rows / step) }, (_, i) => (i + 1) * step);
  return ends.at(-1) === rows || rows === 0 ? ends : [...ends, rows];
}

/** A person may be more careful than the gates, never bolder: the error rate of the looks holds for what the gates allow. */
const careful = (decision: Decision, advice: Decision): Decision =>
  DECISIONS[Math.max(DECISIONS.indexOf(decision), DECISIONS.indexOf(advice))] as Decision;

/**
 * A roll-out rehearsed on rows whose labels arrive late. Looks are a group-sequential test: where the new prompt loses as much
 * as the gate allows or more, the share grows at all in at most 5% of roll-outs; where it does not, it is taken back in at
 * most 5%.
 * @param served in the order of arrival; every label arrives in the end
 * @param taken a person's decisions, a look each; null = the gates decide at every look
 */
export function rehearse(served: readonly Served[], plan: RollOutPlan, taken: readonly Taken[] | null = null): RollOut {
  const ends = looksOf(served.length, plan.rowsPerLook);
  const bounds = sequentialBounds(
    ends.map((end) => end / served.length),
    ALPHA,
  );
  const looks: Look[] = [];
  let at = 0;
  for (const [i, end] of ends.entries()) {
    const share = SHARES[at] as number;
    const answered = Math.min(served.length, end + plan.labelDelay);
    const seen = lookAt(served.slice(0, end), share, answered, bounds[i] as number, plan);
    const given = taken?.[i];
    const decision = given ? careful(given.decision, seen.advice) : seen.advice;
    const look = { ...seen, decision, decidedAt: given?.at ?? null };
    looks.push(look);
    if (taken && !given) return { looks, outcome: 'waiting', sentence: waitingWords(look, i + 1) };
    if (look.decision === 'roll-back') return { looks, outcome: 'rolled-back', sentence: rolledBackWords(look) };
    if (look.decision === 'advance') at++;
    if (at === SHARES.length) return { looks, outcome: 'complete', sentence: completeWords(look) };
  }
  return { looks, outcome: 'running', sentence: runningWords(looks.at(-1), SHARES[at] as number) };
}

export const GATE_NAMES: Readonly<Record<keyof Gates, string>> = {
  largestLoss: 'Largest loss of accuracy',
  leastAccuracy: 'Least accuracy',
  mostFallbacks: 'Most fallbacks',
  mostLatencyMs: 'Highest latency',
};

export const gateWords = ({ largestLoss, leastAccuracy, mostFallbacks, mostLatencyMs }: Gates): readonly string[] => [
  largestLoss > 0 ? `A loss of at most ${unsigned(largestLoss)} points of accuracy` : 'A gain of accuracy',
  ...(leastAccuracy === null ? [] : [`An accuracy of at least ${percent(leastAccuracy)}`]),
  ...(mostFallbacks === null ? [] : [`Fallbacks on at most ${percent(mostFallbacks)} of the rows`]),
  ...(mostLatencyMs === null ? [] : [`A median of at most ${Math.round(mostLatencyMs)} ms a row`]),
];

/** The version that production is to point to after a roll-out; undefined = it stays, as where a prompt is no version. */
export const productionAfter = (
  { outcome }: Pick<RollOut, 'outcome'>,
  { inUse, present, next }: Readonly<Record<'inUse' | 'present' | 'next', string | undefined>>,
): string | undefined => {
  if (outcome === 'complete') return next;
  return next !== undefined && inUse === next ? present : undefined;
};

/** The share that follows; null = the new prompt answers everything. */
export const nextShare = (share: number): number | null => SHARES.find((next) => next > share) ?? null;

const rolledBackWords = ({ gates, labelled }: Look): string => {
  const broken = gates.find(({ state }) => state === 'broken');
  return `Rolled back after ${counted(labelled, 'label')}: ${broken ? `${GATE_NAMES[broken.id].toLowerCase()}, ${broken.evidence}` : 'by hand, no gate was broken'}. The current prompt answers everything again.`;
};

const ADVICE_WORDS: Readonly<Record<Decision, (share: number) => string>> = {
  advance: (share) => `every gate is met, so the share of ${percentWhole(share)} may grow`,
  hold: (share) => `a gate is not settled, so the share stays at ${percentWhole(share)}`,
  'roll-back': () => 'a gate is broken, so the current prompt answers everything again',
};

const waitingWords = ({ labelled, share, advice }: Look, look: number): string =>
  `Check ${look}, ${counted(labelled, 'label')}: ${ADVICE_WORDS[advice](share)}`;

const completeWords = ({ labelled, difference }: Look): string =>
  `The new prompt answers everything after ${counted(labelled, 'label')}; its accuracy differs from the present one’s by ${points(difference)} points.`;

function runningWords(last: Look | undefined, share: number): string {
  if (!last) return 'There are no rows to rehearse on. Choose rows with labels.';
  const open = last.gates.filter(({ state }) => state === 'not settled').map(({ id }) => GATE_NAMES[id].toLowerCase());
  return `The rows ran out at a share of ${percentWhole(share)}. ${open.length > 0 ? `Not settled yet: ${open.join(', ')}. Rehearse on more rows, or allow a larger loss before the next start.` : 'Each check can advance one step: rehearse on more rows to see the next.'}`;
}

const LOG = ['labels', 'rows answered', 'share', 'rows in the share', 'accuracy served', 'difference', 'low', 'high'];

export const rollOutTable = ({
  looks,
  outcome,
}: RollOut): { readonly header: readonly string[]; readonly rows: string[][] } => ({
  header: [...LOG, 'gates', 'gates say', 'decision', 'decided at'],
  rows: looks.map((look, i) => [
    ...[look.labelled, look.served, look.share, look.inShare, look.accuracyServed].map(String),
    ...[look.difference, look.interval.low, look.interval.high].map(String),
    look.gates.map(({ id, state, evidence }) => `${GATE_NAMES[id]}: ${state}, ${evidence}`).join('; '),
    look.advice,
    outcome === 'waiting' && i === looks.length - 1 ? '' : look.decision,
    look.decidedAt ?? '',
  ]),
});
