import type { ComponentProps } from 'react';
import type { PromptSet } from '../../prompt-set/types';
import { stageOptions, versionOptions } from '../state/version-words';
import { Select } from '../ui';

interface VersionPickerProps extends Omit<ComponentProps<typeof Select>, 'options'> {
  readonly set: PromptSet | null;
  readonly withStages?: boolean;
}

/** Chooses a version of a set; one that is gone, or is another set's, is none. */
export function VersionPicker({ set, withStages, value, isDisabled, ...field }: VersionPickerProps) {
  const options = set ? [...(withStages ? stageOptions(set) : []), ...versionOptions(set)] : [];
  return (
    <Select
      {...field}
      options={options}
      value={options.some(({ id }) => id === value) ? value : null}
      isDisabled={!set || (isDisabled ?? false)}
    />
  );
}
