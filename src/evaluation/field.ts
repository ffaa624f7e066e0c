import type { TaskKind } from '../dataset/types';
import { capitalised, count, counted, ofRows, percent } from '../lib/format';
import type { PairedCounts } from '../metrics/mcnemar';
import { detectableDifference } from '../metrics/power';
import { type Figure, headlineOf } from '../metrics/registry';
import { inText } from './arm-names';
import { COMBINED, MAJORITY, PROBE, WORDS } from './classify/made-arms';
import { rowsMore } from './classify/pairs';
import type { ArmKind, ArmResult, Compared, ComparisonPlan, Finding, Interval, Production } from './types';
import { numberWord, pointsRange, pointsWithUnit, pValue, times } from './words';

/** One prompt of a comparison, by the metric that decides: accuracy, or ROUGE-L of generated texts. */
export interface FieldArm {
  readonly id: string;
  readonly name: string;
  readonly kind: ArmKind;
  /** Examples that the comparison added to it. */
  readonly added?: number | undefined;
  readonly value: number;
  /** Test rows; null of ROUGE-L, which is no share of them. */
  readonly n: number | null;
  readonly ci95: Interval;
  readonly tokensSentMean: number | null;
}

/** B minus A on the same rows. */
export interface Lead extends Pick<PairedCounts, 'aOnly' | 'bOnly'> {
  readonly difference: number;
  readonly ci95: Interval;
  /** Corrected by Holm for `comparisons`. */
  readonly p: number;
  /** What p is of. */
  readonly test: 'exact' | 'permutation';
  /** Pairs that p is corrected for, itself included; 0 = texts, which are judged by the interval of the pair alone. */
  readonly comparisons: number;
  readonly finding: Finding;
  readonly designEffect: number;
}

/** The prompts of one comparison by the part that they play, and any two of them on the same rows. */
export interface Field extends Roles, Pick<ComparisonPlan, 'groups' | 'folds' | 'file'> {
  readonly n: number;
  readonly looks: number;
  /** What decides: "accuracy", "ROUGE-L". */
  readonly measure: string;
  /** After a number of points: " of ROUGE-L". */
  readonly metric: string;
  /** The probe can be saved as a version. */
  readonly keepsProbe: boolean;
  readonly compare: (a: FieldArm, b: FieldArm) => Lead;
  /** "fixed 22 rows and broke 5": what B did against A. */
  readonly changed: (lead: Lead) => string;
  readonly caution: string | null;
  /** Of the mean tokens a row of one prompt minus another's; null where it was not measured. */
  readonly tokens: (from: FieldArm, to: FieldArm) => Interval | null;
}

interface Roles {
  readonly arms: readonly FieldArm[];
  /** Arm A of the headline pair, or another hand-written prompt that does better on these rows. */
  readonly hand: FieldArm;
  /** Arm A of the headline pair. */
  readonly first: FieldArm;
  /** Arm B of the headline pair. */
  readonly tuned: FieldArm;
  /** The best few-shot arm, unless it is itself one of the pair. */
  readonly fewShot: FieldArm | null;
  readonly words: FieldArm | null;
  readonly probe: FieldArm | null;
  readonly majority: FieldArm | null;
  /** The hand-written prompt with vectors trained on top. */
  readonly hybrid: FieldArm | null;
  /** Several as one, by weights that validation rows chose. */
  readonly combined: FieldArm | null;
  /** The tuned prompt's text without its vectors: what training itself added shows against it. */
  readonly untuned: FieldArm | null;
  readonly production: (Production & { readonly arm: string; readonly report: FieldArm }) | null;
  /** Every arm that could be used by itself, with word counts and probe; not a mixture of several, nor always one answer. */
  readonly usable: readonly FieldArm[];
}

export const best = (arms: readonly FieldArm[]): FieldArm | null =>
  arms.reduce<FieldArm | null>((top, arm) => (top === null || arm.value > top.value ? arm : top), null);

