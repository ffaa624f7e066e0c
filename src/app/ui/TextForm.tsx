import { type ComponentProps, type ReactNode, useState } from 'react';
import { Button } from './Button';
import { TextField } from './Field';

interface TextFormProps extends Pick<ComponentProps<typeof TextField>, 'label' | 'hint' | 'maxLength' | 'autoFocus'> {
  readonly value: string;
  readonly submit: string;
  readonly mayBeEmpty?: boolean;
  readonly check?: (text: string) => string | null;
  readonly onSubmit: (text: string) => void;
  readonly onCancel: () => void;
  readonly children?: ReactNode;
}

/** A short text that is changed in place. Escape cancels. */
export function TextForm(props: TextFormProps) {
  const { value, submit, mayBeEmpty, check, onSubmit, onCancel, children, autoFocus = true, ...field } = props;
  const [text, setText] = useState(value);
  const error = check?.(text) ?? null;
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (error === null) onSubmit(text);
      }}
    >
      <TextField
        {...field}
        autoFocus={autoFocus}
        value={text}
        onChange={setText}
        error={error}
        onFocus={({ target }) => target instanceof HTMLInputElement && target.select()}
        onKeyDown={(event) => event.key === 'Escape' && onCancel()}
      />
      <Button type="submit" isDisabled={error !== null || (!mayBeEmpty && text.trim() === '')}>
        {submit}
      </Button>
      {children}
    </form>
  );
}
