import type { ArmResult, PairResult } from '../../../../../evaluation/types';
import { pText } from '../../../../../evaluation/words';
import { LABEL_METRICS, metricsOf } from '../../../../../metrics/registry';
import { format, type TableColumn } from '../../../../ui';
import type { CloserProps } from '../../closer-store';
import { rounded, Statistics, TOKENS_SENT } from '../statistics';

const COSTS: readonly TableColumn<ArmResult>[] = [
  TOKENS_SENT,
  {
    name: 'Computed per row',
    means: 'Tokens that run through the model for one more row, without the part that all rows share.',
    card: true,
    numeric: true,
    cell: ({ tokensComputedMean }) => rounded(tokensComputedMean),
  },
  {
    name: 'Latency',
    means: 'Median of single rows on a warm model, nothing cached between rows.',
    card: true,
    numeric: true,
    cell: ({ latencyMsMedian }) => rounded(latencyMsMedian, ' ms'),
  },
];

const TESTS: readonly TableColumn<PairResult>[] = [
  { name: 'Corrected p', means: 'Of accuracy, corrected for all pairs.', cell: ({ pHolm }) => pText(pHolm) },
  {
    name: 'Exact p, mid-p',
    means: 'Of accuracy, of this pair alone.',
    cell: ({ metrics, pMidP }) => `${pText(metrics.accuracy.p)}, ${pText(pMidP)}`,
  },
  ...metricsOf(LABEL_METRICS)
    .slice(1)
    .map(
      ([id, { name }]): TableColumn<PairResult> => ({
        name: `${name} p`,
        means: 'Of this pair alone.',
        cell: ({ metrics }) => pText(metrics[id].p),
      }),
    ),
  { name: 'Rows fixed, broken', cell: ({ aOnly, bOnly }) => `${bOnly}, ${aOnly}` },
];

const TWIN = {
  exact_p: (pair: PairResult) => pair.metrics.accuracy.p,
  holm_p: (pair: PairResult) => pair.pHolm,
  mid_p: (pair: PairResult) => pair.pMidP,
  only_first_right: (pair: PairResult) => pair.aOnly,
  only_second_right: (pair: PairResult) => pair.bOnly,
};

export const LabelStatistics = ({ evaluation: { comparison, backend, threads } }: Pick<CloserProps, 'evaluation'>) => (
  <Statistics
    metrics={LABEL_METRICS}
    comparison={comparison}
    costs={COSTS}
    tests={TESTS}
    twin={TWIN}
    engine={`${backend === 'webgpu' ? 'WebGPU' : 'WASM'}, ${format.counted(threads, 'thread')}`}
  />
);
