import { Button } from 'react-aria-components/Button';
import { Link } from 'wouter';
import { screenPath } from '../state/location';
import { usePromptSets, useSession } from '../state/studio';
import { clock } from '../ui/format';
import { StopSquare } from '../ui/icons';

/** What runs now, how long it will take, and how to stop it. Nothing when nothing runs. */
export function JobChip() {
  const job = useSession((s) => s.job);
  const setId = usePromptSets((s) => s.set?.id ?? null);
  if (!job) return null;
  const left = job.secondsLeft === null ? null : clock(job.secondsLeft);
  return (
    <span className="chip chip-on chip-job" data-testid="job">
      <Ring fraction={job.fraction} />
      <Link
        href={screenPath(setId, job.screen)}
        className="job-link"
        aria-label={left === null ? job.title : `${job.title} · ${left} left`}
      >
        <span className="chip-wide">
          {job.title}
          {left === null ? '' : ' · '}
        </span>
        {left}
        {left === null ? <span className="chip-narrow">…</span> : <span className="chip-wide"> left</span>}
      </Link>
      {job.stop ? (
        <Button className="chip-stop" aria-label={`Stop: ${job.title}`} onPress={job.stop}>
          <StopSquare />
        </Button>
      ) : null}
    </span>
  );
}

const LENGTH = 2 * Math.PI * 5;

const Ring = ({ fraction }: { readonly fraction: number | null }) => (
  <svg className="chip-ring" width="14" height="14" viewBox="0 0 14 14" fill="none" strokeWidth="2" aria-hidden="true">
    <circle cx="7" cy="7" r="5" stroke="var(--line-strong)" />
    <circle cx="7" cy="7" r="5" stroke="var(--accent)" strokeDasharray={`${LENGTH * (fraction ?? 0.25)} ${LENGTH}`} />
  </svg>
);
