import { capitalised, count, counted, midSentence, ofRows, percent, percentWhole } from '../../lib/format';
import type { CoveragePoint, ReliabilityBin } from '../../metrics/calibration';
import type { ArmReport, PairReport, Verdict } from '../types';
import { numberWord, points, pointsRange, pointsWithUnit, pValue, times } from '../words';
import { best, compareArms, type Field, type FieldDuel } from './field';
import { MAJORITY, PROBE, WORDS } from './made-arms';
import { aWins, bWins, type Duel, isClear, isClose, MARGIN } from './pairs';
import type { Slice } from './slices';

/** Titles that state what a chart shows, neutral where the numbers support no finding; sentences of the verdicts. */

/** What an arm reached. */
export const rightOf = ({ accuracy, n }: Pick<ArmReport, 'accuracy' | 'n'>): string => ofRows(accuracy, n);

/** The interval of the pair alone, which no correction widens. */
const leavesOutZero = ({ differenceCi95: { low, high } }: Pick<PairReport, 'differenceCi95'>) => low > 0 || high < 0;

/** Title of the accuracy figure: both arms and how they differ; neutral where the difference is not clear. */
export function accuracyFinding(arms: readonly ArmReport[], pair: PairReport | undefined): string {
  const a = arms.find((arm) => arm.id === pair?.a);
  const b = arms.find((arm) => arm.id === pair?.b);
  if (!pair || !a || !b) return 'Accuracy on the test rows';
  const { low, high } = pair.differenceCi95;
  const range = pointsRange(low, high);
  const head = `${b.name} ${rightOf(b)}, ${midSentence(a.name)} ${rightOf(a)}`;
  if (!isClear(pair))
    return `${head}: no clear difference${leavesOutZero(pair) ? ` after correction (this pair alone: ${range} points)` : ` (${range} points)`}`;
  return `${head}: a ${pair.difference > 0 ? 'gain' : 'loss'} of ${points(Math.abs(pair.difference))} points (${range})`;
}

/** Title of a confusion matrix: the most frequent mistake, where one is clearly ahead. */
export function confusionFinding(arm: Pick<ArmReport, 'name' | 'n' | 'confusion'>, labels: readonly string[]): string {
  const mistakes = arm.confusion
    .flatMap((row, gold) => row.map((rows, predicted) => ({ gold, predicted, rows })))
    .filter(({ gold, predicted, rows }) => gold !== predicted && rows > 0)
    .sort((a, b) => b.rows - a.rows);
  const [most, second] = mistakes;
  if (!most) return arm.n > 0 ? `${arm.name} is right on all ${arm.n} rows` : `${arm.name}: no rows`;
  if (most.rows < 2 || most.rows === second?.rows) return `${arm.name}: labels against predictions`;
  const total = (arm.confusion[most.gold] ?? []).reduce((sum, rows) => sum + rows, 0);
  return `${arm.name} calls ${most.rows} of ${total} ${labels[most.gold]} rows ${labels[most.predicted]}`;
}

/** Title of the difference chart: only the clear differences. */
export function differenceFinding(arms: readonly ArmReport[], pairs: readonly PairReport[]): string {
  const named = pairs.flatMap((pair) => {
    const a = arms.find((arm) => arm.id === pair.a);
    const b = arms.find((arm) => arm.id === pair.b);
    return a && b ? [{ a, b, pair }] : [];
  });
  const first = named[0];
  if (!first) return 'Differences on the same rows';
  const clear = named.filter(({ pair }) => isClear(pair));
  const one = clear[0];
  if (!one) {
    const corrected = pairs.some(leavesOutZero) ? `, corrected for ${pairs.length} comparisons` : '';
    return named.length === 1
      ? `${first.b.name} and ${midSentence(first.a.name)} cannot be distinguished on these rows`
      : `None of the prompts can be distinguished on these rows${corrected}`;
  }
  const better = clear.filter(({ pair, b }) => pair.difference > 0 && b.id === first.b.id);
  if (better.length === named.length && named.length > 1)
    return `${first.b.name} is ahead of all ${named.length} others on these rows`;
  return `${one.b.name} is ${one.pair.difference > 0 ? 'ahead of' : 'behind'} ${midSentence(one.a.name)} by ${pointsWithUnit(Math.abs(one.pair.difference))} on these rows`;
}

