import { useEffect, useState } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import { CompareFrame } from './CompareFrame';
import { OthersRow } from './OthersRow';
import { useWriting } from './use-writing';
import { WritingPanels } from './WritingPanels';
import { WritingSaveDialog } from './WritingSaveDialog';

/** Compare where texts are written. */
export function WritingCompare({ set, dataset }: { readonly set: PromptSet; readonly dataset: Dataset }) {
  const state = useWriting((s) => s);
  const [saving, setSaving] = useState(false);
  const { enter, evaluation } = state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another set has other comparisons
  useEffect(() => void enter(), [enter, set.id]);
  const shown = evaluation?.setId === set.id ? evaluation : null;
  return (
    <CompareFrame
      set={set}
      dataset={dataset}
      state={state}
      shown={
        shown && {
          verdict: shown.comparison.verdict,
          armIds: shown.plan.arms.map(({ id }) => id),
          hardVersion: shown.hardVersion,
          softVersion: shown.softVersion,
          madeOn: shown.datasetFingerprint,
          holdsFor: shown.datasetFingerprint,
        }
      }
      words={WORDS}
      onSave={() => setSaving(true)}
    >
      {shown ? (
        <>
          <OthersRow />
          <WritingSaveDialog evaluation={shown} isOpen={saving} onClose={() => setSaving(false)} />
          <WritingPanels evaluation={shown} dataset={dataset} />
        </>
      ) : null}
    </CompareFrame>
  );
}

const WORDS = {
  running: 'Writing on rows that no prompt has seen',
  question: 'Does the tuned prompt write nearer to your texts than yours?',
  about:
    'Every prompt writes after the same rows, always the likeliest word; what it writes is held against your own texts, and the difference comes with its interval.',
};
