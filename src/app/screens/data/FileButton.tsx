import type { ReactNode } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { Button, type ButtonProps } from '../../ui/Button';

interface FileButtonProps extends Pick<ButtonProps, 'variant' | 'size'> {
  readonly onFile: (file: File) => void;
  readonly children: ReactNode;
}

/** Opens the system's file dialog. Any type can be chosen: the reader says by name what it cannot read. */
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
