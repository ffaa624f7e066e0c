/** All prompt sets beside each other: what is in use where, how good it was when it was last measured, and what needs attention. */
import { armsByVersion, driftOf, firstOf, type Measured, type Result, resultsOf } from './performance';
import { type Stage, stagesOf } from './stages';
import { type Version, versionById, versionWords } from './versions';

/** Older results say little about the texts of today. */
const OLD_DAYS = 90;
/** Fewer rows leave an interval of more than 14 points to each side. */
const FEW_ROWS = 50;
const DAY_MS = 24 * 60 * 60 * 1000;

/** In the order of their urgency. */
const ATTENTION = ['broken', 'dropped', 'unmeasured', 'beaten', 'old', 'few-rows', 'none'] as const;
type Attention = (typeof ATTENTION)[number];

/** One stage of a set. */
export interface Score {
  readonly setId: string;
  readonly name: string;
  readonly handle: string;
  readonly stage: Stage;
  /** Null = the stage points to a version that is gone. */
  readonly version: Version | null;
  /** Its newest result; null = it was never measured. */
  readonly result: Result | null;
  /** Mean tokens a row in its newest comparison. */
  readonly tokensSent: number | null;
  readonly attention: Attention;
  /** Why, in a sentence. */
  readonly why: string;
}

interface Judged extends Pick<Score, 'attention' | 'why'> {}

/** A version that was clearly better on the rows of this result. */
const betterOn = (results: readonly Result[], result: Result): Result | null =>
  results.findLast(
    (other) =>
      other.rowsKey === result.rowsKey &&
      other.measure === result.measure &&
      other.of.version.id !== result.of.version.id &&
      driftOf(result, other).kind === 'gain',
  ) ?? null;

const points = (difference: number) => `${Math.round(Math.abs(difference) * 100)} points`;

function judge(version: Version | null, results: readonly Result[], result: Result | null, now: number): Judged {
  if (!version)
    return { attention: 'broken', why: 'The stage points to a version that is gone: requests for it fail.' };
  if (!result) return { attention: 'unmeasured', why: 'It is in use and has never been measured.' };
  const first = firstOf(results, result);
  const drift = first && driftOf(first, result);
  if (drift?.kind === 'drop')
    return { attention: 'dropped', why: `It lost ${points(drift.difference)} since it was first measured.` };
  const better = betterOn(results, result);
  if (better)
    return {
      attention: 'beaten',
      why: `${versionWords(better.of)} was better by ${points(better.value - result.value)} on the same rows.`,
    };
  const days = Math.floor((now - Date.parse(result.at)) / DAY_MS);
  if (days > OLD_DAYS) return { attention: 'old', why: `It was last measured ${days} days ago.` };
  if (result.n < FEW_ROWS) return { attention: 'few-rows', why: `It was measured on only ${result.n} rows.` };
  return { attention: 'none', why: 'Nothing needs attention.' };
}

/** In the comparison that this result comes from. */
function tokensOf({ set, evaluations, writings }: Measured, { id: resultId, of: { version } }: Result): number | null {
  const compared = [...evaluations, ...writings].find(({ id }) => resultId === `${id} ${version.id}`);
  if (!compared) return null;
  const armId = armsByVersion(set, compared).get(version.id);
  const arms: readonly { readonly id: string; readonly tokensSentMean: number | null }[] = compared.plan.arms;
  return arms.find(({ id }) => id === armId)?.tokensSentMean ?? null;
}

/** One line a stage; a set without stages has none. @param now milliseconds since 1970 */
export function scoresOf(measured: Measured, now: number): readonly Score[] {
  const { set } = measured;
  const results = resultsOf(measured);
  return stagesOf(set).map((stage) => {
    const version = versionById(set, stage.versionId);
    const own = results.filter(({ of }) => of.version.id === stage.versionId);
    const result = own.at(-1) ?? null;
    const compared = own.findLast(({ measurement }) => measurement === null);
    const tokensSent = compared ? tokensOf(measured, compared) : null;
    const { id: setId, name, handle } = set;
    return { setId, name, handle, stage, version, result, tokensSent, ...judge(version, results, result, now) };
  });
}

/** What needs attention first; of equals production before other stages, then by name. */
export const sortedScores = (scores: readonly Score[]): readonly Score[] =>
  scores.toSorted(
    (a, b) =>
      ATTENTION.indexOf(a.attention) - ATTENTION.indexOf(b.attention) ||
      Number(b.stage.name === 'production') - Number(a.stage.name === 'production') ||
      a.name.localeCompare(b.name, 'en'),
  );

export function scoreboardTitle(scores: readonly Score[]): string {
  const urgent = scores.filter(({ attention }) => attention !== 'none').length;
  if (scores.length === 0) return 'No stage points to a version yet';
  if (urgent === 0) return 'Nothing in use needs attention';
  return `${urgent} of ${scores.length} in use ${urgent === 1 ? 'needs' : 'need'} attention`;
}
