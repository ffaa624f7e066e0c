import { useEffect, useState } from 'react';
import { isWriting } from '../../../project/prompt-set';
import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject } from '../../state/studio';
import { Button, Choices, EmptyState } from '../../ui';
import { CompareFrame } from './CompareFrame';
import { CorrectedVerdict } from './CorrectedVerdict';
import { OthersRow } from './OthersRow';
import { ResultPanels } from './ResultPanels';
import { calibrationWords } from './results';
import { SaveDialog } from './SaveDialog';
import { useCompare } from './use-compare';
import { WritingCompare } from './WritingCompare';
import './compare.css';

export default function CompareScreen() {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const enter = useCompare((s) => s.enter);
  const state = useCompare((s) => s);
  const [saving, setSaving] = useState(false);
  const setId = set?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another set has other comparisons
  useEffect(() => void enter(), [enter, setId]);

  if (!set || !dataset)
    return (
      <ScreenFrame title="There is nothing to compare yet">
        <EmptyState
          title="First, labelled rows"
          action={
            <Button variant="primary" onPress={() => navigate(screenPath(set?.id ?? null, 'data'))}>
              Open a CSV
            </Button>
          }
        >
          Prompts are compared on rows that were held back: open a file with a text column and a column of answers.
        </EmptyState>
      </ScreenFrame>
    );

  if (isWriting(set)) return <WritingCompare set={set} dataset={dataset} />;

  const { evaluation, comparison } = state;
  const shown = evaluation?.setId === set.id && comparison ? { evaluation, comparison } : null;
  return (
    <CompareFrame
      set={set}
      dataset={dataset}
      state={state}
      shown={
        shown && {
          verdict: shown.comparison.verdict,
          armIds: shown.evaluation.plan.arms.map(({ id }) => id),
          hardVersion: shown.evaluation.hardVersion,
          softVersion: shown.evaluation.softVersion,
          madeOn: shown.evaluation.datasetFingerprint,
          holdsFor: shown.evaluation.review?.datasetFingerprint ?? shown.evaluation.datasetFingerprint,
        }
      }
      words={WORDS}
      onSave={() => setSaving(true)}
    >
      {shown ? (
        <>
          <div className="row">
            <Choices
              label="Calibration"
              hideLabel
              value={state.mode}
              onChange={(mode) => void state.calibrate(mode)}
              options={[
                { id: 'chosen', label: 'Calibrated where it helps', isDisabled: state.switching },
                { id: 'calibrated', label: 'All calibrated', isDisabled: state.switching },
                { id: 'raw', label: 'None', isDisabled: state.switching },
              ]}
            />
            <p className="dim small">{calibrationWords(shown.comparison, state.mode)}</p>
          </div>
          <CorrectedVerdict comparison={shown.comparison} evaluation={shown.evaluation} />
          <OthersRow />
          <SaveDialog isOpen={saving} onClose={() => setSaving(false)} />
          <ResultPanels comparison={shown.comparison} evaluation={shown.evaluation} dataset={dataset} />
        </>
      ) : null}
    </CompareFrame>
  );
}

const WORDS = {
  running: 'Comparing on rows that no prompt has seen',
  question: 'Is the tuned prompt better than yours?',
  about:
    'Every prompt answers the same rows, in the same way; the difference comes with its interval, and the answer may be that yours is better.',
};
