import { useStore } from 'zustand';
import type { Dataset } from '../../../../../dataset/types';
import type { CalibrationMode } from '../../../../../evaluation/classify/outcome';
import { calibrationWords } from '../../../../../evaluation/classify/rows';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import { useResource } from '../../../../state/resource';
import { Choices } from '../../../../ui';
import { compareStores, type Shown } from '../../compare-store';
import { LookCloser } from './LookCloser';
import { CorrectedVerdict } from './ReviewPanel';

interface LabelResultsProps {
  readonly evaluation: ClassifyEvaluation;
  readonly dataset: Dataset;
}

const MODES: readonly { readonly id: CalibrationMode; readonly label: string }[] = [
  { id: 'chosen', label: 'Calibrated where it helps' },
  { id: 'calibrated', label: 'All calibrated' },
  { id: 'raw', label: 'None' },
];

/** The figures under the calibration that was chosen; until those are computed, the comparison's own. */
function useShown(evaluation: ClassifyEvaluation): Shown & { readonly switching: boolean } {
  const { chosen, recalibrated } = compareStores.use();
  const wanted = useStore(chosen, (s) => (s.of === evaluation.id ? s.mode : 'chosen'));
  const key = wanted === 'chosen' ? null : { id: evaluation.id, mode: wanted };
  const { value, status } = useResource(recalibrated, key);
  if (key && value) return { evaluation, comparison: value, mode: wanted, switching: false };
  return { evaluation, comparison: evaluation.comparison, mode: 'chosen', switching: status === 'loading' };
}

/** Everything under the card of a comparison of labels. */
export function LabelResults({ evaluation, dataset }: LabelResultsProps) {
  const { choose } = compareStores.use();
  const { switching, ...shown } = useShown(evaluation);
  return (
    <>
      <div className="row">
        <Choices
          label="Calibration"
          hideLabel
          value={shown.mode}
          onChange={(mode) => void choose(evaluation, mode)}
          options={MODES.map((option) => ({ ...option, isDisabled: switching }))}
        />
        <p className="dim small">{calibrationWords(shown.comparison, shown.mode)}</p>
      </div>
      <CorrectedVerdict {...shown} />
      <LookCloser {...shown} dataset={dataset} />
    </>
  );
}
