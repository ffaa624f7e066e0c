import { memo, useMemo } from 'react';
import type { PromptSet } from '../../../project/types';
import { ChartPanel, drawCurve } from '../../charts';
import { format } from '../../ui';
import { learningCurve, outlook } from './learning-curve';

interface LearningCurvePanelProps {
  readonly set: PromptSet;
  readonly trainRows: number;
  readonly validationRows: number;
}

/** Accuracy over the number of training rows, and what that says of more labels; nothing before there are two sizes. */
export const LearningCurvePanel = memo(function LearningCurvePanel({
  set,
  trainRows,
  validationRows,
}: LearningCurvePanelProps) {
  const like = set.soft.findLast((run) => run.soft !== null && run.settings.trainRows);
  const points = useMemo(() => (like ? learningCurve(set.soft, like, trainRows) : []), [set, like, trainRows]);
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