/** Title of the coverage curve: said only where the interval of the answered rows is above the accuracy of all. */
export function coverageFinding(name: string, point: CoveragePoint, accuracyOfAll: number): string {
  if (point.accuracy === null || point.coverage === 1 || point.interval.low <= accuracyOfAll)
    return 'Accuracy of the answered rows against their share';
  return `Answering the surest ${percentWhole(point.coverage)} of rows, ${midSentence(name)} is right on ${percent(point.accuracy)} instead of ${percent(accuracyOfAll)}`;
}

/** Title of a reliability diagram: a finding where most of the bars are entirely on one side of the diagonal. */
export function reliabilityFinding(name: string, bins: readonly ReliabilityBin[]): string {
  const over = bins.filter((bin) => bin.accuracyCi95.high < bin.meanConfidence).length;
  const under = bins.filter((bin) => bin.accuracyCi95.low > bin.meanConfidence).length;
  if (over > bins.length / 2) return `${name} is overconfident`;
  if (under > bins.length / 2) return `${name} is underconfident`;
  return `${name}: probability against share right`;
}

/** Title of the slices by one column, after Holm's correction over all columns. */
export function slicesFinding(slices: readonly Pick<Slice, 'name' | 'difference' | 'pHolm'>[], column: string): string {
  if (slices.length === 0) return `No parts by ${column}`;
  const clear = slices.filter(({ pHolm }) => pHolm < 0.05);
  const most = clear.toSorted((a, b) => Math.abs(b.difference) - Math.abs(a.difference))[0];
  if (!most) return `No part by ${column} differs clearly`;
  return `Clear in ${clear.length} of ${slices.length} parts by ${column}: most for ${most.name}, ${pointsWithUnit(Math.abs(most.difference))} ${most.difference > 0 ? 'up' : 'down'}`;
}

/** The name of an arm inside a sentence. */
export function called(arm: ArmReport, field: Field): string {
  if (arm === field.production?.report) return `the version in production (${field.production.name})`;
  if (arm.kind === 'tuned' && (arm === field.tuned || field.tuned.kind !== 'tuned')) return 'the tuned prompt';
  if (arm.kind === 'hybrid') return 'your prompt with vectors';
  if (arm.kind === 'ensemble') return 'the mean of several tuned prompts';
  if (arm.kind === 'combined') return 'the tuned prompt with word counts';
  if (arm.kind === 'untuned') return 'the untuned prompt';
  if (arm.kind === 'few-shot' && /^yours-\d+$/.test(arm.id)) return `your prompt with ${shots(arm)}`;
  if (arm.id === MAJORITY) return `always answering ${arm.name.replace(/^Always /, '')}`;
  if (arm.id === WORDS) return 'a word-count classifier';
  if (arm.id === PROBE) return 'a linear probe of the model';
  if (arm.kind === 'reference') return midSentence(arm.name);
  return arm.id === field.first.id ||
    (arm.id === 'yours' && field.first.kind !== 'zero-shot' && field.first.kind !== 'few-shot')
    ? 'your prompt'
    : `“${arm.name}”`;
}

/** `Yours + 8 examples` -> `eight examples`. */
export function shots(arm: ArmReport): string {
  const count = /\d+/.exec(arm.name)?.[0] ?? /\d+/.exec(arm.id)?.[0];
  return count === undefined ? 'examples' : `${numberWord(Number(count))} ${count === '1' ? 'example' : 'examples'}`;
}

export function on({ n, groups, folds, file }: Field): string {
  const all = file && file.rows > n ? `${count(n)} of ${counted(file.rows, 'row')}` : `all ${counted(n, 'row')}`;
  const rows = folds ? `in ${new Set(folds).size}-fold cross-validation over ${all}` : `on ${counted(n, 'test row')}`;
  return groups ? `${rows} from ${count(new Set(groups).size)} groups` : rows;
}

