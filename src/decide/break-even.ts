/** When a change of prompt has paid for itself: tokens and answers are measured, prices, wages and hosting assumed. */
import { asSubject, inText } from '../evaluation/arm-names';
import { count, counted } from '../lib/format';
import type { Interval } from '../metrics/intervals';
import { pairedMean } from '../metrics/mcnemar';

/** In one currency; a month, a row or an hour as the name says. */
export interface Assumptions {
  readonly rowsPerMonth: number;
  readonly pricePerMillionTokens: number;
  /** What one wrong answer costs: rework, a lost customer. */
  readonly costOfWrongAnswer: number;
  readonly wagePerHour: number;
}

export interface Effort {
  readonly build: number;
  /** Each month: the machine that it needs of its own. */
  readonly hostingPerMonth: number;
  /** Each month: people keeping it right. */
  readonly minutesPerMonth: number;
}

/** A prompt on the test rows, by row and in the same order as every other. */
export interface Answers {
  readonly id: string;
  readonly name: string;
  readonly isCorrect: readonly boolean[];
  /** A mean where the rows' own numbers were not kept. */
  readonly tokensSent: readonly number[] | number;
}

const MILLION = 1e6;
const MINUTES = 60;

/** Cost of one row: price × tokens, and the cost of a wrong answer where it is wrong. */
function rowCosts({ isCorrect, tokensSent }: Answers, assumptions: Assumptions): Float64Array {
  const { pricePerMillionTokens, costOfWrongAnswer } = assumptions;
  return Float64Array.from(isCorrect, (right, i) => {
    const tokens = typeof tokensSent === 'number' ? tokensSent : (tokensSent[i] ?? 0);
    return (tokens * pricePerMillionTokens) / MILLION + (right ? 0 : costOfWrongAnswer);
  });
}

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
};

/** Each month, whatever the number of rows: hosting, and minutes × wage / 60. */
const fixedPerMonth = ({ hostingPerMonth, minutesPerMonth }: Effort, { wagePerHour }: Assumptions): number =>
  hostingPerMonth + (minutesPerMonth * wagePerHour) / MINUTES;

/** Cost of a month: rows × mean cost of a row + hosting + minutes × wage / 60. */
export const monthlyCost = (answers: Answers, effort: Effort, assumptions: Assumptions): number =>
  assumptions.rowsPerMonth * mean(rowCosts(answers, assumptions)) + fixedPerMonth(effort, assumptions);

/**
 * `nothing` = the same cost. Of an advised change: `may-never` = the saving's interval includes 0, `dearer` = it costs more.
 * Of another, to which nothing is promised: `open`, or `never` where it costs more.
 */
type PayBack = 'at-once' | 'sure' | 'may-never' | 'dearer' | 'open' | 'never' | 'nothing';

export interface BreakEven {
  /** Monthly cost of the current prompt minus that of the new one. */
  readonly saving: number;
  /** 95%, wide enough for all pairs that were compared. */
  readonly savingCi95: Interval;
  /** What the new one costs to build, more than the present one. */
  readonly investment: number;
  /** Investment / saving; null where nothing is saved, or the change is not recommended. 0 = at once. */
  readonly months: number | null;
  /** From the saving's interval; `high` is Infinity where that includes 0; null as above, or where even its upper end saves nothing. */
  readonly monthsCi95: Interval | null;
  readonly rows: number | null;
  readonly payBack: PayBack;
}

export interface Offer {
  readonly answers: Answers;
  readonly effort: Effort;
}

export interface BreakEvenOptions {
  /** How many pairs of prompts were compared: the interval allows for all of them. */
  readonly comparisons: number;
  readonly groups?: readonly number[] | undefined;
  readonly isAdvised: boolean;
}

/**
 * Saving a month S = rows × mean(cost of a row now - then) + fixed costs now - then; break-even after I / S months,
 * where I is what the new prompt costs to build more than the present one. The interval of S is that of the mean over rows
 * (`pairedMean`, where a discordant row differs by the cost of a wrong answer). Months fall as S rises, so it gives the interval
 * of the months too.
 * @throws RangeError where the two do not answer the same number of rows, or none
 */
export function breakEven(now: Offer, then: Offer, assumptions: Assumptions, options: BreakEvenOptions): BreakEven {
  const n = now.answers.isCorrect.length;
  if (n === 0 || n !== then.answers.isCorrect.length) throw new RangeError('Both prompts must answer the same rows.');
  const costsNow = rowCosts(now.answers, assumptions);
  const costsThen = rowCosts(then.answers, assumptions);
  const saved = costsNow.map((cost, i) => cost - (costsThen[i] as number));
  const onTokens = { ...assumptions, costOfWrongAnswer: 0 };
  const centre = mean(rowCosts(now.answers, onTokens)) - mean(rowCosts(then.answers, onTokens));
  const { groups, comparisons, isAdvised } = options;
  const perRow = pairedMean(saved, { spread: assumptions.costOfWrongAnswer, centre, groups, comparisons });
  const fixed = fixedPerMonth(now.effort, assumptions) - fixedPerMonth(then.effort, assumptions);
  const { rowsPerMonth } = assumptions;
  const perMonth = (amount: number) => rowsPerMonth * amount + fixed;
  const exact = perMonth(mean(saved));
  const saving = Math.abs(exact) < HALF_A_CENT ? 0 : exact;
  const savingCi95 = { low: perMonth(perRow.low), high: perMonth(perRow.high) };
  const investment = then.effort.build - now.effort.build;
  const months = isAdvised ? monthsUntil(investment, saving) : null;
  return {
    saving,
    savingCi95,
    investment,
    months,
    monthsCi95: isAdvised ? intervalOfMonths(investment, savingCi95) : null,
    rows: months === null ? null : months * rowsPerMonth,
    payBack: saving === 0 ? 'nothing' : payBackOf(investment, savingCi95, isAdvised),
  };
}

