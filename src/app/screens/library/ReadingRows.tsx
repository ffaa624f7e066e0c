import { type StoreApi, useStore } from 'zustand';
import { Button, format, ProgressBar } from '../../ui';
import type { Reading } from './rows-file';

interface ReadingRowsProps {
  readonly of: { readonly reading: StoreApi<Reading | null> };
  readonly onStop: () => void;
}

/** Progress of the file that is being read, and how to stop; nothing while none is. */
export function ReadingRows({ of, onStop }: ReadingRowsProps) {
  const reading = useStore(of.reading);
  if (!reading) return null;
  const { name, fraction, secondsLeft } = reading;
  return (
    <>
      <ProgressBar
        label={`Reading ${name}`}
        value={fraction}
        detail={secondsLeft === null ? null : `${format.duration(secondsLeft)} left`}
      />
      <div className="row">
        <Button onPress={onStop}>Stop reading</Button>
      </div>
    </>
  );
}
