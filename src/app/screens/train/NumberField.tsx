import { useState } from 'react';
import { type NumberSetting, readNumber } from '../../../training/fields';
import { TextField } from '../../ui';

interface NumberFieldProps {
  readonly setting: Omit<NumberSetting, 'key'>;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}

/** Keeps what is typed until it can be read, so that a half-typed number is not taken away. */
export function NumberField({ setting, value, onChange }: NumberFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (value === null ? '' : String(value));
  const read = readNumber(setting, text);
  return (
    <TextField
      label={setting.label}
      hint={setting.hint}
      inputMode={setting.whole ? 'numeric' : 'decimal'}
      value={text}
      placeholder={setting.empty ?? ''}
      error={'problem' in read ? read.problem : null}
      onChange={(next) => {
        setTyped(next);
        const found = readNumber(setting, next);
        if ('value' in found) onChange(found.value);
      }}
      onBlur={() => {
        if (!('problem' in read)) setTyped(null);
      }}
    />
  );
}
