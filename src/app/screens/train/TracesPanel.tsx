import { useMemo, useState } from 'react';
import type { StepPoint } from '../../../training/events';
import { ChartPanel, drawNorms, drawTrace, normsTitle } from '../../charts';
import { Term } from '../../ui';

interface TracesPanelProps {
  readonly steps: readonly StepPoint[];
  readonly stepsTotal: number;
  /** 5%, 50% and 95% quantile of the lengths of the vocabulary's vectors; null while no model is loaded. */
  readonly vocabulary: readonly [number, number, number] | null;
}

/** What a step was like inside, folded: nothing is drawn before it is opened. */
export function TracesPanel(props: TracesPanelProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="fold c12" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Learning rate, gradient and lengths of the vectors</summary>
      {isOpen ? <Traces {...props} /> : null}
    </details>
  );
}

/** How far a step went, how strong the pull was, and how long the vectors have become. */
function Traces({ steps, stepsTotal, vocabulary }: TracesPanelProps) {
  const norms = useMemo(
    () =>
      steps.flatMap(({ step, vectorNorms: norm }) =>
        norm ? [{ step, shortest: norm[0], median: norm[1], longest: norm[2] }] : [],
      ),
    [steps],
  );
  const drawn = useMemo(
    () => ({
      norms: drawNorms(norms, vocabulary, stepsTotal),
      rate: drawTrace(
        steps.map(({ step, learningRate: value }) => ({ step, value })),
        stepsTotal,
      ),
      gradient: drawTrace(
        steps.map(({ step, gradNorm: value }) => ({ step, value })),
        stepsTotal,
      ),
    }),
    [norms, vocabulary, steps, stepsTotal],
  );
  return (
    <div className="grid fold-body">
      <ChartPanel
        span={4}
        title={normsTitle(steps.at(-1)?.vectorNorms ?? null, vocabulary)}
        draw={drawn.norms}
        twin={{
          columns: ['step', 'shortest', 'median', 'longest'],
          rows: norms.map((p) => [p.step, p.shortest, p.median, p.longest]),
        }}
      >
        <p className="dim small">
          The band is the{' '}
          <Term means="90% of the vectors of the model’s own words are as long as this. Vectors that are much longer say something that no word says; that is common, and no fault as long as the validation rows follow.">
            middle 90% of the vocabulary
          </Term>
          .
        </p>
      </ChartPanel>
      <ChartPanel
        span={4}
        title="Learning rate: up over the warm-up, then down along a cosine"
        draw={drawn.rate}
        twin={{ columns: ['step', 'learning_rate'], rows: steps.map((s) => [s.step, s.learningRate]) }}
      />
      <ChartPanel
        span={4}
        title="Gradient norm, before it is clipped"
        draw={drawn.gradient}
        twin={{ columns: ['step', 'gradient_norm'], rows: steps.map((s) => [s.step, s.gradNorm]) }}
      />
    </div>
  );
}
