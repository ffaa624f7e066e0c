import { useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { duration } from '../../ui/format';
import { ProgressBar } from '../../ui/ProgressBar';
import { useData } from './use-data';

/** How far the file is that is being read, and the way to give it up. */
export function ReadingBar({ label }: { readonly label: string }) {
  const { data } = useStores();
  const share = useData((s) => s.readingShare);
  return (
    <div className="stack">
      <ProgressBar
        label={label}
        value={share?.done ?? null}
        detail={share?.secondsLeft ? `${duration(share.secondsLeft)} left` : undefined}
      />
      <div className="row">
        <Button onPress={data.getState().stopReading}>Stop</Button>
      </div>
    </div>
  );
}
