import { useState } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { ArmReport, Comparison, PairReport } from '../../../evaluation/types';
import type { Evaluation } from '../../../project/types';
import { sideOf } from '../../charts';
import { useQuery } from '../../shell/location';
import { ArmMark, Button, format, LabelTag, Panel, Table, Tabs } from '../../ui';
import { type ComparedRow, comparedRows, type RowGroup } from './results';

interface RowsPanelProps {
  readonly comparison: Comparison;
  readonly evaluation: Evaluation;
  readonly dataset: Dataset | null;
  readonly pair: PairReport;
}

const PAGE = 25;
const GROUPS: readonly {
  readonly id: RowGroup;
  readonly title: string;
  readonly empty: string;
  readonly count: (pair: PairReport) => number;
}[] = [
  {
    id: 'fixed',
    title: 'Fixed by tuning',
    empty: 'No row that the first gets wrong is right in the second.',
    count: (p) => p.bOnly,
  },
  {
    id: 'broken',
    title: 'Broken by tuning',
    empty: 'No row that the first gets right is wrong in the second.',
    count: (p) => p.aOnly,
  },
  {
    id: 'wrong',
    title: 'Both wrong',
    empty: 'On every row at least one of the two is right.',
    count: (p) => p.bothWrong,
  },
  { id: 'right', title: 'Both right', empty: 'On no row are both right.', count: (p) => p.bothRight },
];

/** The rows behind the difference: which ones tuning fixed, and which ones it broke. */
export function RowsPanel({ comparison, evaluation, dataset, pair }: RowsPanelProps) {
  const [tab, setTab] = useQuery<RowGroup>('rows', 'fixed');
  const a = comparison.arms.find((arm) => arm.id === pair.a);
  const b = comparison.arms.find((arm) => arm.id === pair.b);
  if (!a || !b) return null;
  const tuned = b.kind === 'tuned';
  return (
    <Panel
      title={
        tuned
          ? `Tuning fixed ${format.counted(pair.bOnly, 'row')} and broke ${format.count(pair.aOnly)}`
          : `${b.name} fixed ${format.counted(pair.bOnly, 'row')} of ${a.name} and broke ${format.count(pair.aOnly)}`
      }
      span={12}
    >
      <Tabs
        label="Rows"
        selected={tab}
        onSelect={(id) => setTab(id as RowGroup)}
        tabs={GROUPS.map((group) => ({
          id: group.id,
          label: `${tuned ? group.title : group.title.replace(' by tuning', '')} · ${format.count(group.count(pair))}`,
          content:
            tab === group.id ? (
              <Rows
                rows={comparedRows(comparison, evaluation, dataset, pair, group.id)}
                empty={group.empty}
                a={a}
                b={b}
              />
            ) : null,
        }))}
      />
    </Panel>
  );
}

function Rows({ rows, empty, a, b }: { rows: readonly ComparedRow[]; empty: string; a: ArmReport; b: ArmReport }) {
  const [shown, setShown] = useState(PAGE);
  if (rows.length === 0) return <p className="dim">{empty}</p>;
  return (
    <div className="stack">
      <Table<ComparedRow>
        caption="Rows with both answers"
        rows={rows.slice(0, shown)}
        rowKey={(row) => row.id}
        columns={[
          { id: 'text', header: 'Text', primary: true, cell: (row) => row.text },
          { id: 'gold', header: 'Label', cell: (row) => <LabelTag>{row.gold}</LabelTag> },
          {
            id: 'a',
            header: <ArmMark side={sideOf(a)}>{a.name}</ArmMark>,
            cardLabel: a.name,
            cell: (row) => <LabelTag verdict={row.a.right ? 'right' : 'wrong'}>{row.a.label}</LabelTag>,
          },
          {
            id: 'b',
            header: <ArmMark side={sideOf(b)}>{b.name}</ArmMark>,
            cardLabel: b.name,
            cell: (row) => <LabelTag verdict={row.b.right ? 'right' : 'wrong'}>{row.b.label}</LabelTag>,
          },
          {
            id: 'p',
            header: `Probability, ${b.name.toLowerCase()}`,
            numeric: true,
            cardLabel: 'probability',
            cell: (row) => row.b.probability.toFixed(2),
          },
        ]}
      />
      {rows.length > shown ? (
        <div className="row">
          <Button variant="quiet" onPress={() => setShown(shown + PAGE)}>
            Show {Math.min(PAGE, rows.length - shown)} more of {rows.length}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
