import { useMemo, useState } from 'react';
import type { StepPoint } from '../../../training/events';
import { ChartPanel, drawNorms, drawTrace, normsTitle, twinOf } from '../../charts';
import { useModel } from '../../state/studio';
import { Choices, Term } from '../../ui';

interface TracesProps {
  readonly steps: readonly StepPoint[];
  readonly stepsTotal: number;
}

const TRACES = { lengths: 'Vector lengths', learningRate: 'Learning rate', gradNorm: 'Gradient norm' };
type Trace = keyof typeof TRACES;

/** What happened inside the steps, folded: nothing is drawn before it is opened. */
export function TracesPanel(props: TracesProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="fold c12" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Learning rate, gradient and vector lengths</summary>
      <div className="fold-body">{isOpen ? <Traces {...props} /> : null}</div>
    </details>
  );
}

function Traces({ steps, stepsTotal }: TracesProps) {
  const [of, choose] = useState<Trace>('lengths');
  const vocabulary = useModel()?.embeddingNorms ?? null;
  const norms = useMemo(
    () =>
      steps.flatMap(({ step, vectorNorms: norm }) =>
        norm ? [{ step, shortest: norm[0], median: norm[1], longest: norm[2] }] : [],
      ),
    [steps],
  );
  const draw = useMemo(
    () =>
      of === 'lengths'
        ? drawNorms(norms, vocabulary, stepsTotal)
        : drawTrace(
            steps.map((point) => ({ step: point.step, value: point[of] })),
            stepsTotal,
          ),
    [of, norms, vocabulary, steps, stepsTotal],
  );
  const titles: Readonly<Record<Trace, string>> = {
    lengths: normsTitle(steps.at(-1)?.vectorNorms ?? null, vocabulary),
    learningRate: 'Learning rate: rises during warm-up, then falls along a cosine',
    gradNorm: 'Gradient norm, before clipping',
  };
  return (
    <ChartPanel
      title={titles[of]}
      controls={<Choices label="What is shown" hideLabel value={of} onChange={choose} options={TRACES} />}
      draw={draw}
      twin={twinOf(steps, {
        step: (s) => s.step,
        learning_rate: (s) => s.learningRate,
        gradient_norm: (s) => s.gradNorm,
        shortest: (s) => s.vectorNorms?.[0] ?? null,
        median: (s) => s.vectorNorms?.[1] ?? null,
        longest: (s) => s.vectorNorms?.[2] ?? null,
      })}
    >
      {of === 'lengths' ? (
        <p className="dim small">
          The band is the{' '}
          <Term means="90% of the model’s own word vectors have a length in this band. Tuned vectors are often longer, which is fine as long as the validation results improve.">
            middle 90% of the vocabulary
          </Term>
          .
        </p>
      ) : null}
    </ChartPanel>
  );
}
