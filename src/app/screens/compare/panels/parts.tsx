/** What the panels of all kinds of task share: the choice of a pair, the rows behind a difference. */
import type { ReactNode } from 'react';
import type { Dataset } from '../../../../dataset/types';
import { pairName } from '../../../../evaluation/arm-names';
import type { ArmResult } from '../../../../evaluation/types';
import { namesOf } from '../../../../evaluation/words';
import { present } from '../../../../lib/assert';
import type { Evaluation } from '../../../../prompt-set/types';
import type { RowText } from '../../../../report/types';
import { sideOf } from '../../../charts';
import { useQuery } from '../../../state/location';
import { ArmMark, Button, Dialog, format, PagedTable, Panel, Select, type TableColumn, Tabs } from '../../../ui';

export interface ResultsProps<E extends Evaluation> {
  readonly evaluation: E;
  readonly dataset: Dataset;
}

/** By the group's title. */
type RowGroups<R> = Readonly<Record<string, (row: R) => boolean>>;

interface ExplorerProps<R extends RowText> {
  readonly title: string;
  readonly caption: string;
  readonly lead: ReactNode;
  readonly rows: readonly R[];
  /** Where `rows` are some of them. */
  readonly all?: readonly R[];
  readonly groups: RowGroups<R>;
  /** Between the text and the link to all answers. */
  readonly columns: readonly TableColumn<R>[];
  readonly open: (row: R) => ReactNode;
}

const PAGE = 25;

/** Of what holds the rows: a slice leads to its own. */
export const ROWS_ID = 'compared-rows';

export function Explorer<R extends RowText>(props: ExplorerProps<R>) {
  const { title, caption, lead, rows, all = rows, groups, columns, open } = props;
  const titles = Object.keys(groups);
  const first = titles.findIndex((name) => all.some((each) => groups[name]?.(each)));
  const [chosen, setChosen] = useQuery<string>('rows', String(Math.max(0, first)));
  const [rowId, setRowId] = useQuery<string>('row', '');
  const row = all.find(({ id }) => id === rowId) ?? null;
  const table = (of: readonly R[]) => (
    <PagedTable<R>
      caption={caption}
      rows={of}
      page={PAGE}
      empty="No row is in this group."
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
    <Panel title={title}>
      <div id={ROWS_ID}>{lead}</div>
      <Tabs
        label="Rows"
        selected={chosen}
        onSelect={setChosen}
        tabs={titles.map((name, i) => {
          const of = rows.filter((each) => groups[name]?.(each));
          return { id: String(i), label: `${name} · ${format.count(of.length)}`, content: table(of) };
        })}
      />
      <Dialog title={`Row ${row?.id ?? ''}`} isOpen={row !== null} onClose={() => setRowId('')} wide>
        {row ? (
          <>
            <blockquote className="row-text">{row.text}</blockquote>
            {open(row)}
          </>
        ) : null}
      </Dialog>
    </Panel>
  );
}

type Named = Pick<ArmResult, 'id' | 'name' | 'kind'>;

interface AllArmsProps<A extends Named> {
  readonly arms: readonly A[];
  readonly expected: ReactNode;
  readonly of: (arm: A, place: number) => ReactNode;
}

export const AllArms = <A extends Named>({ arms, expected, of }: AllArmsProps<A>) => (
  <>
    <p>Expected: {expected}</p>
    <div className="answers">
      {arms.map((arm, i) => (
        <section key={arm.id} aria-label={arm.name}>
          <h3>
            <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>
          </h3>
          {of(arm, i)}
        </section>
      ))}
    </div>
  </>
);

export function armColumn<R>(arms: readonly Named[], id: string, cell: (row: R) => ReactNode): TableColumn<R> {
  const arm = present(
    arms.find((each) => each.id === id),
    `arm ${id}`,
  );
  return { name: id, head: <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>, card: arm.name, cell };
}

interface Pair {
  readonly a: string;
  readonly b: string;
}

/** The pair that rows and probabilities are about, with its choice where there are several. The address has its place, not its names. */
export function usePair<P extends Pair>(of: { readonly arms: readonly Named[]; readonly pairs: readonly P[] }) {
  const { arms, pairs } = of;
  const [at, setAt] = useQuery<string>('pair', '0');
  const index = pairs[Number(at)] ? Number(at) : 0;
  const options = pairs.map((pair, i) => ({ id: String(i), label: pairName(pair, namesOf(arms)) }));
  const choice =
    pairs.length > 1 ? <Select label="Pair" value={String(index)} onChange={setAt} options={options} /> : null;
  return { pair: pairs[index], index, choice };
}
