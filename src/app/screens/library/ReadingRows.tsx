import { Button, format, ProgressBar } from '../../ui';
import type { Reading } from './rows-reader';

interface ReadingRowsProps {
  readonly reading: Reading;
  readonly onStop: () => void;
}

/** How far the file is that is being read, and the way to give it up. */
export function ReadingRows({ reading: { name, share, secondsLeft }, onStop }: ReadingRowsProps) {
  return (
    <>
      <ProgressBar
        label={`Reading ${name}`}
        value={share}
        detail={secondsLeft === null ? null : `${format.duration(secondsLeft)} left`}
      />
      <div className="row">
        <Button onPress={onStop}>Stop reading</Button>
      </div>
    </>
  );
}
