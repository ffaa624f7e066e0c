import type { ComponentType, ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Dataset } from '../../../../../dataset/types';
import type { Insights } from '../../../../../evaluation/classify/compare';
import { betterCalibration } from '../../../../../evaluation/classify/outcome';
import { calibrationWords } from '../../../../../evaluation/classify/rows';
import { versionsCompared } from '../../../../../prompt-set/calibration';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import { useResource } from '../../../../state/resource';
import { usePromptSets } from '../../../../state/studio';
import { Button, Failed, Note, ProgressBar } from '../../../../ui';
import { closerStores, type InsightsKey, type InsightsProps } from '../../closer-store';
import { compareStores } from '../../compare-store';
import { LookCloser } from '../parts';
import { ChecksPanels } from './ChecksPanels';
import { ConfidencePanels } from './ConfidencePanels';
import { LabelRows } from './LabelRows';
import { LabelStatistics } from './LabelStatistics';
import { CorrectedVerdict, ReviewPanel } from './ReviewPanel';
import { SlicesPanel } from './SlicesPanel';

interface LabelResultsProps {
  readonly evaluation: ClassifyEvaluation;
  readonly dataset: Dataset;
}

function Closer(given: LabelResultsProps) {
  const { evaluation, dataset } = given;
  const { comparison } = evaluation;
  const keyOf = (pairIndex: number): InsightsKey => ({ id: evaluation.id, pairIndex, dataset });
  return (
    <LookCloser
      comparison={comparison}
      ofPair={(pair, index) => {
        const props = { ...given, pair };
        const found = (Content: ComponentType<InsightsProps>) => (
          <Found of={keyOf(index)}>{(insights) => <Content {...props} insights={insights} />}</Found>
        );
        return [
          { id: 'rows', label: 'Rows', content: <LabelRows {...props} of={keyOf(index)} /> },
          { id: 'parts', label: 'Slices', content: found(SlicesPanel) },
          { id: 'sure', label: 'How sure', content: found(ConfidencePanels) },
          // labels are checked for the pair that the verdict is about
          {
            id: 'labels',
            label: 'Check labels',
            content: <ReviewPanel {...props} pair={comparison.pairs[0] ?? pair} />,
          },
        ];
      }}
      always={[
        { id: 'statistics', label: 'Statistics', content: <LabelStatistics {...given} /> },
        {
          id: 'checks',
          label: 'More checks',
          content: <Found of={keyOf(0)}>{(insights) => <ChecksPanels {...given} insights={insights} />}</Found>,
        },
      ]}
    />
  );
}

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

export const LabelResults = (props: LabelResultsProps) => {
  const { comparison, plan } = props.evaluation;
  return (
    <>
      <p className="dim small">{calibrationWords(comparison, plan.arms)}</p>
      <Recalibrations {...props} />
      <CorrectedVerdict {...props} />
      <Closer {...props} />
    </>
  );
};
