import type { ReactNode } from 'react';
import { Label } from 'react-aria-components/Label';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import './field.css';

interface ChoicesProps<T extends string> {
  readonly label: ReactNode;
  readonly options: readonly { readonly id: T; readonly label: ReactNode; readonly isDisabled?: boolean }[];
  readonly value: T;
  readonly onChange: (id: T) => void;
  readonly hideLabel?: boolean;
}

/** One of a few, all visible. */
export const Choices = <T extends string>({ label, options, value, onChange, hideLabel }: ChoicesProps<T>) => (
  <RadioGroup className="field" orientation="horizontal" value={value} onChange={(id) => onChange(id as T)}>
    <Label className={hideLabel ? 'visually-hidden' : 'field-label'}>{label}</Label>
    <div className="choices">
      {options.map((option) => (
        <Radio key={option.id} value={option.id} className="choice" isDisabled={option.isDisabled ?? false}>
          {option.label}
        </Radio>
      ))}
    </div>
  </RadioGroup>
);
