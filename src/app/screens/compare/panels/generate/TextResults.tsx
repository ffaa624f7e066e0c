import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import { measureTitle } from '../../../../../evaluation/generate/compare';
import type { PairResult } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { TEXT_METRICS } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { useQuery } from '../../../../state/location';
import { format, type TableColumn, Tabs } from '../../../../ui';
import { VotePanel } from '../../VotePanel';
import { PairSelect, usePair } from '../parts';
import { Statistics, TOKENS_SENT } from '../statistics';
import { TextRows } from './TextRows';

interface TextResultsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
}

const TESTS: readonly TableColumn<PairResult<'generate'>>[] = [
  { name: 'Rows closer, further, same', cell: ({ rows }) => `${rows.closer}, ${rows.further}, ${rows.same}` },
];

export function TextResults({ evaluation, dataset }: TextResultsProps) {
  const { comparison } = evaluation;
  const { arms, pairs } = comparison;
  const rows = pairs[0]?.rows;
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const [chosen, setTab] = useQuery<string>('tab', 'rows');
  const { index, pair, choose } = usePair(pairs);
  const statistics = (
    <Statistics
      metrics={TEXT_METRICS}
      evaluation={evaluation}
      comparison={comparison}
      titles={{
        arms: measureTitle(arms, pairs[0]),
        pairs: rows ? `Closer on ${format.counted(rows.closer, 'row')}, further on ${rows.further}` : 'Differences',
      }}
      costs={[TOKENS_SENT]}
      tests={TESTS}
    />
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
