import { CHECKING, verdictWords } from '../state/self-check';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { ProgressBar } from '../ui/ProgressBar';

/** Whether the loaded model's gradients are right, and the button that checks again. */
export function SelfCheck() {
  const check = useSession((s) => s.check);
  const job = useSession((s) => s.job);
  const { session } = useStores();
  if (check.kind === 'running')
    return (
      <div className="stack">
        <ProgressBar label={CHECKING} value={check.fraction} />
        {job?.stop ? (
          <Button variant="link" onPress={job.stop}>
            Stop the check
          </Button>
        ) : null}
      </div>
    );
  const known = check.kind === 'known' ? check.verdict : null;
  return (
    <>
      <span className={known && !known.ok ? 'check-bad' : undefined}>
        {known ? `${verdictWords(known)}. ` : 'Runs once, before the first training. '}
      </span>
      <Button variant="link" isDisabled={job !== null} onPress={() => void session.getState().checkAgain()}>
        {known ? 'Check again' : 'Check now'}
      </Button>
    </>
  );
}
