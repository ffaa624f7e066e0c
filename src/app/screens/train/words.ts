/** What the Train screen says. Pure. */

import { isUsable } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { TrainingSettings } from '../../../training/settings';
import type { ReferenceLine } from '../../charts/finding';
import { clock, counted, percent, percentWhole } from '../../ui/format';
import type { LiveRun } from './live-run';

export function trainHeadline(live: LiveRun | null, set: PromptSet | null, trainRows: number): string {
  if (live) {
    switch (live.phase) {
      case 'preparing':
        return 'Getting the rows ready';
      case 'baselines':
        return 'Scoring what there is to beat';
      case 'caching':
        return 'Reading the rows once';
      case 'training':
        return running(live);
      case 'pausing':
        return 'Pausing after this step';
      case 'stopping':
        return 'Stopping after this step';
      case 'ended':
        return ended(live);
    }
  }
  const usable = set?.soft.filter(isUsable).length ?? 0;
  if (usable > 0) return `${counted(usable, 'tuned prompt')} so far; train another, or compare`;
  return `Train a prompt on ${counted(trainRows, 'row')}`;
}

/** A lead on validation rows is never called a win. */
function running(live: LiveRun): string {
  const last = live.validations.at(-1);
  const yours = live.lines.find((line) => line.id === 'yours');
  const isAhead = (line: ReferenceLine) =>
    last &&
    (last.kind === 'classify' && line.kind === 'classify'
      ? last.accuracy > line.accuracy
      : last.loss < (line.loss ?? 0));
  if (last && yours && last.step > 0 && live.lines.every(isAhead))
    return `Ahead on the ${counted(live.validationRows, 'validation row')}; the held-back rows decide`;
  return `Step ${live.step} of ${live.stepsTotal}`;
}

function ended(live: LiveRun): string {
  const best = live.validations.find((v) => v.step === live.bestStep) ?? live.validations.at(-1);
  const rows = counted(live.validationRows, 'validation row');
  const reached = !best
    ? ''
    : best.kind === 'generate'
      ? `: perplexity ${perplexityOf(best.loss)} on ${rows}`
      : `: ${percentWhole(best.accuracy)} of the ${rows}`;
  switch (live.ending) {
    case 'finished':
    case 'early':
    case 'stopped':
      return `Trained${reached}; now compare on held-back rows`;
    case 'paused':
      return `Paused at step ${live.step} of ${live.stepsTotal}`;
    case null:
      return live.error ? `The run stopped at step ${live.step}; nothing is lost` : 'The run ended';
  }
}

/** "Step 90 of 150 · 1.4 steps a second · 43 s left". */
export function progressWords(live: LiveRun): string {
  const parts: string[] = [];
  if (live.phase === 'caching' && live.cache)
    parts.push(`${live.cache.done} of ${counted(live.cache.total, 'row')} read`, 'once for all runs on these rows');
  else if (live.phase === 'preparing') parts.push(live.note ?? 'The model is getting ready');
  else if (live.phase === 'baselines') parts.push(live.note ?? 'Untuned and your prompt, on the validation rows');
  else {
    parts.push(`Step ${live.step} of ${live.stepsTotal}`);
    if (live.stepsPerSecond !== null)
      parts.push(
        live.stepsPerSecond >= 1
          ? `${live.stepsPerSecond.toFixed(1)} steps a second`
          : `${(1 / live.stepsPerSecond).toFixed(1)} s a step`,
      );
    if (live.note !== null) parts.push(`between two steps: ${live.note.charAt(0).toLowerCase()}${live.note.slice(1)}`);
  }
  if (live.secondsLeft !== null && live.phase !== 'ended') parts.push(`${clock(live.secondsLeft)} left`);
  return parts.join(' · ');
}

const STATUS: Readonly<Record<SoftVersion['status'], string>> = {
  running: 'open',
  paused: 'paused',
  finished: 'done',
  early: 'done, stopped early',
  stopped: 'stopped',
  failed: 'failed',
};
export const statusWords = (run: SoftVersion): string => STATUS[run.status];

/** "14.8". */
export const perplexityOf = (loss: number): string => String(Number(Math.exp(loss).toPrecision(3)));

/** What a run reached on the validation rows. */
export const reachedWords = ({ validationAccuracy, validationLoss }: SoftVersion): string =>
  validationLoss !== undefined
    ? `perplexity ${perplexityOf(validationLoss)}`
    : validationAccuracy === null
      ? '–'
      : percent(validationAccuracy);

/** "after the text, 10 vectors, 150 steps, seed 0", and what is out of the ordinary. */
export function settingsWords(settings: TrainingSettings): string {
  const { placement, virtualTokens, steps, seed, learningRate, trainRows, noise, reparameterise, classWeights } =
    settings;
  return [
    `${placement === 'suffix' ? 'after' : 'before'} the text`,
    counted(virtualTokens, 'vector'),
    counted(steps, 'step'),
    `seed ${seed}`,
    ...(learningRate === null ? [] : [`rate ${learningRate}`]),
    ...(trainRows ? [`on ${counted(trainRows, 'row')}`] : []),
    ...(noise ? [`noise ${noise}`] : []),
    ...(reparameterise ? ['reparameterised'] : []),
    ...(classWeights ? ['labels weighted'] : []),
  ].join(', ');
}

export const runWords = (run: SoftVersion): string =>
  `${run.handVersion ? 'hybrid, ' : ''}${settingsWords(run.settings)}`;

/** A lead on validation rows is told as one, never as a win. */
export function besideTitle(runs: readonly SoftVersion[]): string {
  const [lowest, nextLowest] = runs
    .filter((run) => run.validationLoss !== undefined)
    .sort((a, b) => (a.validationLoss ?? 0) - (b.validationLoss ?? 0));
  if (lowest && nextLowest)
    return `Run ${lowest.number} has the lowest perplexity on the validation rows: ${perplexityOf(lowest.validationLoss ?? 0)}; the next ${perplexityOf(nextLowest.validationLoss ?? 0)}`;
  const [first, second] = runs
    .filter((run) => run.validationAccuracy !== null)
    .sort((a, b) => (b.validationAccuracy ?? 0) - (a.validationAccuracy ?? 0));
  if (!first || !second) return 'Runs side by side';
  const [best, next] = [first.validationAccuracy ?? 0, second.validationAccuracy ?? 0];
  if (best === next) return `The best of these reach the same on the validation rows: ${percentWhole(best)}`;
  return `Run ${first.number} reaches most on the validation rows: ${percentWhole(best)}; the next ${percentWhole(next)}`;
}

/** The fraction of the whole bar: reading the rows counts as the first part of it. */
export function fractionOf(live: LiveRun): number | null {
  if (live.phase === 'preparing' || live.phase === 'baselines') return null;
  if (live.phase === 'caching' && live.cache) return live.cache.total > 0 ? live.cache.done / live.cache.total : null;
  return live.stepsTotal > 0 ? live.step / live.stepsTotal : null;
}
