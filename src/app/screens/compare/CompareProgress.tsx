import { format, ProgressBar } from '../../ui';
import type { ArmProgress } from './score-contest';

interface CompareProgressProps {
  readonly progress: readonly ArmProgress[];
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly note: string | null;
}

/** How far the comparison is, prompt by prompt. */
export function CompareProgress({ progress, fraction, secondsLeft, note }: CompareProgressProps) {
  return (
    <div className="stack">
      <ProgressBar
        label={note ?? 'Comparing'}
        value={fraction}
        detail={secondsLeft === null ? null : `${format.clock(secondsLeft)} left`}
      />
      <ol className="arms" aria-label="Prompts">
        {progress.map((arm) => (
          <li key={arm.id}>
            {arm.state === 'done' ? '✓' : arm.state === 'running' ? '…' : '·'} {arm.name}{' '}
            <span className="dim small">
              {arm.state === 'running' ? format.percentWhole(arm.fraction) : arm.state === 'done' ? 'done' : 'waits'}
            </span>
          </li>
        ))}
      </ol>
      <p className="visually-hidden" role="status">
        {note}
      </p>
    </div>
  );
}
