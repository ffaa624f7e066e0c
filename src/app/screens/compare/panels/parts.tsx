/** What the panels of both kinds of task share: the rows behind a difference, the choice of a pair. */

import type { ReactNode } from 'react';
import { NO_PROMPT } from '../../../../evaluation/classify/made-arms';
import { armId } from '../../../../prompt-set/arms';
import type { Evaluation } from '../../../../prompt-set/types';
import type { RowText } from '../../../../report/types';
import { exportPath, navigate, useQuery } from '../../../state/location';
import { Button, Dialog, format, PagedTable, Panel, Select, type TableColumn, Tabs } from '../../../ui';

interface RowGroup<R> {
  readonly id: string;
  readonly title: string;
  readonly empty: string;
  readonly of: (row: R) => boolean;
}

interface ExplorerProps<R extends RowText> {
  readonly title: string;
  readonly caption: string;
  readonly lead: ReactNode;
  readonly rows: readonly R[];
  readonly all: readonly R[];
  readonly page: number;
  readonly groups: readonly [RowGroup<R>, ...RowGroup<R>[]];
  /** Between the text and the link to all answers. */
  readonly columns: readonly TableColumn<R>[];
  readonly open: (row: R) => ReactNode;
}

/** The rows behind a difference: in groups, page by page, one of them open. */
export function Explorer<R extends RowText>(props: ExplorerProps<R>) {
  const { title, caption, lead, rows, all, page, groups, columns, open } = props;
  const [chosen, setChosen] = useQuery<string>('rows', groups[0].id);
  const [rowId, setRowId] = useQuery<string>('row', '');
  const group = groups.find(({ id }) => id === chosen) ?? groups[0];
  const row = all.find(({ id }) => id === rowId) ?? null;
  const table = (group: RowGroup<R>) => (
    <PagedTable<R>
      caption={caption}
      rows={rows.filter(group.of)}
      page={page}
      empty={rows.length < all.length ? 'No such row in this group.' : group.empty}
      rowKey={({ id }) => id}
      columns={[
        { name: 'Text', primary: true, cell: ({ text }) => text },
        ...columns,
        {
          name: 'All answers',
          isNameHidden: true,
          cell: ({ id }) => (
            <Button variant="link" size="s" aria-label={`All answers to row ${id}`} onPress={() => setRowId(id)}>
              All answers
            </Button>
          ),
        },
      ]}
    />
  );
  return (
    <Panel title={title} span={12}>
      {lead}
      <Tabs
        label="Rows"
        selected={group.id}
        onSelect={setChosen}
        tabs={groups.map((each) => ({
          id: each.id,
          label: `${each.title} · ${format.count(rows.filter(each.of).length)}`,
          content: each === group ? table(each) : null,
        }))}
      />
      <Dialog title={`Row ${row?.id ?? ''}`} isOpen={row !== null} onClose={() => setRowId('')} wide>
        {row ? (
          <div className="stack">
            <blockquote className="row-text">{row.text}</blockquote>
            {open(row)}
          </div>
        ) : null}
      </Dialog>
    </Panel>
  );
}

interface Pair {
  readonly a: string;
  readonly b: string;
}

/** The pair that is shown: the headline's unless another one is in the address. Its place, not its names. */
export function usePair<P extends Pair>(pairs: readonly P[]) {
  const [at, setAt] = useQuery<string>('pair', '0');
  const index = pairs[Number(at)] ? Number(at) : 0;
  return { index, pair: pairs[index], choose: (next: number) => setAt(String(next)) };
}

interface PairSelectProps {
  readonly pairs: readonly Pair[];
  readonly index: number;
  readonly onChoose: (index: number) => void;
  readonly nameOf: (id: string) => string;
}

export const PairSelect = ({ pairs, index, onChoose, nameOf }: PairSelectProps) =>
  pairs.length > 1 ? (
    <div className="filters">
      <Select
        label="Pair"
        value={String(index)}
        onChange={(id) => onChoose(Number(id))}
        options={pairs.map(({ a, b }, i) => ({ id: String(i), label: `${nameOf(b)} against ${nameOf(a)}` }))}
      />
    </div>
  ) : null;

interface ExportArmProps {
  readonly evaluation: Pick<Evaluation, 'id' | 'setId'>;
  readonly arm: { readonly id: string; readonly name: string };
}

export const ExportArm = ({ evaluation, arm }: ExportArmProps) =>
  NO_PROMPT.includes(arm.id) ? null : (
    <Button
      size="s"
      variant="quiet"
      aria-label={`Export ${arm.name}`}
      onPress={() => navigate(exportPath(evaluation.setId, armId(evaluation, arm.id)))}
    >
      Export
    </Button>
  );
