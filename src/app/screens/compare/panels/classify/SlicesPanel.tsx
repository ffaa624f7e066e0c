import { inText } from '../../../../../evaluation/arm-names';
import { type Slice, slicesSentence } from '../../../../../evaluation/classify/slices';
import { namesOf, pText } from '../../../../../evaluation/words';
import { ChartPanel, drawIntervals, slicesTitle, twinOf } from '../../../../charts';
import { useQuery } from '../../../../state/location';
import { Button, format, Interval, Panel, Select, Table, Term } from '../../../../ui';
import type { InsightsProps } from '../../closer-store';
import { ROWS_ID } from '../parts';

/** The test rows by a column or by text length: where the second prompt is ahead, and how much of it is more than chance. */
export function SlicesPanel({ insights: { slices: report }, evaluation, pair }: InsightsProps) {
  if (!report)
    return (
      <Panel title="No slices">
        <p className="dim">The rows of this comparison are no longer in this browser.</p>
      </Panel>
    );
  const nameOf = namesOf(evaluation.comparison.arms);
  return (
    <div className="stack">
      <p>
        {slicesSentence(report)}{' '}
        <Term means="Among many slices, one differs by chance. Holm's correction raises each p-value so that all of them together mislead at most 5 times in 100.">
          Why corrected?
        </Term>
      </p>
      {report.slices.length > 0 ? <ColumnPanel all={report.slices} a={nameOf(pair.a)} b={nameOf(pair.b)} /> : null}
      {report.leftOut.length > 0 ? (
        <p className="dim small">
          No slices by {report.leftOut.map(({ column: name, why }) => `${name} (${why})`).join(', ')}.
        </p>
      ) : null}
    </div>
  );
}

function ColumnPanel({ all, a, b }: { readonly all: readonly Slice[]; readonly a: string; readonly b: string }) {
  // The column's place, not its name: nothing of the file is in the address.
  const [at, setAt] = useQuery<string>('by', '0');
  const [, setSlice] = useQuery<string>('slice', '');
  const columns = [...new Set(all.map(({ column }) => column))];
  const column = columns[Number(at)] ?? columns[0] ?? '';
  const shown = all.filter((slice) => slice.column === column);
  const open = (slice: Slice) => {
    setSlice(String(all.indexOf(slice)));
    document.getElementById(ROWS_ID)?.scrollIntoView();
  };
  return (
    <div className="grid">
      <ChartPanel
        title={slicesTitle(shown, column)}
        unit={`${b} minus ${inText(a)}`}
        controls={
          <div className="row filters">
            <Select
              label="By"
              value={String(columns.indexOf(column))}
              onChange={setAt}
              options={columns.map((name, i) => ({ id: String(i), label: name }))}
            />
          </div>
        }
        draw={drawIntervals(shown.map(({ name, difference, ci95 }) => ({ name, value: difference, ...ci95 })))}
        twin={twinOf(shown, TWIN)}
      >
        <SliceTable slices={shown} a={a} b={b} onOpen={open} />
      </ChartPanel>
    </div>
  );
}

const TWIN = {
  part: ({ name }: Slice) => name,
  rows: ({ rowIds }: Slice) => rowIds.length,
  accuracy_a: ({ accuracyA }: Slice) => accuracyA,
  accuracy_b: ({ accuracyB }: Slice) => accuracyB,
  points: ({ difference }: Slice) => difference * 100,
  low_95: ({ ci95 }: Slice) => ci95.low * 100,
  high_95: ({ ci95 }: Slice) => ci95.high * 100,
  exact_p: ({ p }: Slice) => p,
  holm_p: ({ pHolm }: Slice) => pHolm,
};

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
      { name: 'Part', primary: true, cell: ({ name }) => name },
      { name: 'Rows', card: true, numeric: true, cell: (s) => format.count(s.rowIds.length) },
      { name: 'a', head: a, card: a, numeric: true, cell: (s) => format.percent(s.accuracyA) },
      { name: 'b', head: b, card: b, numeric: true, cell: (s) => format.percent(s.accuracyB) },
      {
        name: 'Difference (95% interval)',
        card: 'difference',
        numeric: true,
        cell: (s) => <Interval as="points" value={s.difference} {...s.ci95} />,
      },
      { name: 'Exact p', card: 'p', numeric: true, cell: (s) => pText(s.p) },
      { name: 'After Holm', card: true, numeric: true, cell: (s) => pText(s.pHolm) },
      {
        name: 'open',
        head: 'Rows',
        isNameHidden: true,
        cell: (s) => (
          <Button variant="link" size="s" aria-label={`Show the rows of ${s.name}`} onPress={() => onOpen(s)}>
            Show rows
          </Button>
        ),
      },
    ]}
  />
);
