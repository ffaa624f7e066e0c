import { Fragment, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Dataset } from '../../../../../dataset/types';
import { type CalibrationMode, differenceOf } from '../../../../../evaluation/classify/outcome';
import { calibrationWords } from '../../../../../evaluation/classify/rows';
import type { ArmReport, Comparison } from '../../../../../evaluation/types';
import { namesOf, pText } from '../../../../../evaluation/words';
import { midSentence } from '../../../../../lib/format';
import { columnName, ends, LABEL_METRICS, metricsOf } from '../../../../../metrics/registry';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import {
  accuracyTitle,
  ChartPanel,
  confusionTitle,
  differenceTitle,
  drawAccuracy,
  drawConfusion,
  drawDifferences,
  sideOf,
} from '../../../../charts';
import { useResource } from '../../../../state/resource';
import { ArmMark, Choices } from '../../../../ui';
import { compareStores, type Shown } from '../../compare-store';
import { ArmsPanel } from './ArmsPanel';
import { LookCloser } from './LookCloser';
import { CorrectedVerdict } from './ReviewPanel';

interface LabelResultsProps {
  readonly evaluation: ClassifyEvaluation;
  readonly dataset: Dataset;
}

/** Every metric but the headline's. */
const OTHERS = metricsOf(LABEL_METRICS).filter(([id]) => id !== 'accuracy');

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

/** Everything under the verdict of a comparison of labels. */
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
      <Figures {...shown} dataset={dataset} />
    </>
  );
}

/** In the order in which they are asked for. */
function Figures({ comparison, evaluation, mode, dataset }: Shown & { readonly dataset: Dataset }) {
  const { arms, pairs } = comparison;
  const headline = pairs[0];
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const accuracy = useMemo(() => drawAccuracy(arms), [arms]);
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
          columns: [
            'prompt',
            'correct',
            'rows',
            'accuracy',
            'low_95',
            'high_95',
            ...OTHERS.map(([id]) => columnName(id)),
          ],
          rows: arms.map((arm) => [
            arm.name,
            arm.correct,
            arm.n,
            arm.accuracy,
            arm.accuracyCi95.low,
            arm.accuracyCi95.high,
            ...OTHERS.map(([id]) => arm[id] ?? null),
          ]),
        }}
      />
      <DifferencePanel arms={arms} pairs={pairs} nameOf={nameOf} />
      <ArmsPanel comparison={comparison} evaluation={evaluation} nameOf={nameOf} />
      <div className="c12">
        <LookCloser comparison={comparison} evaluation={evaluation} mode={mode} dataset={dataset} />
      </div>
      {shown.map((arm) => (
        <ConfusionPanel key={arm.id} arm={arm} labels={evaluation.plan.labels} />
      ))}
    </div>
  );
}

interface DifferencePanelProps extends Pick<Comparison, 'arms' | 'pairs'> {
  readonly nameOf: (id: string) => string;
}

function DifferencePanel({ arms, pairs, nameOf }: DifferencePanelProps) {
  const differences = useMemo(() => drawDifferences(pairs, nameOf), [pairs, nameOf]);
  return (
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
          'holm_p',
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
          p.pHolm ?? p.pExact,
          p.pMidP,
          p.aOnly,
          p.bOnly,
        ]),
      }}
    >
      <PValues arms={arms} pairs={pairs} nameOf={nameOf} />
    </ChartPanel>
  );
}

/** The p of the headline and of further hand-written prompts, and the headline's other metrics. */
function PValues({ arms, pairs, nameOf }: DifferencePanelProps) {
  const [headline, ...others] = pairs;
  if (!headline) return null;
  const hands = others.filter(({ a }) =>
    arms.some(({ id, kind }) => id === a && kind === 'zero-shot' && id !== 'yours'),
  );
  const corrected = pairs.length > 1 ? `p, corrected for ${pairs.length} comparisons` : 'exact p';
  const facts: readonly (readonly [string, string])[] = [
    ...[headline, ...hands].map(({ a, b, pExact, pHolm = pExact }, i) => {
      const against = i === 0 ? midSentence(nameOf(a)) : `“${nameOf(a)}”`;
      return [`${nameOf(b)} against ${against}, ${corrected}`, pText(pHolm)] as const;
    }),
    ['uncorrected: exact p, mid-p', `${pText(headline.pExact)}, ${pText(headline.pMidP)}`],
    ...OTHERS.flatMap(
      ([
        id,
        {
          name,
          format: { difference: form },
        },
      ]) => {
        const found = differenceOf(headline, id);
        if (!found) return [];
        const { difference, ci95, p } = found;
        return [[`${name} difference`, `${form(difference)} (${ends(form, ci95)}), p ${pText(p)}`] as const];
      },
    ),
  ];
  return (
    <dl className="facts small">
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
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
