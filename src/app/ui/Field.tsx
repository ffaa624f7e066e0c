import type { ReactNode } from 'react';
import { FieldError } from 'react-aria-components/FieldError';
import { Label } from 'react-aria-components/Label';
import { Text } from 'react-aria-components/Text';

export interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  /** A sentence: what is wrong and what to do. Marks the field invalid. */
  readonly error?: string | null;
}

/** Label above, hint and error below: the frame that every input shares. */
export function FieldFrame({ label, hint, error, children }: FieldProps & { readonly children: ReactNode }) {
  return (
    <>
      <Label className="field-label">{label}</Label>
      {children}
      {hint ? (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      ) : null}
      <FieldError className="field-error">{error}</FieldError>
    </>
  );
}
