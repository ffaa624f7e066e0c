import { tokensSentence } from '../../../../../evaluation/classify/pairs';
import { costTitle } from '../../../../../evaluation/classify/rows';
import { scoreOf } from '../../../../../evaluation/classify/scores';
import type { ArmReport, Comparison } from '../../../../../evaluation/types';
import { LABEL_METRICS } from '../../../../../metrics/registry';
import type { ClassifyEvaluation } from '../../../../../project/types';
import { sideOf } from '../../../../charts';
import { ArmMark, format, Panel, Table, Term } from '../../../../ui';
import { metricColumns } from '../metric-columns';

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
      aside={`${format.counted(comparison.n, 'test row')}, 95% intervals · ${engine}`}
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
          ...metricColumns(LABEL_METRICS, 'value', scoreOf),
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
