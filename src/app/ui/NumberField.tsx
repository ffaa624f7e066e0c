import { useState } from 'react';
import { TextField } from './TextField';

/** What a field may hold; `training/fields` reads it. */
interface NumberFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly whole: boolean;
  /** What an empty field means; left out = it may not be empty. */
  readonly empty?: string;
  readonly value: number | null;
  readonly read: (text: string) => { readonly value: number | null } | { readonly problem: string };
  readonly onChange: (value: number | null) => void;
}

/** Keeps what is typed until it can be read, so that a half-typed number is not taken away. */
export function NumberField({ label, hint, whole, empty = '', value, read, onChange }: NumberFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (value === null ? '' : String(value));
  const found = read(text);
  return (
    <TextField
      label={label}
      hint={hint}
      inputMode={whole ? 'numeric' : 'decimal'}
      value={text}
      placeholder={empty}
      error={'problem' in found ? found.problem : null}
      onChange={(next) => {
        setTyped(next);
        const now = read(next);
        if ('value' in now) onChange(now.value);
      }}
      onBlur={() => {
        if (!('problem' in found)) setTyped(null);
      }}
    />
  );
}
