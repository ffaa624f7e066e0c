import { useState } from 'react';
import { useStore } from 'zustand';
import { textById } from '../../../dataset/labels';
import { type AnswerDifference, differenceSentence, type PairedRow, pairedRows } from '../../../evaluation/sheets';
import { ends, type Figure, METRICS, type Metric, metricsOf } from '../../../metrics/registry';
import type { Sheet } from '../../../prompt-set/answers';
import { figureWords, type GridCell, measuresOf, type Slot, slotId, whyNotPaired } from '../../../report/grid';
import { labelAnswer } from '../../charts';
import { useResource } from '../../state/resource';
import { ArmMark, Choices, Failed, format, LabelTag, PagedTable, Panel, ProgressBar } from '../../ui';
import { type GridView, gridState, pairKey, validCells } from './grid-store';

const PAGE = 25;

interface ViewProps {
  readonly view: GridView;
}

export function ChosenCells({ view, chosen }: ViewProps & { readonly chosen: readonly Slot[] }) {
  const cells = useStore(gridState.use().cells, (s) => s.cells);
  const shown = validCells(view, cells);
  const valid = new Map(shown.map((cell) => [slotId(cell), cell]));
  const [a, b] = chosen.flatMap((slot) => valid.get(slotId(slot)) ?? []);
  if (!a?.answers)
    return valid.size === 0 ? null : (
      <p className="dim">Choose a cell to see its rows, and a second one to compare both on the same rows.</p>
    );
  if (!b) return <OneCell view={view} cell={a} answers={a.answers} />;
  const why = whyNotPaired(a, b);
  if (why !== null) return <p className="dim">{why}</p>;
  return <TwoCells key={`${slotId(a)} ${slotId(b)}`} view={view} a={a} b={b} shown={shown} />;
}

/** A prompt's name, with the model and the data set where others than these are in question. */
function nameOf({ prompts, models, data }: GridView, slot: Slot, other: Slot | null = null): string {
  const of = (list: readonly { readonly id: string; readonly name: string }[], id: string) =>
    list.find((each) => each.id === id)?.name ?? '';
  return [
    of(prompts, slot.prompt),
    other?.model === slot.model ? '' : ` on ${of(models, slot.model)}`,
    other?.data === slot.data ? '' : `, ${of(data, slot.data)}`,
  ].join('');
}

interface Groups {
  readonly caption: string;
  readonly sides: readonly ('a' | 'b')[];
  /** The first one is shown at first. */
  readonly of: Readonly<Record<string, readonly [name: string, has: (row: PairedRow) => boolean]>>;
}

interface RowsProps extends ViewProps {
  readonly data: string;
  readonly rows: readonly PairedRow[];
  readonly groups: Groups;
}

function Rows({ view, data, rows, groups: { caption, sides, of } }: RowsProps) {
  const [group, setGroup] = useState(Object.keys(of)[0] ?? '');
  if (rows.length === 0) return null;
  const text = textById(view.data.find(({ id }) => id === data)?.dataset ?? null);
  const inGroup = (id: string) => rows.filter((row) => of[id]?.[1](row));
  return (
    <>
      <Choices
        label="Rows"
        hideLabel
        value={group}
        onChange={setGroup}
        options={Object.entries(of).map(([id, [name]]) => ({ id, label: `${name} · ${inGroup(id).length}` }))}
      />
      <PagedTable
        key={group}
        caption={caption}
        rows={inGroup(group)}
        page={PAGE}
        empty="No row is in this group."
        rowKey={({ rowId }) => rowId}
        columns={[
          { name: 'Text', primary: true, cell: ({ rowId }) => text(rowId) },
          { name: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
          ...sides.map((side) => ({
            name: side,
            head: sides.length > 1 ? <ArmMark side={side} /> : 'Answer',
            card: sides.length > 1 ? side.toUpperCase() : 'answer',
            cell: (row: PairedRow) => labelAnswer(row[side]),
          })),
        ]}
      />
    </>
  );
}

const OF_ONE: Groups = {
  caption: 'Rows of the cell with its answers',
  sides: ['a'],
  of: {
    wrong: ['Wrong', ({ a }) => !a.right],
    right: ['Right', ({ a }) => a.right],
    all: ['All', () => true],
  },
};

/** "Macro-F1 0.812 (0.7 to 0.9)", of every metric. */
const metricWords = (
  { kind, metrics }: Pick<AnswerDifference | Sheet, 'kind'> & { readonly metrics: Readonly<Record<string, Figure>> },
  by: keyof Metric['format'],
): readonly string[] =>
  metricsOf<string, Metric>(METRICS[kind]).flatMap(([id, { name, format }]) => {
    const found = metrics[id];
    return found ? [`${name} ${format[by](found.value)} (${ends(format[by], found.interval)})`] : [];
  });

function OneCell({ view, cell, answers }: ViewProps & { readonly cell: GridCell; readonly answers: Sheet }) {
  const rows = pairedRows(answers, answers);
  const wrong = rows.filter(({ a }) => !a.right).length;
  const { unsure } = answers;
  return (
    <Panel
      stack
      title={
        rows.length === 0
          ? `${nameOf(view, cell)}: ${measuresOf([cell])} ${figureWords(answers)[0]}`
          : `${nameOf(view, cell)} gets ${format.count(wrong)} of ${format.counted(rows.length, 'row')} wrong`
      }
    >
      <p className="dim">
        {metricWords(answers, 'value').join('; ')}; {Math.round(answers.tokensSentMean)} tokens a row
        {unsure ? `; ${format.counted(unsure, 'answer')} below its threshold` : ''}
      </p>
      <Rows view={view} data={cell.data} rows={rows} groups={OF_ONE} />
    </Panel>
  );
}

const OF_TWO: Groups = {
  caption: 'Rows with both answers and their probabilities',
  sides: ['a', 'b'],
  of: {
    differ: ['Only one is right', ({ a, b }) => a.right !== b.right],
    a: ['A right, B wrong', ({ a, b }) => a.right && !b.right],
    b: ['B right, A wrong', ({ a, b }) => b.right && !a.right],
    wrong: ['Both wrong', ({ a, b }) => !a.right && !b.right],
    all: ['All', () => true],
  },
};

interface TwoProps extends ViewProps {
  readonly a: GridCell;
  readonly b: GridCell;
  readonly shown: readonly GridCell[];
}

function TwoCells({ view, a, b, shown }: TwoProps) {
  const names = [nameOf(view, a, b), nameOf(view, b, a)] as const;
  const rows = a.answers && b.answers ? pairedRows(a.answers, b.answers) : [];
  return (
    <Panel
      stack
      title={
        <>
          <ArmMark side="a">{names[0]}</ArmMark> against <ArmMark side="b">{names[1]}</ArmMark>
        </>
      }
    >
      <Tested a={a} b={b} names={names} shown={shown} />
      <Rows view={view} data={a.data} rows={rows} groups={OF_TWO} />
    </Panel>
  );
}

type TestedProps = Omit<TwoProps, 'view'> & { readonly names: readonly [string, string] };

/** The paired test of the two, corrected for every pair on show, as any of them could have been chosen. */
function Tested({ a, b, names, shown }: TestedProps) {
  const { value: found, error } = useResource(gridState.use().difference, pairKey([a, b], shown));
  if (error) return <Failed title="The difference was not tested" error={error} />;
  if (!found) return <ProgressBar label="Comparing row by row" />;
  return (
    <>
      <p role="status">
        <strong>{differenceSentence(...names, found)}</strong>
      </p>
      <p className="dim small">B minus A: {metricWords(found, 'difference').join('; ')}</p>
    </>
  );
}
