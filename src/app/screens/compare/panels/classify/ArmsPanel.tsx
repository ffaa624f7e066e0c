import { tokensSentence } from '../../../../../evaluation/classify/pairs';
import { costTitle } from '../../../../../evaluation/classify/rows';
import type { ArmReport, Comparison } from '../../../../../evaluation/types';
import type { ClassifyEvaluation } from '../../../../../project/types';
import { sideOf } from '../../../../charts';
import { ArmMark, format, Interval, Panel, Table, Term } from '../../../../ui';

const number = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);

/** Every prompt and reference line with what it reaches and what a row costs. */
export function ArmsPanel({
  comparison,
  evaluation,
}: {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
}) {
  const nameOf = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  const engine = `${evaluation.backend === 'webgpu' ? 'WebGPU' : 'WASM'}, ${format.counted(evaluation.threads, 'thread')}`;
  return (
    <Panel
      title={costTitle(comparison.arms)}
      span={12}
      aside={`${format.counted(comparison.n, 'test row')} · ${engine}`}
    >
      <Table<ArmReport>
        caption="Prompts, accuracy and costs"
        rows={comparison.arms}
        rowKey={(arm) => arm.id}
        columns={[
          {
            id: 'arm',
            header: 'Prompt',
            primary: true,
            cell: (arm) => <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>,
          },
          {
            id: 'accuracy',
            header: 'Accuracy (95% interval)',
            numeric: true,
            cardLabel: 'accuracy',
            cell: (arm) => <Interval value={arm.accuracy} {...arm.accuracyCi95} />,
          },
          {
            id: 'f1',
            header: (
              <Term means="The mean of the F1 scores of the labels: rare labels count as much as common ones.">
                Macro-F1
              </Term>
            ),
            numeric: true,
            cardLabel: 'macro-F1',
            cell: (arm) => arm.macroF1.toFixed(3),
          },
          {
            id: 'sent',
            header: (
              <Term means="Tokens of the text, the prompt around it and the vectors: what a service would charge for.">
                Tokens sent
              </Term>
            ),
            numeric: true,
            cardLabel: 'tokens sent',
            cell: (arm) => number(arm.tokensSentMean),
          },
          {
            id: 'computed',
            header: (
              <Term means="Tokens that run through the model for one more row, when what all rows share is kept in memory.">
                Computed a row
              </Term>
            ),
            numeric: true,
            cardLabel: 'computed',
            cell: (arm) => number(arm.tokensComputedMean),
          },
          {
            id: 'latency',
            header: (
              <Term means={`Median of single rows on a warm model, nothing cached between rows; ${engine}.`}>
                Latency
              </Term>
            ),
            numeric: true,
            cardLabel: 'latency',
            cell: (arm) => number(arm.latencyMsMedian, ' ms'),
          },
        ]}
      />
      {comparison.pairs
        .flatMap((pair) => tokensSentence(pair, nameOf) ?? [])
        .map((text) => (
          <p key={text} className="dim small">
            {text}
          </p>
        ))}
    </Panel>
  );
}
