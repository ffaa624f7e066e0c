import type { CSSProperties } from 'react';
import { Input } from 'react-aria-components/Input';
import { TextArea as AriaTextArea } from 'react-aria-components/TextArea';
import { TextField as AriaTextField, type TextFieldProps as AriaTextFieldProps } from 'react-aria-components/TextField';
import { FieldFrame, type FieldProps } from './Field';
import './field.css';

type Props = Omit<AriaTextFieldProps, 'className' | 'children' | 'isInvalid'> &
  FieldProps & { readonly placeholder?: string; readonly mono?: boolean; readonly large?: boolean };

export const TextField = ({ label, hint, error, placeholder, mono, large, ...props }: Props) => (
  <AriaTextField {...props} isInvalid={Boolean(error)} className="field">
    <FieldFrame label={label} hint={hint} error={error ?? null}>
      <Input className={classes(mono, large)} placeholder={placeholder ?? ''} spellCheck={!mono} />
    </FieldFrame>
  </AriaTextField>
);

export const TextArea = ({
  label,
  hint,
  error,
  placeholder,
  mono,
  large,
  rows = 4,
  ...props
}: Props & { readonly rows?: number }) => (
  <AriaTextField {...props} isInvalid={Boolean(error)} className="field">
    <FieldFrame label={label} hint={hint} error={error ?? null}>
      <AriaTextArea
        className={classes(mono, large)}
        placeholder={placeholder ?? ''}
        rows={rows}
        spellCheck={!mono}
        style={{ '--rows': rows } as CSSProperties}
      />
    </FieldFrame>
  </AriaTextField>
);

const classes = (mono?: boolean, large?: boolean) => `input${mono ? ' input-mono' : ''}${large ? ' input-large' : ''}`;
