import type { ComponentProps } from 'react';
import type { Choice } from '../../prompt-set/planned';
import type { PromptSet } from '../../prompt-set/types';
import { choiceKey, choiceOptions, versionOptions } from '../state/version-words';
import { Select } from '../ui';

type Field = Omit<ComponentProps<typeof Select>, 'options'> & { readonly set: PromptSet | null };

/** Chooses a version of a set; one that is gone, or is another set's, is none. */
export function VersionPicker({ set, value, isDisabled, ...field }: Field) {
  const options = set ? versionOptions(set) : [];
  return (
    <Select
      {...field}
      options={options}
      value={options.some(({ id }) => id === value) ? value : null}
      isDisabled={!set || (isDisabled ?? false)}
    />
  );
}

interface ChoicePickerProps extends Omit<Field, 'value' | 'onChange'> {
  readonly value: Choice | null;
  readonly onChange: (choice: Choice | null) => void;
  /** Says that nothing is chosen; left out: that cannot be chosen. */
  readonly none?: string;
}

export function ChoicePicker({ set, value, onChange, none, isDisabled, ...field }: ChoicePickerProps) {
  const options = set ? choiceOptions(set) : [];
  const nothing = none === undefined ? [] : [{ id: '', label: none }];
  const key = value ? choiceKey(value) : '';
  return (
    <Select
      {...field}
      options={[...nothing, ...options]}
      value={[...nothing, ...options].some(({ id }) => id === key) ? key : null}
      onChange={(id) => onChange(options.find((each) => each.id === id)?.choice ?? null)}
      isDisabled={!set || (isDisabled ?? false)}
    />
  );
}