/** A prompt that a person wrote, with whatever examples it has; not the arm that the comparison adds examples to. */
export const isHand = ({ kind, added }: FieldArm) => kind === 'zero-shot' || (kind === 'few-shot' && !added);

export type FieldFrom<K extends TaskKind> = (of: Omit<Compared<K>, 'kind'>) => Field | null;

/** Null where the plan's first pair does not name two arms. */
export function rolesOf(
  kind: TaskKind,
  results: readonly ArmResult<TaskKind>[],
  pairs: ComparisonPlan['pairs'],
  inProduction?: Production,
): Roles | null {
  const arms = results.map((arm): FieldArm => {
    const { value, interval } = headlineOf<Figure>({ kind, metrics: arm.metrics });
    const { id, name, added, tokensSentMean } = arm;
    return { id, name, kind: arm.kind, added, value, n: 'n' in arm ? arm.n : null, ci95: interval, tokensSentMean };
  });
  const byId = (id: string | undefined) => arms.find((arm) => arm.id === id);
  const [a, b] = pairs[0] ?? [];
  const [first, tuned] = [byId(a), byId(b)];
  if (!first || !tuned) return null;
  const others = arms.filter((arm) => arm !== tuned && arm !== first);
  const inUse = byId(inProduction?.arm);
  return {
    arms,
    first,
    hand: (isHand(first) && best([first, ...others.filter(isHand)])) || first,
    tuned,
    fewShot: best(others.filter((arm) => arm.kind === 'few-shot' && !isHand(arm))),
    words: byId(WORDS) ?? null,
    probe: byId(PROBE) ?? null,
    combined: byId(COMBINED) ?? null,
    majority: byId(MAJORITY) ?? null,
    hybrid: byId('hybrid') ?? others.find((arm) => arm.kind === 'hybrid' && arm !== inUse) ?? null,
    untuned: others.find((arm) => arm.kind === 'untuned') ?? null,
    production: inProduction && inUse ? { ...inProduction, report: inUse } : null,
    usable: arms.filter(
      ({ id, kind }) =>
        !['reference', 'combined', 'ensemble'].includes(kind) || id === WORDS || id === PROBE || id === b,
    ),
  };
}

/** Rules ask for the same pair again, and the bootstrap of groups takes milliseconds. */
export function remembered(compare: Field['compare']): Field['compare'] {
  const known = new Map<string, Lead>();
  return (a, b) => {
    const key = JSON.stringify([a.id, b.id]);
    const found = known.get(key) ?? compare(a, b);
    known.set(key, found);
    return found;
  };
}

export const beats = (field: Field, arm: FieldArm, other: FieldArm): boolean =>
  field.compare(other, arm).finding === 'b-better';

/** About how many more rows would settle a difference; null where they are more than the file has: nobody labels those. */
export function rowsToLabel({ n, file }: Field, lead: Lead): number | null {
  const more = lead.comparisons === 0 ? null : rowsMore(lead, n);
  return more === null || more > (file?.rows ?? Number.POSITIVE_INFINITY) ? null : more;
}

/** Rows of a cross-validation that are worth one test row: chance sets its prompts apart too (docs/method/statistics.md). */
const ROWS_FOR_ONE = 1.5;

/** The smallest gain (0 to 1) that a cross-validation over all rows would show; null where that would not settle the difference. */
export function shownByEveryRow({ n, file, folds }: Field, lead: Lead): number | null {
  if (!file || folds) return null;
  const more = rowsMore(lead, n);
  if (more === null || ROWS_FOR_ONE * (n + more) > file.rows) return null;
  return detectableDifference(Math.floor(file.trials / ROWS_FOR_ONE), lead.comparisons);
}

// Words about prompts of a field.

export const rightOf = ({ value, n }: Pick<FieldArm, 'value' | 'n'>): string =>
  n === null ? percent(value) : ofRows(value, n);

