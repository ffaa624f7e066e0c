import { useMemo, useState } from 'react';
import type { StepPoint } from '../../../training/events';
import { ChartPanel, drawNorms, drawTrace, normsTitle } from '../../charts';
import { useModel } from '../../state/studio';
import { Term } from '../../ui';

interface TracesPanelProps {
  readonly steps: readonly StepPoint[];
  readonly stepsTotal: number;
}

/** What happened inside the steps, folded: nothing is drawn before it is opened. */
export function TracesPanel(props: TracesPanelProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="fold c12" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Learning rate, gradient and vector lengths</summary>
      {isOpen ? (
        <div className="grid fold-body">
          <LengthsPanel {...props} />
          <TracePanel
            {...props}
            of="learningRate"
            title="Learning rate: rises during warm-up, then falls along a cosine"
            column="learning_rate"
          />
          <TracePanel {...props} of="gradNorm" title="Gradient norm, before clipping" column="gradient_norm" />
        </div>
      ) : null}
    </details>
  );
}

function LengthsPanel({ steps, stepsTotal }: TracesPanelProps) {
  const vocabulary = useModel()?.embeddingNorms ?? null;
  const norms = useMemo(
    () =>
      steps.flatMap(({ step, vectorNorms: norm }) =>
        norm ? [{ step, shortest: norm[0], median: norm[1], longest: norm[2] }] : [],
      ),
    [steps],
  );
  const draw = useMemo(() => drawNorms(norms, vocabulary, stepsTotal), [norms, vocabulary, stepsTotal]);
  return (
    <ChartPanel
      span={4}
      title={normsTitle(steps.at(-1)?.vectorNorms ?? null, vocabulary)}
      draw={draw}
      twin={{
        columns: ['step', 'shortest', 'median', 'longest'],
        rows: norms.map((p) => [p.step, p.shortest, p.median, p.longest]),
      }}
    >
      <p className="dim small">
        The band is the{' '}
        <Term means="90% of the model’s own word vectors have a length in this band. Tuned vectors are often longer, which is fine as long as the validation results improve.">
          middle 90% of the vocabulary
        </Term>
        .
      </p>
    </ChartPanel>
  );
}

interface TracePanelProps extends TracesPanelProps {
  readonly of: 'learningRate' | 'gradNorm';
  readonly title: string;
  readonly column: string;
}

function TracePanel({ steps, stepsTotal, of, title, column }: TracePanelProps) {
  const draw = useMemo(
    () =>
      drawTrace(
        steps.map((point) => ({ step: point.step, value: point[of] })),
        stepsTotal,
      ),
    [steps, stepsTotal, of],
  );
  return (
    <ChartPanel
      span={4}
      title={title}
      draw={draw}
      twin={{ columns: ['step', column], rows: steps.map((s) => [s.step, s[of]]) }}
    />
  );
}