/** "exact p = 0.0015"; "p = 0.0030, corrected for 2 comparisons" where it is one of several. */
export const pWords = ({ pExact, pHolm, comparisons }: FieldDuel): string =>
  comparisons < 2 ? `exact ${pValue(pExact)}` : `${pValue(pHolm)}, corrected for ${comparisons} comparisons`;

export const between = ({ ci95 }: Pick<Duel, 'ci95'>) => `between ${pointsRange(ci95.low, ci95.high, 'and')} points`;

/** Of an unclear difference: its interval may leave out 0 where the corrected p does not call it clear. */
export const unclearSpread = (d: Pick<Duel, 'ci95'>): string =>
  d.ci95.low > 0 || d.ci95.high < 0
    ? `this pair’s interval taken alone, ${between(d)}, does not count the other comparisons`
    : `the true difference is probably ${between(d)}`;

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
  return `Each row was answered by a prompt that never saw it: ${prompts} were trained alike, each without some of the rows. So this says how well such training does, not how well the one prompt that you export does. The p-values count that the ${prompts} differ and share training rows. Hand-written prompts, answer words and settings may have been chosen on some of these rows.`;
}

/** Word counts that clearly learn something, against the best prompt; null where there are none. */
export function wordsAgainstBest(field: Field) {
  const { words, majority, hand, tuned, fewShot } = field;
  if (!words || (majority && !bWins(compareArms(field, majority, words)))) return null;
  const top = best([hand, tuned, fewShot].filter((arm) => arm !== null)) as ArmReport;
  return { words, top, d: compareArms(field, words, top) };
}

/** Where nothing is clearly better: word counts that no prompt can be far ahead of. Null where one can, or none were made. */
export function wordsMayDo(field: Field): string | null {
  const { words, d } = wordsAgainstBest(field) ?? {};
  return words && d && !bWins(d) && isClose(d)
    ? `A word-count classifier reaches ${rightOf(words)}, and no prompt is likely to be ${pointsWithUnit(MARGIN)} ahead of it: it needs no model.`
    : null;
}

/** What the tuned prompt gained over the version in production, on the same rows, and what it has learned from since. */
export function sinceProduction(field: Field): string | null {
  const { production, tuned } = field;
  if (!production || production.report === tuned) return null;
  const d = compareArms(field, production.report, tuned);
  const rows = production.addedRows;
  const since = rows > 0 ? `, with ${counted(rows, 'training row')} added since` : '';
  const against = `Against ${called(production.report, field)}${since}, ${called(tuned, field)} is`;
  if (bWins(d)) return `${against} better by ${pointsWithUnit(d.difference)}, probably ${between(d)} (${pWords(d)}).`;
  if (aWins(d))
    return `${against} worse by ${pointsWithUnit(-d.difference)}, a change probably ${between(d)} (${pWords(d)}).`;
  return `${against} not clearly better or worse: ${pointsWithUnit(d.difference)}, probably ${between(d)}.`;
}

/** What accuracy hides where one label is common. */
export function macroCaution({ pairs: [headline] }: Field): string | null {
  if (!headline) return null;
  const { macroF1Ci95, macroF1Difference, difference } = headline;
  if (difference > 0 && macroF1Ci95.high < 0)
    return `Mind the rare labels: macro-F1 is ${pointsWithUnit(-macroF1Difference)} lower.`;
  if (difference <= 0 && macroF1Ci95.low > 0)
    return `On the rare labels the tuned prompt helps: macro-F1 is ${pointsWithUnit(macroF1Difference)} higher.`;
  return null;
}

export const paragraph = (...sentences: readonly (string | null)[]) => sentences.filter((s) => s !== null).join(' ');

export const verdict = (
  kind: Verdict['kind'],
  headline: string,
  detail: string,
  rowsNeeded: number | null = null,
): Verdict => ({ kind, headline: capitalised(headline), detail, rowsNeeded });
