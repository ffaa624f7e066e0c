import { type CSSProperties, type ReactNode, useState } from 'react';
import { FieldError } from 'react-aria-components/FieldError';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { Text } from 'react-aria-components/Text';
import { TextArea as AriaTextArea } from 'react-aria-components/TextArea';
import { TextField as AriaTextField, type TextFieldProps as AriaTextFieldProps } from 'react-aria-components/TextField';
import { type NumberRange, readNumber } from '../../lib/read-number';
import { Term } from './Marks';
import './field.css';

export interface FieldProps {
  readonly label: ReactNode;
  readonly means?: string | undefined;
  readonly hint?: ReactNode;
  /** A sentence: what is wrong and what to do. Marks the field invalid. */
  readonly error?: string | null;
}

export const FieldFrame = ({ label, means, hint, error, children }: FieldProps & { readonly children: ReactNode }) => (
  <>
    <Label className="field-label">
      <Term means={means}>{label}</Term>
    </Label>
    {children}
    {hint ? (
      <Text slot="description" className="field-hint">
        {hint}
      </Text>
    ) : null}
    <FieldError className="field-error">{error}</FieldError>
  </>
);

type Props = Omit<AriaTextFieldProps, 'className' | 'children' | 'isInvalid'> &
  FieldProps & { readonly placeholder?: string; readonly mono?: boolean; readonly large?: boolean };

const Framed = ({ label, means, hint, error = null, children, ...props }: Props & { readonly children: ReactNode }) => (
  <AriaTextField {...props} isInvalid={Boolean(error)} className="field">
    <FieldFrame label={label} means={means} hint={hint} error={error}>
      {children}
    </FieldFrame>
  </AriaTextField>
);

export const TextField = ({ placeholder = '', mono, large, ...props }: Props) => (
  <Framed {...props}>
    <Input className={classes(mono, large)} placeholder={placeholder} spellCheck={!mono} />
  </Framed>
);

export const TextArea = ({ placeholder = '', mono, large, rows = 4, ...props }: Props & { readonly rows?: number }) => (
  <Framed {...props}>
    <AriaTextArea
      className={classes(mono, large)}
      placeholder={placeholder}
      rows={rows}
      spellCheck={!mono}
      style={{ '--rows': rows } as CSSProperties}
    />
  </Framed>
);

const classes = (mono?: boolean, large?: boolean) => `input${mono ? ' input-mono' : ''}${large ? ' input-large' : ''}`;

interface NumberFieldProps extends NumberRange {
  readonly label: string;
  readonly hint?: string;
  readonly value: number | null;
  /** Called with what can be used; null where it is empty and may be. */
  readonly onChange: (value: number | null) => void;
}

/** Keeps what is typed until it can be read, so that a half-typed number is not taken away. */
export function NumberField({ label, hint, value, onChange, ...range }: NumberFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (value === null ? '' : String(value));
  const found = readNumber(range, text);
  return (
    <TextField
      label={label}
      hint={hint}
      inputMode={range.whole ? 'numeric' : 'decimal'}
      value={text}
      placeholder={range.empty ?? ''}
      error={'problem' in found ? found.problem : null}
      onChange={(next) => {
        setTyped(next);
        const now = readNumber(range, next);
        if ('value' in now) onChange(now.value);
      }}
      onBlur={() => 'value' in found && setTyped(null)}
    />
  );
}
