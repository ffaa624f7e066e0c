import { useMemo, useState } from 'react';
import type { SoftVersion } from '../../../project/types';
import { type DiagnosisKind, diagnose, type Remedy } from '../../../training/diagnosis';
import { STANDARD } from '../../../training/settings';
import { ChartPanel, drawLoss, drawValidation, lossTitle, type Metric, validationTitle } from '../../charts';
import { Button, format } from '../../ui';
import type { LiveRun } from './live-run';
import { firstMeasure, MeasureChoice } from './MeasureChoice';
import { SamplePanel } from './SamplePanel';
import { TracesPanel } from './TracesPanel';

/** What needs no advice once the run is over. */
const CALM: ReadonlySet<DiagnosisKind> = new Set(['starting', 'learning', 'levelled']);

interface CurvesPanelsProps {
  readonly live: LiveRun;
  readonly run: SoftVersion | null;
  /** Rows that its gradients see. */
  readonly trainRows: number;
  /** Lengths of the vocabulary's vectors; null while no model is loaded. */
  readonly vocabulary: readonly [number, number, number] | null;
  readonly onRemedy: (remedy: Remedy) => void;
}

/** The curves of the run on the screen, live. */
export function CurvesPanels({ live, run, trainRows, vocabulary, onRemedy }: CurvesPanelsProps) {
  const [chosen, setMetric] = useState<Metric | null>(null);
  const { validations, lines, stepsTotal, bestStep, steps, validationRows } = live;
  const metric = chosen ?? firstMeasure(live.writes);
  const drawCurve = useMemo(
    () => drawValidation({ points: validations, lines, metric, stepsTotal, bestStep }),
    [validations, lines, metric, stepsTotal, bestStep],
  );
  const drawSteps = useMemo(() => drawLoss(steps, stepsTotal), [steps, stepsTotal]);
  const last = steps.at(-1);
  const diagnosis = diagnose({
    steps,
    validations,
    majority: majorityOf(lines),
    validationRows,
    trainRows,
    settings: run?.settings ?? STANDARD,
  });
  return (
    <>
      <ChartPanel
        span={8}
        title={validationTitle(validations, lines, metric)}
        unit={format.counted(validationRows, 'validation row')}
        controls={<MeasureChoice label="Measure" value={metric} onChange={setMetric} />}
        draw={drawCurve}
        twin={live.writes ? writingTwin(live) : labelTwin(live)}
      />
      <ChartPanel
        span={4}
        title={lossTitle(steps)}
        draw={drawSteps}
        twin={{
          columns: ['step', 'loss', 'learning_rate', 'gradient_norm', 'ms'],
          rows: steps.map((s) => [s.step, s.loss, s.learningRate, s.gradNorm, Math.round(s.ms)]),
        }}
      >
        <div className="diagnosis">
          <h3>{diagnosis.title}</h3>
          <p className="dim small">
            {live.phase === 'ended' && CALM.has(diagnosis.kind)
              ? `The vectors of step ${bestStep ?? live.step} are kept.`
              : diagnosis.advice}
          </p>
          {diagnosis.remedy ? (
            <Button size="s" onPress={() => diagnosis.remedy && onRemedy(diagnosis.remedy)}>
              {diagnosis.remedy.label}
            </Button>
          ) : null}
        </div>
        <dl className="facts small">
          <dt>Gradient norm</dt>
          <dd>{last ? last.gradNorm.toPrecision(2) : '–'}</dd>
          <dt>Learning rate</dt>
          <dd>{last ? last.learningRate.toPrecision(2) : '–'}</dd>
          <dt>Kept so far</dt>
          <dd>{bestStep === null ? '–' : `step ${bestStep}`}</dd>
        </dl>
      </ChartPanel>
      {live.sample ? <SamplePanel sample={live.sample} /> : null}
      <TracesPanel steps={steps} stepsTotal={stepsTotal} vocabulary={vocabulary} />
    </>
  );
}

function majorityOf(lines: LiveRun['lines']): number {
  const line = lines.find(({ id }) => id === 'majority');
  return line?.kind === 'classify' ? line.accuracy : 0;
}

const labelTwin = ({ validations, lines }: LiveRun) => ({
  columns: ['step', 'accuracy', 'macro_f1', 'loss'],
  rows: [
    ...validations.flatMap((v) => (v.kind === 'classify' ? [[v.step, v.accuracy, v.macroF1, v.loss]] : [])),
    ...lines.flatMap((l) => (l.kind === 'classify' ? [[l.name, l.accuracy, l.macroF1, null]] : [])),
  ],
});

const writingTwin = ({ validations, lines }: LiveRun) => ({
  columns: ['step', 'loss', 'perplexity', 'tokens_foreseen'],
  rows: [
    ...validations.flatMap((v) => (v.kind === 'generate' ? [[v.step, v.loss, Math.exp(v.loss), v.tokenShare]] : [])),
    ...lines.flatMap((l) =>
      l.kind === 'generate'
        ? [[l.name, l.loss ?? null, l.loss === undefined ? null : Math.exp(l.loss), l.tokenShare]]
        : [],
    ),
  ],
});
