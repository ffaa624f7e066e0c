import { scoreOf } from '../../../../../evaluation/classify/outcome';
import { tokensSentence } from '../../../../../evaluation/classify/pairs';
import { costTitle } from '../../../../../evaluation/classify/rows';
import type { ArmReport, Comparison } from '../../../../../evaluation/types';
import { LABEL_METRICS } from '../../../../../metrics/registry';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import { sideOf } from '../../../../charts';
import { ArmMark, format, Panel, Table, Term } from '../../../../ui';
import { metricColumns } from '../parts';

const number = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);

const COSTS: readonly {
  readonly id: string;
  readonly name: string;
  readonly means: string;
  readonly of: (arm: ArmReport) => string;
}[] = [
  {
    id: 'sent',
    name: 'Tokens sent',
    means: 'Tokens of the text, the prompt around it and the vectors: what a service would charge for.',
    of: (arm) => number(arm.tokensSentMean),
  },
  {
    id: 'computed',
    name: 'Computed per row',
    means: 'Tokens that run through the model for one more row, when the part that all rows share is kept in memory.',
    of: (arm) => number(arm.tokensComputedMean),
  },
  {
    id: 'latency',
    name: 'Latency',
    means: 'Median of single rows on a warm model, nothing cached between rows.',
    of: (arm) => number(arm.latencyMsMedian, ' ms'),
  },
];

interface ArmsPanelProps {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
  readonly nameOf: (id: string) => string;
}

/** Every prompt and reference line with what it reaches and what a row costs. */
export function ArmsPanel({ comparison, evaluation, nameOf }: ArmsPanelProps) {
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
          ...COSTS.map(({ id, name, means, of }) => ({
            id,
            header: <Term means={means}>{name}</Term>,
            numeric: true,
            cardLabel: name,
            cell: of,
          })),
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
