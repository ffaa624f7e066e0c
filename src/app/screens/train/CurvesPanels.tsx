import { type ReactNode, useMemo, useState } from 'react';
import { generates } from '../../../dataset/task-facts';
import type { TaskKind } from '../../../dataset/types';
import { columnName, METRICS, TEXT_METRICS } from '../../../metrics/registry';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { accuracyOf, figureOf } from '../../../training/checkpoint';
import { type DiagnosisKind, fewValidationRows, type Judgement, judge } from '../../../training/diagnosis';
import type { Scores } from '../../../training/events';
import { STANDARD, type TrainingSettings } from '../../../training/settings';
import { textOf } from '../../../workflow/runs';
import type { Sample } from '../../../workflow/train';
import {
  ChartPanel,
  drawNorms,
  drawSteps,
  drawValidation,
  lossTitle,
  MEASURES,
  type Metric,
  normsTitle,
  TextDifference,
  type Twin,
  twinOf,
  validationTitle,
} from '../../charts';
import { navigate, screenPath } from '../../state/location';
import { useModel } from '../../state/studio';
import { Button, Choices, format, Panel, Select, Table, Term } from '../../ui';
import { hasDiverged, keptStep, type LiveRun } from './live-run';
import { useNextRun } from './next-run';
import { useTraining } from './training-store';

const CALM: ReadonlySet<DiagnosisKind> = new Set(['starting', 'learning', 'levelled']);

interface CurvesPanelsProps {
  readonly set: PromptSet;
  readonly live: LiveRun;
  /** Rows that gradients see, unless the run limits them. */
  readonly trainRows: number;
}

export function CurvesPanels({ live, set, trainRows }: CurvesPanelsProps) {
  const { metric, controls } = useMeasure(live.kind, 'Measure');
  const run = set.runs.find(({ id }) => id === live.runId);
  const settings = run?.settings ?? STANDARD;
  const judgement = judge(
    {
      ...live,
      majority: majorityOf(live.lines),
      trainRows: Math.min(settings.trainRows ?? trainRows, trainRows),
      settings,
      hasEnded: live.phase === 'ended',
      diverged: hasDiverged(live) ? { keptStep: keptStep(live) } : null,
      isDistilled: run?.distilled !== undefined,
    },
    MEASURES[metric],
  );
  return (
    <>
      <ValidationPanel live={live} judgement={judgement} metric={metric} controls={controls} />
      <LossPanel live={live} judgement={judgement} settings={settings} run={run} />
      {live.sample ? <SamplePanel sample={live.sample} /> : null}
    </>
  );
}

interface JudgedProps {
  readonly live: LiveRun;
  readonly judgement: Judgement;
}

interface ValidationProps extends JudgedProps {
  readonly metric: Metric;
  readonly controls: ReactNode;
}

function ValidationPanel({ live, judgement, metric, controls }: ValidationProps) {
  const { validations, lines, stepsTotal, bestStep, validationRows, kind } = live;
  const draw = useMemo(
    () => drawValidation({ points: validations, lines, metric, stepsTotal, bestStep, rows: validationRows }),
    [validations, lines, metric, stepsTotal, bestStep, validationRows],
  );
  const kept = validations.find(({ step }) => step === bestStep);
  const few = fewValidationRows(validationRows, kept ? accuracyOf(kept) : null);
  return (
    <ChartPanel
      span={8}
      title={validationTitle(validations, judgement.place, metric)}
      unit={
        <Term means={kind === 'classify' && few ? few : undefined}>
          {format.counted(validationRows, 'validation row')}
        </Term>
      }
      controls={controls}
      draw={draw}
      twin={curveTwin(live)}
    >
      <Unscored live={live} />
    </ChartPanel>
  );
}

/** A run that ended early has scored no prompt to beat: the chart says so in place of a line. */
function Unscored({ live: { setId, phase, ending, lines } }: { readonly live: LiveRun }) {
  const [yours, untuned] = (['yours', 'untuned'] as const).map((id) => !lines.some((line) => line.id === id));
  if (phase !== 'ended' || ending !== 'stopped' || !(yours || untuned)) return null;
  const missing = [yours ? 'your prompt' : '', untuned ? 'the untuned prompt' : ''].filter(Boolean);
  return (
    <div className="row">
      <p className="dim small">
        No line for {missing.join(' and ')}: the run was stopped before {yours && untuned ? 'they were' : 'it was'}{' '}
        scored.
      </p>
      {yours ? (
        <Button size="s" onPress={() => navigate(screenPath(setId, 'prompts'))}>
          Try your prompt
        </Button>
      ) : null}
    </div>
  );
}

function curveTwin({ kind, validations, lines }: LiveRun): Twin {
  const measures = [...new Set([...choicesOf(kind), 'loss' as const])];
  const figures = (point: Scores & { readonly loss?: number }) => [
    ...measures.map((id) => MEASURES[id].of(point)).map((value) => (Number.isNaN(value) ? null : value)),
    ...(generates(kind) ? [figureOf(point, 'tokenShare')] : []),
  ];
  return {
    columns: ['step', ...measures.map(columnName), ...(generates(kind) ? ['tokens_predicted'] : [])],
    rows: [
      ...validations.map((point) => [point.step, ...figures(point)]),
      ...lines.map((line) => [line.name, ...figures(line)]),
    ],
  };
}

