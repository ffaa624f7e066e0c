import { useMemo } from 'react';
import type { Insights } from '../../../evaluation/classify/insights';
import { sideOf } from '../../charts';
import { useQuery } from '../../shell/location';
import { ArmMark, Button, format, LabelTag, PagedTable, Panel, Select, Tabs } from '../../ui';
import type { CloserProps } from './LookCloser';
import { RowDialog } from './RowDialog';
import { type ComparedRow, comparedRows, filterRows, type RowGroup } from './results';

const PAGE = 25;
const GROUPS: readonly { readonly id: RowGroup; readonly title: string; readonly empty: string }[] = [
  { id: 'fixed', title: 'Fixed by tuning', empty: 'No row that the first gets wrong is right in the second.' },
  { id: 'broken', title: 'Broken by tuning', empty: 'No row that the first gets right is wrong in the second.' },
  { id: 'wrong', title: 'Both wrong', empty: 'On every row at least one of the two is right.' },
  { id: 'right', title: 'Both right', empty: 'On no row are both right.' },
];

/** The rows behind the difference, in four cells: which ones tuning fixed, and which ones it broke. */
export function ExplorerPanel(props: CloserProps & { readonly insights: Insights | null }) {
  const { comparison, evaluation, dataset, pair, insights } = props;
  const [group, setGroup] = useQuery<RowGroup>('rows', 'fixed');
  const [label, setLabel] = useQuery<string>('label', 'all');
  const [said, setSaid] = useQuery<string>('said', 'all');
  const [only, setOnly] = useQuery<string>('only', 'all');
  const [slice, setSlice] = useQuery<string>('slice', '');
  const [rowId, setRowId] = useQuery<string>('row', '');
  const a = comparison.arms.find((arm) => arm.id === pair?.a);
  const b = comparison.arms.find((arm) => arm.id === pair?.b);
  const all = useMemo(
    () => (pair ? comparedRows(comparison, evaluation, dataset, pair) : []),
    [comparison, evaluation, dataset, pair],
  );
  if (!pair || !a || !b) return <p className="dim">This comparison has no pair of prompts.</p>;
  const tuned = b.kind === 'tuned';
  const { labels } = evaluation.plan;
  const part = insights?.slices?.slices[Number(slice || -1)] ?? null;
  const suspects = new Map(insights?.suspects.map((s) => [s.row, s]));
  const rows = filterRows(all, {
    label: labels[Number(label)] ?? null,
    said: labels[Number(said)] ?? null,
    ids: part ? new Set(part.rowIds) : null,
    at: only === 'suspects' ? new Set(suspects.keys()) : null,
  });
  const count = (id: RowGroup) => rows.filter((row) => row.group === id).length;
  const options = [{ id: 'all', label: 'all' }, ...labels.map((name, i) => ({ id: String(i), label: name }))];
  const open = all.find(({ id }) => id === rowId) ?? null;
  return (
    <Panel
      title={
        tuned
          ? `Tuning fixed ${format.counted(pair.bOnly, 'row')} and broke ${format.count(pair.aOnly)}`
          : `${b.name} fixed ${format.counted(pair.bOnly, 'row')} of ${a.name} and broke ${format.count(pair.aOnly)}`
      }
      span={12}
    >
      <div className="filters">
        <Select label="Label" value={label} onChange={setLabel} options={options} />
        <Select label={`${b.name} says`} value={said} onChange={setSaid} options={options} />
        <Select
          label="Doubt"
          value={only}
          onChange={setOnly}
          options={[
            { id: 'all', label: 'all rows' },
            {
              id: 'suspects',
              label: 'label may be wrong',
              detail: insights ? format.counted(suspects.size, 'row') : '',
            },
          ]}
        />
        {part ? (
          <Button size="s" onPress={() => setSlice('')}>
            {`${part.column}: ${part.name} ✕`}
          </Button>
        ) : null}
        {rows.length < all.length ? (
          <span className="dim small">
            {format.count(rows.length)} of {format.counted(all.length, 'row')}
          </span>
        ) : null}
      </div>
      {only === 'suspects' ? (
        <p className="dim small">
          At least two prompts are sure of another label (0.8 or more) and none is sure of this one. A suspicion, not a
          finding: a case that all of them get wrong looks the same.
        </p>
      ) : null}
      <Tabs
        label="Rows"
        selected={group}
        onSelect={(id) => setGroup(id as RowGroup)}
        tabs={GROUPS.map(({ id, title, empty }) => ({
          id,
          label: `${tuned ? title : title.replace(' by tuning', '')} · ${format.count(count(id))}`,
          content:
            group === id ? (
              <Rows
                rows={rows.filter((row) => row.group === id)}
                empty={rows.length < all.length ? 'No such row in this cell.' : empty}
                a={a}
                b={b}
                onOpen={(row) => setRowId(row.id)}
              />
            ) : null,
        }))}
      />
      <RowDialog
        {...props}
        row={open}
        suspect={open ? suspects.get(open.at) : undefined}
        onClose={() => setRowId('')}
      />
    </Panel>
  );
}

interface RowsProps {
  readonly rows: readonly ComparedRow[];
  readonly empty: string;
  readonly a: CloserProps['comparison']['arms'][number];
  readonly b: CloserProps['comparison']['arms'][number];
  readonly onOpen: (row: ComparedRow) => void;
}

const answer = ({ label, right, probability }: ComparedRow['a']) => (
  <span className="answer">
    <LabelTag verdict={right ? 'right' : 'wrong'}>{label}</LabelTag>{' '}
    <span className="num dim">{probability.toFixed(2)}</span>
  </span>
);

function Rows({ rows, empty, a, b, onOpen }: RowsProps) {
  return (
    <PagedTable<ComparedRow>
      caption="Rows with both answers and their probabilities"
      rows={rows}
      page={PAGE}
      empty={empty}
      rowKey={(row) => row.id}
      columns={[
        { id: 'text', header: 'Text', primary: true, cell: (row) => row.text },
        { id: 'gold', header: 'Label', cell: (row) => <LabelTag>{row.gold}</LabelTag> },
        {
          id: 'a',
          header: <ArmMark side={sideOf(a)}>{a.name}</ArmMark>,
          cardLabel: a.name,
          cell: (row) => answer(row.a),
        },
        {
          id: 'b',
          header: <ArmMark side={sideOf(b)}>{b.name}</ArmMark>,
          cardLabel: b.name,
          cell: (row) => answer(row.b),
        },
        {
          id: 'open',
          header: <span className="visually-hidden">All answers</span>,
          cell: (row) => (
            <Button variant="link" size="s" aria-label={`All answers to row ${row.id}`} onPress={() => onOpen(row)}>
              All answers
            </Button>
          ),
        },
      ]}
    />
  );
}
