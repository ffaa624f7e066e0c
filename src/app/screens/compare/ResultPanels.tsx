import { Fragment, useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { ArmReport, Comparison } from '../../../evaluation/types';
import type { ClassifyEvaluation } from '../../../project/types';
import {
  accuracyTitle,
  ChartPanel,
  confusionTitle,
  differenceTitle,
  drawAccuracy,
  drawConfusion,
  drawDifferences,
  sideOf,
} from '../../charts';
import { ArmMark, format } from '../../ui';
import { ArmsPanel } from './ArmsPanel';
import { LookCloser } from './LookCloser';
import { pText } from './p-value';

interface ResultPanelsProps {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
  readonly dataset: Dataset | null;
}

/** Everything under the verdict, in the order in which it is asked for. */
export function ResultPanels({ comparison, evaluation, dataset }: ResultPanelsProps) {
  const { arms, pairs } = comparison;
  const headline = pairs[0];
  const nameOf = useMemo(() => {
    const names = new Map(arms.map((arm) => [arm.id, arm.name]));
    return (id: string) => names.get(id) ?? id;
  }, [arms]);
  const accuracy = useMemo(() => drawAccuracy(arms), [arms]);
  const differences = useMemo(() => drawDifferences(pairs, nameOf), [pairs, nameOf]);
  const a = arms.find((arm) => arm.id === headline?.a);
  const b = arms.find((arm) => arm.id === headline?.b);
  const shown = [a, b].filter((arm) => arm !== undefined);
  return (
    <div className="grid">
      <ChartPanel
        span={7}
        title={accuracyTitle(arms, headline)}
        unit="accuracy, 95% Wilson interval"
        draw={accuracy}
        twin={{
          columns: ['prompt', 'correct', 'rows', 'accuracy', 'low_95', 'high_95', 'macro_f1'],
          rows: arms.map((arm) => [
            arm.name,
            arm.correct,
            arm.n,
            arm.accuracy,
            arm.accuracyCi95.low,
            arm.accuracyCi95.high,
            arm.macroF1,
          ]),
        }}
      />
      <ChartPanel
        span={5}
        title={differenceTitle(arms, pairs)}
        unit="points on the same rows, 95% interval"
        draw={differences}
        twin={{
          columns: [
            'difference',
            'points',
            'low_95',
            'high_95',
            'exact_p',
            'mid_p',
            'only_first_right',
            'only_second_right',
          ],
          rows: pairs.map((p) => [
            `${nameOf(p.b)} minus ${nameOf(p.a)}`,
            p.difference * 100,
            p.differenceCi95.low * 100,
            p.differenceCi95.high * 100,
            p.pExact,
            p.pMidP,
            p.aOnly,
            p.bOnly,
          ]),
        }}
      >
        {headline ? (
          <dl className="facts small">
            <dt>{`${nameOf(headline.b)} against ${nameOf(headline.a).toLowerCase()}, exact p`}</dt>
            <dd>{pText(headline.pExact)}</dd>
            {pairs.slice(1).map((pair) =>
              arms.some(({ id, kind }) => id === pair.a && kind === 'zero-shot' && id !== 'yours') ? (
                <Fragment key={pair.a}>
                  <dt>{`${nameOf(pair.b)} against “${nameOf(pair.a)}”, exact p`}</dt>
                  <dd>{pText(pair.pExact)}</dd>
                </Fragment>
              ) : null,
            )}
            <dt>mid-p</dt>
            <dd>{pText(headline.pMidP)}</dd>
            <dt>Macro-F1 difference</dt>
            <dd>
              {format.points(headline.macroF1Difference)} ({format.points(headline.macroF1Ci95.low)} to{' '}
              {format.points(headline.macroF1Ci95.high)}), p {pText(headline.macroF1P)}
            </dd>
          </dl>
        ) : null}
      </ChartPanel>
      <ArmsPanel comparison={comparison} evaluation={evaluation} />
      <div className="c12">
        <LookCloser comparison={comparison} evaluation={evaluation} dataset={dataset} />
      </div>
      {shown.map((arm) => (
        <ConfusionPanel key={arm.id} arm={arm} labels={evaluation.plan.labels} />
      ))}
    </div>
  );
}

function ConfusionPanel({ arm, labels }: { arm: ArmReport; labels: readonly string[] }) {
  const draw = useMemo(() => drawConfusion(arm, labels), [arm, labels]);
  const title = confusionTitle(arm, labels);
  return (
    <ChartPanel
      span={6}
      title={title}
      heading={
        <>
          <ArmMark side={sideOf(arm)} /> {title}
        </>
      }
      unit="rows: label · columns: answer"
      draw={draw}
      twin={{ columns: ['label', ...labels], rows: arm.confusion.map((row, i) => [labels[i] ?? '', ...row]) }}
    />
  );
}