export function useTrainAgain(run: Run | undefined, settings: TrainingSettings) {
  const { startInstead } = useTraining.use();
  const nextRun = useNextRun.use();
  return (change: Partial<TrainingSettings>) => {
    const changed = { ...settings, ...change };
    const text = run ? textOf(run) : { hybrid: false };
    nextRun.change({ ...changed, ...text });
    void startInstead(changed, { ...text, ...(run?.distilled && { teacher: run.distilled.from }) });
  };
}

interface LossProps extends JudgedProps {
  readonly settings: TrainingSettings;
  readonly run: Run | undefined;
}

const FIGURES = { loss: 'Loss', learningRate: 'Learning rate', gradNorm: 'Gradient norm', lengths: 'Vector lengths' };

type Step = LiveRun['steps'][number];

const OF_STEP = {
  step: (s: Step) => s.step,
  loss: (s: Step) => s.loss,
  learning_rate: (s: Step) => s.learningRate,
  gradient_norm: (s: Step) => s.gradNorm,
  ms: (s: Step) => Math.round(s.ms),
  shortest: (s: Step) => s.vectorNorms?.[0] ?? null,
  median: (s: Step) => s.vectorNorms?.[1] ?? null,
  longest: (s: Step) => s.vectorNorms?.[2] ?? null,
};

function LossPanel({ live, judgement: { diagnosis, trend }, settings, run }: LossProps) {
  const { steps, stepsTotal } = live;
  const last = steps.at(-1);
  const [figure, choose] = useState<keyof typeof FIGURES>('loss');
  const vocabulary = useModel()?.embeddingNorms ?? null;
  const draw = useMemo(
    () => (figure === 'lengths' ? drawNorms(steps, vocabulary, stepsTotal) : drawSteps(steps, figure, stepsTotal)),
    [figure, steps, vocabulary, stepsTotal],
  );
  const titles = {
    learningRate: 'Learning rate: rises during warm-up, then falls along a cosine',
    loss: lossTitle(trend),
    gradNorm: 'Gradient norm, before clipping',
    lengths: normsTitle(last?.vectorNorms ?? null, vocabulary),
  };
  const trainAgain = useTrainAgain(run, settings);
  const { kind, title, advice, remedy } = diagnosis;
  const isCalm = live.phase === 'ended' && CALM.has(kind);
  return (
    <ChartPanel
      span={4}
      title={titles[figure]}
      {...(figure === 'loss' && { heading: <Term means={remedy ? advice : undefined}>{title}</Term> })}
      controls={
        <Select
          label={<span className="visually-hidden">What is shown</span>}
          value={figure}
          onChange={(id) => choose(id as keyof typeof FIGURES)}
          options={Object.entries(FIGURES).map(([id, label]) => ({ id, label }))}
        />
      }
      draw={draw}
      twin={twinOf(steps, OF_STEP)}
    >
      {figure === 'lengths' ? (
        <p className="dim small">
          The band has the middle 90% of the model’s own word vectors. Tuned vectors are often longer, which is fine as
          long as the validation results improve.
        </p>
      ) : null}
      <div className="diagnosis">
        {isCalm || remedy ? null : <p className="dim small">{advice}</p>}
        {remedy ? (
          <Button size="s" onPress={() => trainAgain(remedy.change)}>
            {remedy.label}
          </Button>
        ) : null}
      </div>
    </ChartPanel>
  );
}

function majorityOf(lines: LiveRun['lines']): number {
  const line = lines.find(({ id }) => id === 'majority');
  return (line && accuracyOf(line)) ?? 0;
}

/** What the best step so far writes, beside the expected texts: no measure to choose by, but something to read. */
const SamplePanel = ({ sample }: { readonly sample: Sample }) => (
  <Panel
    title={`What step ${sample.step} writes on ${format.counted(sample.rows.length, 'validation row')}`}
    aside={`${TEXT_METRICS.rougeL.name} ${format.percentWhole(sample.rougeL)}; the step is kept by its loss`}
  >
    <Table
      caption="Texts generated while training"
      rows={sample.rows}
      rowKey={({ rowId }) => rowId}
      columns={[
        { name: 'Text', primary: true, cell: ({ text }) => text },
        { name: 'Expected', card: true, cell: ({ wanted }) => wanted },
        {
          name: 'Written',
          card: true,
          cell: ({ written, wanted }) => <TextDifference written={written} wanted={wanted} />,
        },
      ]}
    />
  </Panel>
);

/** Texts are known by their loss alone while they train. */
const choicesOf = (kind: TaskKind): readonly Metric[] => [
  ...Object.keys(METRICS[kind]).filter((id): id is Metric => id in MEASURES),
  ...(generates(kind) ? ['loss' as const] : []),
];

export function useMeasure(kind: TaskKind, label: string) {
  const [chosen, choose] = useState<Metric>();
  const choices = choicesOf(kind);
  const metric = chosen ?? (choices[0] as Metric);
  const options = choices.map((id) => ({ id, label: MEASURES[id].name }));
  return {
    metric,
    controls: <Choices<Metric> label={label} hideLabel value={metric} onChange={choose} options={options} />,
  };
}
