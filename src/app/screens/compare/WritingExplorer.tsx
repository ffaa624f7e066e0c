import { useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { GeneratePair } from '../../../evaluation/generate/compare';
import type { GenerateEvaluation } from '../../../project/types';
import { TextDifference } from '../../charts/TextDifference';
import { useQuery } from '../../shell/location';
import { ArmMark, Button, Dialog, format, PagedTable, Panel, Tabs } from '../../ui';
import { sideOfArm } from './writing-words';
import { type WrittenRow, writtenRows } from './written-rows';

const PAGE = 15;
const GROUPS = [
  { id: 'gain', title: 'Nearer', empty: 'No row is nearer.', of: (row: WrittenRow) => row.gain > 0 },
  { id: 'loss', title: 'Farther', empty: 'No row is farther.', of: (row: WrittenRow) => row.gain < 0 },
  {
    id: 'same',
    title: 'Equally near',
    empty: 'On no row are both equally near.',
    of: (row: WrittenRow) => row.gain === 0,
  },
] as const;
type Group = (typeof GROUPS)[number]['id'];

interface WritingExplorerProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
  readonly duel: GeneratePair;
}

/** The rows behind the difference: the largest gains, the largest losses; words that are not wanted are underlined. */
export function WritingExplorer({ evaluation, dataset, duel }: WritingExplorerProps) {
  const [group, setGroup] = useQuery<Group>('rows', 'gain');
  const [rowId, setRowId] = useQuery<string>('row', '');
  const rows = useMemo(() => writtenRows(evaluation, dataset, duel), [evaluation, dataset, duel]);
  const { arms } = evaluation.comparison;
  const nameOf = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  const open = rows.find(({ id }) => id === rowId) ?? null;
  return (
    <Panel
      title={`${nameOf(duel.b)} writes nearer on ${format.counted(duel.rows.nearer, 'row')} and farther on ${duel.rows.farther}`}
      span={12}
    >
      <p className="dim small">Words that are not in your text, or not in its order, are underlined.</p>
      <Tabs
        label="Rows"
        selected={GROUPS.some(({ id }) => id === group) ? group : 'gain'}
        onSelect={(id) => setGroup(id as Group)}
        tabs={GROUPS.map(({ id, title, empty, of }) => {
          const found = rows.filter(of);
          return {
            id,
            label: `${title} · ${format.count(found.length)}`,
            content:
              group === id ? (
                <Rows
                  rows={found}
                  empty={empty}
                  evaluation={evaluation}
                  duel={duel}
                  onOpen={(row) => setRowId(row.id)}
                />
              ) : null,
          };
        })}
      />
      <Dialog title={`Row ${open?.id ?? ''}`} isOpen={open !== null} onClose={() => setRowId('')} wide>
        {open ? (
          <div className="stack">
            <blockquote className="row-text">{open.text}</blockquote>
            <p>
              Wanted: <strong>{open.wanted}</strong>
            </p>
            <div className="answers">
              {evaluation.plan.arms.map((arm, i) => (
                <section key={arm.id} aria-label={arm.name}>
                  <h3>
                    <ArmMark side={sideOfArm(arm)}>{arm.name}</ArmMark>{' '}
                    <span className="dim small">ROUGE-L {format.percentWhole(arms[i]?.rows[open.at] ?? 0)}</span>
                  </h3>
                  <p>
                    <TextDifference written={arm.written[open.at] ?? ''} wanted={open.wanted} />
                  </p>
                </section>
              ))}
            </div>
          </div>
        ) : null}
      </Dialog>
    </Panel>
  );
}

interface RowsProps {
  readonly rows: readonly WrittenRow[];
  readonly empty: string;
  readonly evaluation: GenerateEvaluation;
  readonly duel: GeneratePair;
  readonly onOpen: (row: WrittenRow) => void;
}

function Rows({ rows, empty, evaluation, duel, onOpen }: RowsProps) {
  const head = (id: string) => {
    const arm = evaluation.comparison.arms.find((each) => each.id === id);
    return arm ? <ArmMark side={sideOfArm(arm)}>{arm.name}</ArmMark> : id;
  };
  const nameOf = (id: string) => evaluation.comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  return (
    <PagedTable<WrittenRow>
      caption="Rows with both texts and the wanted one"
      rows={rows}
      page={PAGE}
      empty={empty}
      rowKey={(row) => row.id}
      columns={[
        { id: 'text', header: 'Text', primary: true, cell: (row) => row.text },
        { id: 'wanted', header: 'Wanted', cardLabel: 'wanted', cell: (row) => row.wanted },
        {
          id: 'a',
          header: head(duel.a),
          cardLabel: nameOf(duel.a),
          cell: (row) => <TextDifference written={row.a} wanted={row.wanted} />,
        },
        {
          id: 'b',
          header: head(duel.b),
          cardLabel: nameOf(duel.b),
          cell: (row) => <TextDifference written={row.b} wanted={row.wanted} />,
        },
        {
          id: 'gain',
          header: 'ROUGE-L',
          numeric: true,
          cardLabel: 'ROUGE-L',
          cell: (row) => format.points(row.gain),
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
