import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Insights } from '../../../../../evaluation/classify/compare';
import { betterCalibration } from '../../../../../evaluation/classify/outcome';
import { present } from '../../../../../lib/assert';
import { versionsCompared } from '../../../../../prompt-set/calibration';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import { useResource } from '../../../../state/resource';
import { usePromptSets } from '../../../../state/studio';
import { Button, Failed, Note, ProgressBar } from '../../../../ui';
import { closerStores, type InsightsKey } from '../../closer-store';
import { compareStores } from '../../compare-store';
import { type ResultsProps, usePair } from '../parts';
import { ChecksPanels } from './ChecksPanels';
import { ConfidencePanels } from './ConfidencePanels';
import { LabelRows } from './LabelRows';
import { LabelStatistics } from './LabelStatistics';
import { CorrectedVerdict, ReviewPanel } from './ReviewPanel';
import { SlicesPanel } from './SlicesPanel';

type LabelResultsProps = ResultsProps<ClassifyEvaluation>;

/** What is known of the chosen pair once slices, probabilities and ranks are computed. */
function usePairOf({ evaluation, dataset }: LabelResultsProps) {
  const { pair, index, choice } = usePair(evaluation.comparison);
  const of: InsightsKey = { id: evaluation.id, pairIndex: index, dataset };
  return { pair, choice, of };
}

export function LabelSure(given: LabelResultsProps) {
  const { pair, choice, of } = usePairOf(given);
  return (
    <div className="stack">
      <Recalibrations {...given} />
      <LabelStatistics {...given} />
      {choice ? <div className="row filters">{choice}</div> : null}
      <Found of={of}>
        {(insights) => (pair ? <ConfidencePanels {...given} insights={insights} pair={pair} /> : null)}
      </Found>
      <ChecksPanels {...given} />
    </div>
  );
}

export function LabelFails(given: LabelResultsProps) {
  const { pair: chosen, choice, of } = usePairOf(given);
  const pair = present(chosen, 'a pair');
  return (
    <div className="stack">
      <LabelRows {...given} pair={pair} of={of} choice={choice} />
      <Found of={of}>{(insights) => <SlicesPanel {...given} insights={insights} pair={pair} />}</Found>
    </div>
  );
}

/** Labels are checked for the pair that the verdict is about. */
export const LabelCheck = (given: LabelResultsProps) => (
  <div className="stack">
    <CorrectedVerdict {...given} />
    <ReviewPanel {...given} pair={present(given.evaluation.comparison.pairs[0], 'a pair')} />
  </div>
);

interface FoundProps {
  readonly of: InsightsKey;
  readonly children: (insights: Insights) => ReactNode;
}

function Found({ of, children }: FoundProps) {
  const { insights, progress } = closerStores.use();
  const { value, error } = useResource(insights, of);
  const fraction = useStore(progress, (s) => s.fraction);
  if (value) return children(value);
  if (error) return <Failed title="The analysis did not finish" error={error} onRetry={() => void insights.reload()} />;
  return <ProgressBar label="Computing slices, probabilities and ranks" value={fraction} />;
}

/** Versions that keep an earlier calibration although another one is clearly better on the validation rows. */
function Recalibrations({ evaluation }: Pick<LabelResultsProps, 'evaluation'>) {
  const { recalibrate } = compareStores.use();
  const set = usePromptSets((s) => s.set);
  const versions = set && versionsCompared(set, evaluation);
  return evaluation.plan.arms.map((arm) => {
    const [better, versionId] = [betterCalibration(arm), versions?.get(arm.id)];
    return better && versionId ? (
      <Note key={arm.id} title={`${arm.name} keeps the calibration it answers with`} tone="info">
        {`On the validation rows ${better.fit ? 'another one' : 'none'} is clearly better: a mean loss of ${better.loss.better.toFixed(2)} instead of ${better.loss.own.toFixed(2)}. Save it as a new version, then compare again.`}
        <Button onPress={() => void recalibrate(evaluation.setId, versionId, better.fit)}>Save as a new version</Button>
      </Note>
    ) : null;
  });
}
