/** What the panels of all kinds of task share: their views, the choice of a pair, the rows behind a difference. */
import type { ComponentProps, ReactNode } from 'react';
import { pairName } from '../../../../evaluation/arm-names';
import type { ArmResult } from '../../../../evaluation/types';
import { namesOf } from '../../../../evaluation/words';
import { present } from '../../../../lib/assert';
import { askedAs } from '../../../../prompt-set/calibration';
import type { Evaluation } from '../../../../prompt-set/types';
import type { RowText } from '../../../../report/types';
import { sideOf } from '../../../charts';
import { exportPath, navigate, useQuery } from '../../../state/location';
import { ArmMark, Button, Dialog, format, PagedTable, Panel, Select, type TableColumn, Tabs } from '../../../ui';

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

export function Explorer<R extends RowText>(props: ExplorerProps<R>) {
  const { title, caption, lead, rows, all = rows, groups, columns, open } = props;
  const titles = Object.keys(groups);
  const [chosen, setChosen] = useQuery<string>('rows', '0');
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
      {lead}
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

type View = ComponentProps<typeof Tabs>['tabs'][number];

interface LookCloserProps<P extends Pair> {
  readonly comparison: { readonly arms: readonly Named[]; readonly pairs: readonly P[] };
  readonly ofPair: (pair: P, index: number) => readonly View[];
  /** Views that need no pair: one prompt alone has none. */
  readonly always: readonly View[];
}

/** The views of a comparison. The address has the place of the pair that they are about, not its names. */
export function LookCloser<P extends Pair>({ comparison: { arms, pairs }, ofPair, always }: LookCloserProps<P>) {
  const [tab, setTab] = useQuery<string>('tab', 'rows');
  const [at, setAt] = useQuery<string>('pair', '0');
  const index = pairs[Number(at)] ? Number(at) : 0;
  const pair = pairs[index];
  const nameOf = namesOf(arms);
  return (
    <div>
      {pairs.length > 1 ? (
        <div className="filters">
          <Select
            label="Pair"
            value={String(index)}
            onChange={setAt}
            options={pairs.map((pair, i) => ({ id: String(i), label: pairName(pair, nameOf) }))}
          />
        </div>
      ) : null}
      <Tabs
        label="Look closer"
        selected={tab}
        onSelect={setTab}
        tabs={[...(pair ? ofPair(pair, index) : []), ...always]}
      />
    </div>
  );
}

interface ExportArmProps {
  readonly evaluation: Pick<Evaluation, 'versions' | 'setId'>;
  readonly arm: { readonly id: string; readonly name: string };
}

export function ExportArm({ evaluation, arm }: ExportArmProps) {
  const asked = askedAs(evaluation, arm.id);
  return asked ? (
    <Button
      size="s"
      variant="quiet"
      aria-label={`Export ${arm.name}`}
      onPress={() => navigate(exportPath(evaluation.setId, asked.id))}
    >
      Export
    </Button>
  ) : null;
}
