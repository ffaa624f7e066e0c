import type { PromptSet } from '../../../project/types';
import { stageOptions, versionOptions } from '../../state/version-words';
import { Note, Select } from '../../ui';
import { usePlayground } from './use-playground';

/** A stage, or any version, beside the usual prompts; the address keeps which. */
export function AlsoPlays({
  set,
  also,
  onChange,
}: {
  readonly set: PromptSet;
  readonly also: string;
  readonly onChange: (which: string) => void;
}) {
  const trouble = usePlayground((s) => s.alsoTrouble);
  const versions = versionOptions(set);
  const stages = stageOptions(set);
  if (versions.length < 2 && stages.length === 0 && also === '') return null;
  return (
    <>
      <Select
        label="Also play a stage or a version"
        options={[{ id: '', label: 'None' }, ...stages, ...versions]}
        value={also}
        onChange={onChange}
      />
      {trouble ? (
        <Note tone="bad" live title="It does not play">
          {trouble}
        </Note>
      ) : null}
    </>
  );
}