export function called(arm: FieldArm, field: Field): string {
  if (arm === field.production?.report) return `the version in production (${field.production.name})`;
  if (arm.kind === 'tuned' && (arm === field.tuned || field.tuned.kind !== 'tuned')) return 'the tuned prompt';
  if (arm.kind === 'hybrid') return 'your prompt with vectors';
  if (arm.kind === 'ensemble') return 'the mean of several tuned prompts';
  if (arm.kind === 'untuned') return 'the untuned prompt';
  if (arm.added) return `your prompt with ${shots(arm)}`;
  if (arm.id === MAJORITY) return `always answering ${arm.name.replace(/^Always /, '')}`;
  if (arm.id === PROBE) return 'a linear probe';
  if (arm.kind === 'reference') return inText(arm.name);
  const isFirst = arm.id === field.first.id;
  if (isFirst || (arm.id === 'yours' && field.first.kind !== 'zero-shot' && field.first.kind !== 'few-shot'))
    return 'your prompt';
  const name = inText(arm.name);
  return name === arm.name ? `“${name}”` : name;
}

/** "eight examples", that the comparison added. */
export const shots = ({ added = 0 }: FieldArm): string =>
  `${numberWord(added)} ${added === 1 ? 'example' : 'examples'}`;

export const namesOf = (field: Field, arms: readonly FieldArm[]): string =>
  arms.length > 2 ? `${arms.length} others` : arms.map((arm) => called(arm, field)).join(' and ');

export function on({ n, groups, folds, file }: Field): string {
  const all = file && file.rows > n ? `${count(n)} of ${counted(file.rows, 'row')}` : `all ${counted(n, 'row')}`;
  const rows = folds ? `in ${new Set(folds).size}-fold cross-validation over ${all}` : `on ${counted(n, 'test row')}`;
  return groups ? `${rows} from ${count(new Set(groups).size)} groups` : rows;
}

/** "14 points", "14 points of ROUGE-L". */
export const pointsOf = ({ metric }: Field, difference: number): string => `${pointsWithUnit(difference)}${metric}`;

/** "exact p = 0.0015", "permutation p = 0.0020"; "p = 0.0030, corrected for 2 comparisons" where it is one of several. */
export const pWords = ({ p, test, comparisons }: Lead): string =>
  comparisons === 0
    ? '95% interval of this pair alone'
    : comparisons < 2
      ? `${test} ${pValue(p)}`
      : `${pValue(p)}, corrected for ${comparisons} comparisons`;

export const between = ({ ci95 }: Pick<Lead, 'ci95'>) => `between ${pointsRange(ci95.low, ci95.high, 'and')} points`;

/** Of A over B, where A is better. */
export const betweenBack = ({ ci95: { low, high } }: Pick<Lead, 'ci95'>) =>
  between({ ci95: { low: -high, high: -low } });

/** Of an unclear difference: its interval may leave out 0 where the corrected p does not call it clear. */
export const unclearSpread = (lead: Pick<Lead, 'ci95'>): string =>
  lead.ci95.low > 0 || lead.ci95.high < 0
    ? `this pair’s interval taken alone, ${between(lead)}, does not count the other comparisons`
    : `the true difference is probably ${between(lead)}`;

/** Every use of the same rows makes a lucky result more likely, so the count is always given. */
export const looksSentence = ({ looks, folds }: Field) =>
  `${folds ? `${foldsSentence(folds)} ` : ''}${
    looks <= 1
      ? 'These test rows have been used once.'
      : `${folds ? 'The test rows among them' : 'These test rows'} have been used ${times(looks)}: each use makes a lucky result more likely.`
  }`;

/** What a result by cross-validation is of, and what is in its favour or not. */
function foldsSentence(folds: readonly number[]): string {
  const prompts = numberWord(new Set(folds).size);
  return `Each row was answered by a prompt that never saw it. ${capitalised(prompts)} were trained alike, each without some of the rows. So this says how well such training does, not how well the one prompt that you export does. The p-values count that the ${prompts} differ and share training rows. Hand-written prompts, answer words and settings may have been chosen on some of these rows.`;
}

export const paragraph = (...sentences: readonly (string | null)[]) => sentences.filter((s) => s !== null).join(' ');

export const Called = (arm: FieldArm, field: Field): string => capitalised(called(arm, field));
