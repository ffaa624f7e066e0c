import type { ArmReport, PairReport } from './types';
import { percent, points, pointsRange } from './words';

const lower = (name: string) => (/^\p{Lu}\p{Ll}/u.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name);

/** Title of the accuracy figure: both arms and how they differ; neutral where the interval holds zero. */
export function accuracyFinding(arms: readonly ArmReport[], pair: PairReport | undefined): string {
  const a = arms.find((arm) => arm.id === pair?.a);
  const b = arms.find((arm) => arm.id === pair?.b);
  if (!pair || !a || !b) return 'Accuracy on the held-back rows';
  const { low, high } = pair.differenceCi95;
  const range = pointsRange(low, high);
  const head = `${b.name} ${percent(b.accuracy)}, ${lower(a.name)} ${percent(a.accuracy)}`;
  const clear = pair.pExact < 0.05 && (low > 0 || high < 0);
  if (!clear) return `${head}: no clear difference (${range} points)`;
  return `${head}: a ${pair.difference > 0 ? 'gain' : 'loss'} of ${points(Math.abs(pair.difference))} points (${range})`;
}

/** Title of a confusion matrix: the commonest mistake, when one stands out. */
export function confusionFinding(arm: ArmReport, labels: readonly string[]): string {
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
