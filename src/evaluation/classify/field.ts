import { holm } from '../../metrics/mcnemar';
import { detectableDifference } from '../../metrics/power';
import type { ArmReport, ComparisonPlan, PairReport, Production } from '../types';
import { MAJORITY, PROBE, WORDS } from './made-arms';
import { type Duel, type DuelRows, duel, rowsMore } from './pairs';

/** The arms of one comparison by the part that they play, and any two of them on the same rows. */

export interface Field extends DuelRows, Pick<ComparisonPlan, 'file'> {
  readonly n: number;
  readonly looks: number;
  /** Arm A of the headline pair, or another hand-written prompt that does better on these rows. */
  readonly hand: ArmReport;
  /** Arm A of the headline pair. */
  readonly first: ArmReport;
  /** Arm B of the headline pair. */
  readonly tuned: ArmReport;
  /** The best few-shot arm, unless it is itself one of the pair. */
  readonly fewShot: ArmReport | null;
  readonly words: ArmReport | null;
  readonly probe: ArmReport | null;
  readonly majority: ArmReport | null;
  /** The hand-written prompt with vectors trained on top. */
  readonly hybrid: ArmReport | null;
  /** The tuned prompt's text without its vectors: what training itself added shows against it. */
  readonly untuned: ArmReport | null;
  /** The version in production, with its answers. */
  readonly production: (Production & { readonly report: ArmReport }) | null;
  /** Every arm that could be used by itself, with word counts and probe; not a mixture of several, nor always one answer. */
  readonly usable: readonly ArmReport[];
  /** The headline's first. */
  readonly pairs: readonly PairReport[];
}

export interface FieldInput {
  readonly plan: Pick<ComparisonPlan, 'gold' | 'groups' | 'folds' | 'file' | 'seed' | 'pairs' | 'looks' | 'production'>;
  readonly arms: readonly ArmReport[];
  readonly pairs: readonly PairReport[];
}

/** The first of the most accurate. */
export const best = (arms: readonly ArmReport[]): ArmReport | null =>
  arms.reduce<ArmReport | null>((top, arm) => (top === null || arm.correct > top.correct ? arm : top), null);

/** A prompt that a person wrote, with whatever examples it has; not the arm that the comparison adds examples to. */
export const isHand = ({ id, kind }: ArmReport) =>
  kind === 'zero-shot' || (kind === 'few-shot' && !/^yours-\d+$/.test(id));

/** Null where the plan's first pair does not name two arms. */
export function fieldOf({ plan, arms, pairs }: FieldInput): Field | null {
  const byId = (id: string | undefined) => arms.find((arm) => arm.id === id);
  const [a, b] = plan.pairs[0] ?? [];
  const first = byId(a);
  const tuned = byId(b);
  if (!first || !tuned) return null;
  const others = arms.filter((arm) => arm !== tuned && arm !== first);
  const hands = others.filter(isHand);
  const inUse = byId(plan.production?.arm);
  return {
    gold: plan.gold,
    seed: plan.seed,
    ...(plan.groups ? { groups: plan.groups } : {}),
    ...(plan.folds ? { folds: plan.folds } : {}),
    ...(plan.file ? { file: plan.file } : {}),
    n: plan.gold.length,
    looks: plan.looks,
    first,
    hand: isHand(first) ? (best([first, ...hands]) as ArmReport) : first,
    tuned,
    fewShot: best(others.filter((arm) => arm.kind === 'few-shot' && !isHand(arm))),
    words: byId(WORDS) ?? null,
    probe: byId(PROBE) ?? null,
    majority: byId(MAJORITY) ?? null,
    hybrid: byId('hybrid') ?? others.find((arm) => arm.kind === 'hybrid' && arm !== inUse) ?? null,
    untuned: others.find((arm) => arm.kind === 'untuned') ?? null,
    production: plan.production && inUse ? { ...plan.production, report: inUse } : null,
    usable: arms.filter(
      ({ id, kind }) =>
        !['reference', 'combined', 'ensemble'].includes(kind) || id === WORDS || id === PROBE || id === b,
    ),
    pairs,
  };
}

/** Two arms of a comparison, with their p corrected for all pairs that it tests. */
export interface FieldDuel extends Duel {
  readonly pHolm: number;
  /** How many pairs the p is corrected for. */
  readonly comparisons: number;
}

/** Rules ask for the same pair again, and the bootstrap of groups takes milliseconds. */
const KNOWN = new WeakMap<Field, Map<string, FieldDuel>>();

/** A pair that is not in the plan is one more comparison: its p is corrected for itself and all pairs of the plan. */
export function compareArms(field: Field, a: ArmReport, b: ArmReport): FieldDuel {
  const known = KNOWN.get(field) ?? new Map<string, FieldDuel>();
  KNOWN.set(field, known);
  const key = JSON.stringify([a.id, b.id]);
  const compared = known.get(key) ?? correctedDuel(field, a, b);
  known.set(key, compared);
  return compared;
}

function correctedDuel(field: Field, a: ArmReport, b: ArmReport): FieldDuel {
  const { pairs } = field;
  const found = duel(a, b, field);
  const exact = pairs.map(({ pExact }) => pExact);
  const planned = pairs.findIndex((pair) => [pair.a, pair.b].includes(a.id) && [pair.a, pair.b].includes(b.id));
  const family = holm(planned === -1 ? [...exact, found.pExact] : exact);
  return { ...found, pHolm: family.at(planned) as number, comparisons: family.length };
}

/** About how many more rows would settle a difference; null where they are more than the file has: nobody labels those. */
export function rowsToLabel({ n, file }: Field, d: FieldDuel): number | null {
  const more = rowsMore(d, n);
  return more === null || more > (file?.rows ?? Number.POSITIVE_INFINITY) ? null : more;
}

/** Rows of a cross-validation that are worth one test row: chance sets its prompts apart too (docs/method/statistics.md). */
const ROWS_FOR_ONE = 1.5;

/** The smallest gain (0 to 1) that a cross-validation over all rows would show; null where that would not settle the difference. */
export function shownByEveryRow({ n, file, folds }: Field, d: FieldDuel): number | null {
  const more = rowsMore(d, n);
  if (!file || folds || more === null || ROWS_FOR_ONE * (n + more) > file.rows) return null;
  return detectableDifference(Math.floor(file.trials / ROWS_FOR_ONE), d.comparisons);
}
