/** What the Train screen says of a run. Pure. */
import { clock, counted, percentWhole } from '../../../lib/format';
import { isUsable } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { perplexityOf } from '../../../workflow/words';
import type { ReferenceLine } from '../../charts/finding';
import type { LiveRun } from './live-run';

export function trainHeadline(live: LiveRun | null, set: PromptSet | null, trainRows: number): string {
  if (live) {
    switch (live.phase) {
      case 'preparing':
        return 'Preparing the rows';
      case 'baselines':
        return 'Scoring the prompts to beat';
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
    last?.kind === 'classify' && line.kind === 'classify'
      ? last.accuracy > line.accuracy
      : (last?.loss ?? 0) < (line.loss ?? 0);
  if (last && yours && last.step > 0 && live.lines.every(isAhead))
    return `Ahead on the ${counted(live.validationRows, 'validation row')}; the test rows decide`;
  return `Step ${live.step} of ${live.stepsTotal}`;
}

function ended(live: LiveRun): string {
  switch (live.ending) {
    case 'finished':
    case 'early':
    case 'stopped':
      return `Trained${reached(live)}; now compare on test rows`;
    case 'paused':
      return `Paused at step ${live.step} of ${live.stepsTotal}`;
    case null:
      return live.error ? `The run stopped at step ${live.step}; its progress is saved` : 'The run ended';
  }
}

function reached({ validations, bestStep, validationRows }: LiveRun): string {
  const best = validations.find((v) => v.step === bestStep) ?? validations.at(-1);
  if (!best) return '';
  const rows = counted(validationRows, 'validation row');
  return best.kind === 'generate'
    ? `: perplexity ${perplexityOf(best.loss)} on ${rows}`
    : `: ${percentWhole(best.accuracy)} of the ${rows}`;
}

/** "Step 90 of 150 · 1.4 steps per second · 0:43 left". */
export function progressWords(live: LiveRun): string {
  const left = live.secondsLeft !== null && live.phase !== 'ended' ? [`${clock(live.secondsLeft)} left`] : [];
  return [...progressParts(live), ...left].join(' · ');
}

function progressParts(live: LiveRun): readonly string[] {
  if (live.phase === 'caching' && live.cache)
    return [`${live.cache.done} of ${counted(live.cache.total, 'row')} read`, 'once for all runs on these rows'];
  if (live.phase === 'preparing') return [live.note ?? 'Getting the model ready'];
  if (live.phase === 'baselines') return [live.note ?? 'Scoring the untuned prompt and yours'];
  const rate = live.stepsPerSecond;
  const speed =
    rate === null ? [] : [rate >= 1 ? `${rate.toFixed(1)} steps per second` : `${(1 / rate).toFixed(1)} s per step`];
  return [`Step ${live.step} of ${live.stepsTotal}`, ...speed, ...(live.note === null ? [] : [live.note])];
}
