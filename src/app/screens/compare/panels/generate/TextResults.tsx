import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import { measureTitle } from '../../../../../evaluation/generate/compare';
import type { ArmResult, PairResult } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { TEXT_METRICS, type TextMetricId } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { useQuery } from '../../../../state/location';
import { format, Panel, Table, type TableColumn, Tabs } from '../../../../ui';
import { VotePanel } from '../../VotePanel';
import { PairSelect, usePair } from '../parts';
import { ArmsChart, ArmsTable, metricColumns, PairsChart } from '../statistics';
import { TextRows } from './TextRows';

interface TextResultsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
}

const COSTS: readonly TableColumn<ArmResult<'generate'>>[] = [
  {
    name: 'Tokens sent',
    card: true,
    numeric: true,
    cell: ({ tokensSentMean }) => (tokensSentMean === null ? '–' : format.count(tokensSentMean)),
  },
];

interface PairsTableProps {
  readonly pairs: readonly PairResult<'generate'>[];
  readonly nameOf: (id: string) => string;
}

const PairsTable = ({ pairs, nameOf }: PairsTableProps) => (
  <Panel
    span={12}
    title="Each pair on the same rows"
    aside="first named minus second named, in points; × is the first divided by the second"
  >
    <Table<PairResult<'generate'>>
      caption="Differences between prompts"
      rows={pairs}
      rowKey={({ a, b }) => `${a} ${b}`}
      columns={[
        { name: 'Pair', primary: true, cell: ({ a, b }) => `${nameOf(b)} against ${nameOf(a)}` },
        ...metricColumns<TextMetricId, PairResult<'generate'>>(TEXT_METRICS, 'difference'),
        {
          name: 'Rows closer, further, same',
          card: true,
          numeric: true,
          cell: ({ rows }) => `${rows.closer}, ${rows.further}, ${rows.same}`,
        },
      ]}
    />
  </Panel>
);

export function TextResults({ evaluation, dataset }: TextResultsProps) {
  const { arms, pairs, n, verdict } = evaluation.comparison;
  const rows = pairs[0]?.rows;
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const [chosen, setTab] = useQuery<string>('tab', 'rows');
  const { index, pair, choose } = usePair(pairs);
  const statistics = (
    <div className="grid">
      <p className="c12">{verdict.detail}</p>
      <ArmsChart metrics={TEXT_METRICS} arms={arms} title={measureTitle(arms, pairs[0])} />
      <PairsChart
        metrics={TEXT_METRICS}
        pairs={pairs}
        nameOf={nameOf}
        title={rows ? `Closer on ${format.counted(rows.closer, 'row')}, further on ${rows.further}` : 'Differences'}
        unit={`points of ${TEXT_METRICS.rougeL.name} on the same rows, 95% interval`}
      />
      <ArmsTable
        metrics={TEXT_METRICS}
        arms={arms}
        aside={format.counted(n, 'test row')}
        evaluation={evaluation}
        costs={COSTS}
      />
      <PairsTable pairs={pairs} nameOf={nameOf} />
    </div>
  );
  // one prompt alone has no pair of rows
  if (!pair) return statistics;
  const tabs = [
    { id: 'rows', label: 'Rows', content: <TextRows evaluation={evaluation} dataset={dataset} pair={pair} /> },
    { id: 'statistics', label: 'Statistics', content: statistics },
    // votes are kept for the pair that the verdict is about
    { id: 'vote', label: 'Blind vote', content: <VotePanel evaluation={evaluation} dataset={dataset} /> },
  ];
  const tab = tabs.some(({ id }) => id === chosen) ? chosen : 'rows';
  return (
    <div>
      {tab === 'rows' ? <PairSelect pairs={pairs} index={index} onChoose={choose} nameOf={nameOf} /> : null}
      <Tabs label="Look closer" selected={tab} onSelect={setTab} tabs={tabs} />
    </div>
  );
}
