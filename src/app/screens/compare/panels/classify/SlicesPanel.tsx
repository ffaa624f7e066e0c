import { useMemo } from 'react';
import type { Insights } from '../../../../../evaluation/classify/insights';
import { type Slice, slicesSentence } from '../../../../../evaluation/classify/slices';
import { pText } from '../../../../../evaluation/words';
import { ChartPanel, drawIntervals, slicesTitle } from '../../../../charts';
import { useQuery } from '../../../../state/location';
import { Button, format, Interval, Panel, Select, Table, Term } from '../../../../ui';
import type { CloserProps } from '../../closer-store';

/** The test rows by a column or by text length: where the second prompt is ahead, and how much of it is more than chance. */
export function SlicesPanel({ insights, comparison, pair }: CloserProps & { readonly insights: Insights }) {
  const report = insights.slices;
  const columns = [...new Set(report?.slices.map(({ column }) => column))];
  // The column's place, not its name: nothing of the file is in the address.
  const [at, setAt] = useQuery<string>('by', '0');
  const [, setSlice] = useQuery<string>('slice', '');
  const [, setTab] = useQuery<string>('tab', 'rows');
  const column = columns[Number(at)] ?? columns[0];
  const shown = useMemo(() => report?.slices.filter((slice) => slice.column === column) ?? [], [report, column]);
  const draw = useMemo(
    () => drawIntervals(shown.map(({ name, difference, ci95 }) => ({ name, value: difference, ...ci95 }))),
    [shown],
  );
  if (!report)
    return (
      <Panel title="No slices">
        <p className="dim">The rows of this comparison are no longer in this browser.</p>
      </Panel>
    );
  const nameOf = (id: string | undefined) => comparison.arms.find((arm) => arm.id === id)?.name ?? '';
  const [a, b] = [nameOf(pair?.a), nameOf(pair?.b)];
  const open = (slice: Slice) => {
    setSlice(String(report.slices.indexOf(slice)));
    setTab('rows');
  };
  return (
    <div className="stack">
      <p>
        {slicesSentence(report)}{' '}
        <Term means="Among many slices, one differs by chance. Holm's correction raises each p-value so that all of them together mislead at most 5 times in 100.">
          Why corrected?
        </Term>
      </p>
      {column === undefined ? null : (
        <div className="grid">
          <ChartPanel
            span={12}
            title={slicesTitle(shown, column)}
            unit={`${b} minus ${a}, points, 95% interval`}
            controls={
              <div className="filters">
                <Select
                  label="By"
                  value={String(columns.indexOf(column))}
                  onChange={setAt}
                  options={columns.map((name, i) => ({ id: String(i), label: name }))}
                />
              </div>
            }
            draw={draw}
            twin={{
              columns: ['part', 'rows', 'accuracy_a', 'accuracy_b', 'points', 'low_95', 'high_95', 'exact_p', 'holm_p'],
              rows: shown.map((slice) => [
                slice.name,
                slice.rowIds.length,
                slice.accuracyA,
                slice.accuracyB,
                slice.difference * 100,
                slice.ci95.low * 100,
                slice.ci95.high * 100,
                slice.pExact,
                slice.pHolm,
              ]),
            }}
          >
            <SliceTable slices={shown} a={a} b={b} onOpen={open} />
          </ChartPanel>
        </div>
      )}
      {report.leftOut.length > 0 ? (
        <p className="dim small">
          Not divided by {report.leftOut.map(({ column: name, why }) => `${name} (${why})`).join(', ')}.
        </p>
      ) : null}
    </div>
  );
}

interface SliceTableProps {
  readonly slices: readonly Slice[];
  readonly a: string;
  readonly b: string;
  readonly onOpen: (slice: Slice) => void;
}

const SliceTable = ({ slices, a, b, onOpen }: SliceTableProps) => (
  <Table<Slice>
    caption="Slices"
    rows={slices}
    rowKey={({ name }) => name}
    columns={[
      { id: 'name', header: 'Part', primary: true, cell: ({ name }) => name },
      { id: 'rows', header: 'Rows', numeric: true, cardLabel: 'rows', cell: (s) => format.count(s.rowIds.length) },
      { id: 'a', header: a, numeric: true, cardLabel: a, cell: (s) => format.percent(s.accuracyA) },
      { id: 'b', header: b, numeric: true, cardLabel: b, cell: (s) => format.percent(s.accuracyB) },
      {
        id: 'difference',
        header: 'Difference (95% interval)',
        numeric: true,
        cardLabel: 'difference',
        cell: (s) => <Interval as="points" value={s.difference} {...s.ci95} />,
      },
      { id: 'p', header: 'Exact p', numeric: true, cardLabel: 'p', cell: (s) => pText(s.pExact) },
      { id: 'holm', header: 'After Holm', numeric: true, cardLabel: 'after Holm', cell: (s) => pText(s.pHolm) },
      {
        id: 'open',
        header: <span className="visually-hidden">Rows</span>,
        cell: (s) => (
          <Button variant="link" size="s" aria-label={`Show the rows of ${s.name}`} onPress={() => onOpen(s)}>
            Show rows
          </Button>
        ),
      },
    ]}
  />
);
