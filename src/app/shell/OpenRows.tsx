/** How rows get into the page, from Home and from Data: a file dialog, the sample, and how far a file has been read. */
import type { ReactNode } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { asStudioError } from '../../lib/errors';
import { duration } from '../../lib/format';
import { navigate, screenPath } from '../state/location';
import { useStores } from '../state/studio';
import { Button, type ButtonProps } from '../ui/Button';
import { ProgressBar } from '../ui/Panel';
import { toastError } from '../ui/toast';

interface FileButtonProps extends Pick<ButtonProps, 'variant' | 'size' | 'isDisabled'> {
  readonly onFile: (file: File) => void;
  readonly children: ReactNode;
}

/** Opens the system's file dialog. Any type can be chosen: the reader names what it cannot read. */
export const FileButton = ({ onFile, children, ...props }: FileButtonProps) => (
  <FileTrigger
    onSelect={(files) => {
      const file = files?.[0];
      if (file) onFile(file);
    }}
  >
    <Button {...props}>{children}</Button>
  </FileTrigger>
);

/** How far the file has been read, and the way to stop. */
export function ReadingBar({ label }: { readonly label: string }) {
  const { data } = useStores();
  const share = useStore(data, (s) => s.readingShare);
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

/** Opens the bundled sample and goes to one of its screens. */
export function useOpenSample(screen: string): () => void {
  const { data } = useStores();
  return () => {
    data
      .getState()
      .openSample()
      .then((set) => navigate(screenPath(set.id, screen)))
      .catch((cause: unknown) => toastError('The sample was not opened', asStudioError(cause).message));
  };
}