/** What would be shown as 0.00 is nothing. */
const HALF_A_CENT = 0.005;

/** Null where it is never paid back. */
function monthsUntil(investment: number, saving: number): number | null {
  if (saving <= 0) return null;
  return Math.max(0, investment) / saving;
}

/** Null where even the upper end saves nothing. */
function intervalOfMonths(investment: number, { low, high }: Interval): Interval | null {
  const soonest = monthsUntil(investment, high);
  if (soonest === null) return null;
  return { low: soonest, high: monthsUntil(investment, low) ?? Number.POSITIVE_INFINITY };
}

function payBackOf(investment: number, { low, high }: Interval, isAdvised: boolean): PayBack {
  if (high <= 0) return isAdvised ? 'dearer' : 'never';
  if (!isAdvised) return 'open';
  if (low <= 0) return 'may-never';
  return investment <= 0 ? 'at-once' : 'sure';
}

export type Efforts = Readonly<Record<'engineering' | 'tuning', Effort>>;

/** Dollars that building takes, by the article that the product follows; null = or more. */
const BUILDING = [
  ['hand-written prompt', 50, 200],
  ['tuned prompt', 500, 2000],
  ['fine-tuning', 5000, null],
  ['fine-tuning on a team’s own servers', 10_000, null],
] as const;

export const quotedCosts = (): string =>
  `For building one, the article that this product follows gives: ${BUILDING.map(([name, low, high]) => `${name} $${count(low)} ${high === null ? 'or more' : `to ${count(high)}`}`).join(', ')}.`;

/** To start from: the middle of the article’s ranges; what else is here is ours. None is measured here. */
export const FIRST_EFFORTS: Efforts = {
  engineering: { build: 125, hostingPerMonth: 0, minutesPerMonth: 60 },
  tuning: { build: 1250, hostingPerMonth: 50, minutesPerMonth: 60 },
};

export const COST_FORMULA =
  'A month is computed as rows × (tokens × price + share of wrong answers × cost of one) + hosting + minutes × wage / 60. Tokens and answers are measured on the test rows, everything else is assumed.';

export const FIRST_ASSUMPTIONS: Assumptions = {
  rowsPerMonth: 10_000,
  pricePerMillionTokens: 0.5,
  costOfWrongAnswer: 0.5,
  wagePerHour: 60,
};

/** Whole from 100 on, else with two decimals; a true minus sign. */
export function money(amount: number): string {
  const size = Math.abs(amount);
  const text = size >= 100 ? count(size) : size.toFixed(2);
  return `${amount < 0 && Number(text.replaceAll(',', '')) !== 0 ? '−' : ''}${text}`;
}

/** "at once", "3 days", "5 months", "over 20 years", "never" for infinity. */
export function months(number: number): string {
  if (number === Number.POSITIVE_INFINITY) return 'never';
  if (number === 0) return 'at once';
  if (number < 1) return counted(Math.max(1, Math.round(number * 30)), 'day');
  if (number > 240) return 'over 20 years';
  return counted(Math.round(number), 'month');
}

/** The one sentence about a change. What is advised is not called a mistake where it costs more: it gives better answers. */
export function payBackSentence(fromName: string, toName: string, { payBack, months: until }: BreakEven): string {
  const [from, to] = [inText(fromName), asSubject(toName)];
  const change = `${to} instead of ${from}`;
  switch (payBack) {
    case 'nothing':
      return `${to} costs as much a month as ${from}: nothing is saved`;
    case 'open':
      return `Compare does not recommend ${inText(toName)} instead of ${from}, so no pay-back is promised`;
    case 'never':
      return `${change} never pays: it costs more each month`;
    case 'dearer':
      return `${to} is recommended for its answers: with these assumptions it costs more each month than ${from}`;
    case 'may-never':
      return `${change} may never pay back`;
    case 'at-once':
      return `${change} pays from the first month`;
    case 'sure':
      return `${change} pays back after ${months(until ?? 0)}`;
  }
}

/** "25.00 (−12.00 to 62.00)"; "nothing (−37.00 to 37.00)". */
export const savingWords = ({ saving, savingCi95: { low, high } }: BreakEven): string =>
  `${saving === 0 ? 'nothing' : money(saving)} (${money(low)} to ${money(high)})`;
