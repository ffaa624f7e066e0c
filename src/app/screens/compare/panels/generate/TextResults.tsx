import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import { costTitle } from '../../../../../evaluation/classify/rows';
import { measureTitle } from '../../../../../evaluation/generate/compare';
import type { GenerateArm, GenerateComparison, GeneratePair } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { columnName, metricsOf, TEXT_METRICS } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { ChartPanel, drawAccuracy, drawIntervals, sideOf } from '../../../../charts';
import { useQuery } from '../../../../state/location';
import { ArmMark, format, Panel, Table, Tabs } from '../../../../ui';
import { VotePanel } from '../../VotePanel';
import { ExportArm, metricColumns, PairSelect, usePair } from '../parts';
import { TextRows } from './TextRows';

interface TextResultsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
}

interface NamedPairs {
  readonly duels: readonly GeneratePair[];
  readonly nameOf: (id: string) => string;
}

const HEADLINE = TEXT_METRICS.rougeL.name;

function ArmsChart({ arms, duels }: Pick<GenerateComparison, 'arms' | 'duels'>) {
  const draw = useMemo(
    () =>
      drawAccuracy(
        arms.map(({ id, name, kind, rougeL, intervals }) => ({
          id,
          name,
          kind,
          accuracy: rougeL,
          n: null,
          accuracyCi95: intervals.rougeL,
        })),
      ),
    [arms],
  );
  return (
    <ChartPanel
      span={7}
      title={measureTitle(arms, duels[0])}
      unit={`${HEADLINE}, 95% interval`}
      draw={draw}
      twin={{
        columns: [
          'prompt',
          ...metricsOf(TEXT_METRICS).flatMap(([id]) => ['', '_low_95', '_high_95'].map((end) => columnName(id) + end)),
        ],
        rows: arms.map((arm) => [
          arm.name,
          ...metricsOf(TEXT_METRICS).flatMap(([id]) => [
            arm[id] ?? null,
            arm.intervals[id]?.low ?? null,
            arm.intervals[id]?.high ?? null,
          ]),
        ]),
      }}
    />
  );
}

function PairsChart({ duels, nameOf }: NamedPairs) {
  const draw = useMemo(
    () =>
      drawIntervals(
        duels.map(({ a, b, rougeL: { difference, interval } }) => ({
          name: `${nameOf(b)} minus ${nameOf(a)}`,
          value: difference,
          ...interval,
        })),
      ),
    [duels, nameOf],
  );
  const rows = duels[0]?.rows;
  return (
    <ChartPanel
      span={5}
      title={rows ? `Closer on ${format.counted(rows.nearer, 'row')}, further on ${rows.farther}` : 'Differences'}
      unit={`points of ${HEADLINE} on the same rows, 95% interval`}
      draw={draw}
      twin={{
        columns: ['difference', 'points', 'low_95', 'high_95'],
        rows: duels.map(({ a, b, rougeL: { difference, interval } }) => [
          `${nameOf(b)} minus ${nameOf(a)}`,
          100 * difference,
          100 * interval.low,
          100 * interval.high,
        ]),
      }}
    />
  );
}

interface ArmsTableProps extends Pick<GenerateComparison, 'arms' | 'n'> {
  readonly evaluation: GenerateEvaluation;
}

const ArmsTable = ({ arms, n, evaluation }: ArmsTableProps) => (
  <Panel span={12} title={costTitle(arms)} aside={format.counted(n, 'test row')}>
    <Table<GenerateArm>
      caption="Prompts and measures"
      rows={arms}
      rowKey={({ id }) => id}
      columns={[
        { name: 'Prompt', primary: true, cell: (arm) => <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark> },
        ...metricColumns(TEXT_METRICS, 'value', (arm: GenerateArm, id) => ({
          value: arm[id],
          interval: arm.intervals[id],
        })),
        { name: 'Tokens sent', card: true, numeric: true, cell: (arm) => format.count(arm.tokensSentMean) },
        { name: 'Actions', isNameHidden: true, cell: (arm) => <ExportArm evaluation={evaluation} arm={arm} /> },
      ]}
    />
  </Panel>
);

const PairsTable = ({ duels, nameOf }: NamedPairs) => (
  <Panel
    span={12}
    title="Each pair on the same rows"
    aside="first named minus second named, in points; × is the first divided by the second"
  >
    <Table<GeneratePair>
      caption="Differences between prompts"
      rows={duels}
      rowKey={({ a, b }) => `${a} ${b}`}
      columns={[
        { name: 'Pair', primary: true, cell: ({ a, b }) => `${nameOf(b)} against ${nameOf(a)}` },
        ...metricColumns(TEXT_METRICS, 'difference', (duel: GeneratePair, id) => ({
          value: duel[id].difference,
          interval: duel[id].interval,
        })),
        {
          name: 'Rows closer, further, same',
          card: true,
          numeric: true,
          cell: ({ rows }) => `${rows.nearer}, ${rows.farther}, ${rows.same}`,
        },
      ]}
    />
  </Panel>
);

export function TextResults({ evaluation, dataset }: TextResultsProps) {
  const { arms, duels, n, verdict } = evaluation.comparison;
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const [chosen, setTab] = useQuery<string>('tab', 'rows');
  const { index, pair, choose } = usePair(duels);
  const statistics = (
    <div className="grid">
      <p className="c12">{verdict.detail}</p>
      <ArmsChart arms={arms} duels={duels} />
      <PairsChart duels={duels} nameOf={nameOf} />
      <ArmsTable arms={arms} n={n} evaluation={evaluation} />
      <PairsTable duels={duels} nameOf={nameOf} />
    </div>
  );
  // one prompt alone has no pair of rows
  if (!pair) return statistics;
  const tabs = [
    { id: 'rows', label: 'Rows', content: <TextRows evaluation={evaluation} dataset={dataset} duel={pair} /> },
    { id: 'statistics', label: 'Statistics', content: statistics },
    // votes are kept for the pair that the verdict is about
    { id: 'vote', label: 'Blind vote', content: <VotePanel evaluation={evaluation} dataset={dataset} /> },
  ];
  const tab = tabs.some(({ id }) => id === chosen) ? chosen : 'rows';
  return (
    <div>
      {tab === 'rows' ? <PairSelect pairs={duels} index={index} onChoose={choose} nameOf={nameOf} /> : null}
      <Tabs label="Look closer" selected={tab} onSelect={setTab} tabs={tabs} />
    </div>
  );
}
