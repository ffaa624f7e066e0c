import { armId, isProbe, PROBE_LINE } from '../../prompt-set/arms';
import { keepArm, versionOfArm } from '../../prompt-set/calibration';
import { addVersion } from '../../prompt-set/make-versions';
import { stamp } from '../../prompt-set/prompt-set';
import type { Evaluation, PromptSet } from '../../prompt-set/types';
import type { CompareEvent } from '../../workflow/compare-arms';
import { type Saving, updateSet } from './saving-sets';
import type { Services } from './services';

interface Keeping {
  readonly signal: AbortSignal;
  readonly onEvent: (event: CompareEvent) => void;
}

/**
 * Saves prompts of a comparison as versions, where they are none yet and can be. The model must be loaded for a probe.
 * @throws StudioError as `keepProbe`
 */
export const keepingArms =
  (saving: Saving, workflow: Services['workflow']) =>
  async (evaluation: Evaluation, arms: readonly string[], options?: Keeping): Promise<PromptSet> => {
    const { setId } = evaluation;
    const stamped = arms.map((arm) => ({ arm, at: stamp() }));
    const keep = (all: PromptSet, { arm, at }: (typeof stamped)[number]) => keepArm(all, evaluation, arm, at);
    const set = await updateSet(saving, setId, (before) => stamped.reduce(keep, before));
    if (!arms.some(isProbe) || versionOfArm(set, evaluation, PROBE_LINE) !== null) return set;
    const dataset = (await saving.disk.datasets.get(setId))?.dataset ?? null;
    const stored = { set, dataset, evaluations: [evaluation], checkpoints: [], measurements: [] };
    const order = { stored, subject: armId(evaluation, PROBE_LINE), withRows: true };
    const version = await workflow.call('keepProbe', order, options);
    // a second press may have added it meanwhile
    return updateSet(saving, setId, (before, { now }) =>
      versionOfArm(before, evaluation, PROBE_LINE) === null
        ? addVersion(before, { id: version.id, now }, version)
        : before,
    );
  };
