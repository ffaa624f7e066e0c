import { memo, useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import { learningCurve, outlook } from '../../../workflow/learning-curve';
import { trainingCount, validationCount } from '../../../workflow/training-rows';
import { ChartPanel, drawCurve } from '../../charts';
import { format } from '../../ui';

interface LearningCurvePanelProps {
  readonly set: PromptSet;
  readonly dataset: Dataset;
}

/** Accuracy over the number of training rows, and what that says of more labels; nothing before there are two sizes. */
export const LearningCurvePanel = memo(function LearningCurvePanel({ set, dataset }: LearningCurvePanelProps) {
  const like = set.soft.findLast((run) => run.soft !== null && run.settings.trainRows);
  const validationRows = validationCount(dataset);
  const points = useMemo(
    () => (like ? learningCurve(set.soft, like, trainingCount(dataset)) : []),
    [set, like, dataset],
  );
  const draw = useMemo(() => drawCurve(points, validationRows), [points, validationRows]);
  const found = outlook(points, validationRows);
  if (!found) return null;
  return (
    <ChartPanel
      span={12}
      title={found.title}
      unit={`accuracy on ${format.counted(validationRows, 'validation row')}`}
      draw={draw}
      twin={{ columns: ['rows', 'accuracy', 'runs'], rows: points.map((p) => [p.rows, p.accuracy, p.runs]) }}
    >
      <p className="small">{found.sentence}</p>
    </ChartPanel>
  );
});
