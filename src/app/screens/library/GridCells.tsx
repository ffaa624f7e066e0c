import { useState } from 'react';
import { useStore } from 'zustand';
import { textById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { answersOf, differenceSentence, type PairedRow, pairedRows } from '../../../evaluation/classify/pairs';
import { ends, LABEL_METRICS, metricsOf, TEXT_METRICS } from '../../../metrics/registry';
import type { LabelAnswers } from '../../../prompt-set/answers';
import {
  type GridCell,
  pairsOnShow,
  type Slot,
  saidIn,
  slotId,
  textDifference,
  unsureIn,
  whyNotPaired,
} from '../../../report/grid';
import { labelAnswer } from '../../charts';
import { useResource } from '../../state/resource';
import { ArmMark, Choices, Failed, format, LabelTag, PagedTable, Panel, ProgressBar } from '../../ui';
import { type GridView, gridState, pairKey, validCells } from './grid-store';

const PAGE = 25;

interface ViewProps {
  readonly view: GridView;
}

/** One cell's rows, or the difference of two. */
export function ChosenCells({ view, chosen }: ViewProps & { readonly chosen: readonly Slot[] }) {
  const cells = useStore(gridState.use().cells, (s) => s.cells);
  const valid = new Map(validCells(view, cells).map((cell) => [slotId(cell), cell]));
  const [a, b] = chosen.flatMap((slot) => valid.get(slotId(slot)) ?? []);
  if (!a || !saidIn(a))
    return valid.size === 0 ? null : (
      <p className="dim">Choose a cell to see its rows, and a second one to compare both on the same rows.</p>
    );
  const dataset = view.data.find(({ id }) => id === a.data)?.dataset ?? null;
  if (!b) return a.answers ? <OneCell name={nameOf(view, a)} answers={a.answers} dataset={dataset} /> : null;
  const why = whyNotPaired(a, b);
  if (why !== null) return <p className="dim">{why}</p>;
  return (
    <Difference
      view={view}
      pair={[a, b]}
      rows={a.answers && b.answers ? pairedRows(a.answers, b.answers) : []}
      dataset={dataset}
      key={`${slotId(a)} ${slotId(b)}`}
    />
  );
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

interface OneCellProps {
  readonly name: string;
  readonly answers: LabelAnswers;
  readonly dataset: Dataset | null;
}

function OneCell({ name, answers, dataset }: OneCellProps) {
  const [shown, setShown] = useState<'wrong' | 'right' | 'all'>('wrong');
  const all = answersOf(answers);
  const wrong = all.filter(({ right }) => !right);
  const rows = shown === 'all' ? all : shown === 'wrong' ? wrong : all.filter(({ right }) => right);
  const text = textById(dataset);
  const { macroF1 } = answers.metrics;
  const unsure = unsureIn(answers);
  return (
    <Panel
      stack
      title={`${name} gets ${format.count(wrong.length)} of ${format.counted(all.length, 'row')} wrong`}
      span={12}
    >
      <p className="dim">
        Macro-F1 {LABEL_METRICS.macroF1.format.value(macroF1.value)}; {Math.round(answers.tokensSentMean)} tokens a row
        {unsure > 0 ? `; ${format.counted(unsure, 'answer')} below its threshold` : ''}
      </p>
      <Choices
        label="Rows"
        hideLabel
        value={shown}
        onChange={setShown}
        options={{
          wrong: `Wrong · ${wrong.length}`,
          right: `Right · ${all.length - wrong.length}`,
          all: `All · ${all.length}`,
        }}
      />
      <PagedTable
        key={shown}
        caption="Rows of the cell with its answers"
        rows={rows}
        page={PAGE}
        empty="No such row."
        rowKey={({ rowId }) => rowId}
        columns={[
          { name: 'Text', primary: true, cell: ({ rowId }) => text(rowId) },
          { name: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
          { name: 'Answer', card: true, cell: labelAnswer },
        ]}
      />
    </Panel>
  );
}

const GROUPS = {
  differ: { label: 'Only one is right', of: ({ a, b }: PairedRow) => a.right !== b.right },
  a: { label: 'A right, B wrong', of: ({ a, b }: PairedRow) => a.right && !b.right },
  b: { label: 'B right, A wrong', of: ({ a, b }: PairedRow) => b.right && !a.right },
  wrong: { label: 'Both wrong', of: ({ a, b }: PairedRow) => !a.right && !b.right },
  all: { label: 'All', of: () => true },
} as const;
type Group = keyof typeof GROUPS;

interface DifferenceProps extends ViewProps {
  readonly pair: readonly [GridCell, GridCell];
  readonly rows: readonly PairedRow[];
  readonly dataset: Dataset | null;
}

function Difference({ view, pair, rows, dataset }: DifferenceProps) {
  const [a, b] = pair;
  const [group, setGroup] = useState<Group>('differ');
  const names = [nameOf(view, a, b), nameOf(view, b, a)];
  const text = textById(dataset);
  const shown = rows.filter(GROUPS[group].of);
  return (
    <Panel
      stack
      title={
        <>
          <ArmMark side="a">{names[0]}</ArmMark> against <ArmMark side="b">{names[1]}</ArmMark>
        </>
      }
      span={12}
    >
      <Tested view={view} a={a} b={b} names={names} />
      {rows.length === 0 ? null : (
        <>
          <Choices<Group>
            label="Rows"
            hideLabel
            value={group}
            onChange={setGroup}
            options={(Object.keys(GROUPS) as Group[]).map((id) => ({
              id,
              label: `${GROUPS[id].label} · ${rows.filter(GROUPS[id].of).length}`,
            }))}
          />
          <PagedTable
            key={group}
            caption="Rows with both answers and their probabilities"
            rows={shown}
            page={PAGE}
            empty="No row is in this group."
            rowKey={({ rowId }) => rowId}
            columns={[
              { name: 'Text', primary: true, cell: ({ rowId }) => text(rowId) },
              { name: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
              { name: 'a', head: <ArmMark side="a" />, card: 'A', cell: (row) => labelAnswer(row.a) },
              { name: 'b', head: <ArmMark side="b" />, card: 'B', cell: (row) => labelAnswer(row.b) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}

interface TestedProps extends ViewProps {
  readonly a: GridCell;
  readonly b: GridCell;
  readonly names: readonly string[];
}

/** The paired test of the two, corrected for every pair on show, as any of them could have been chosen. */
function Tested({ view, a, b, names }: TestedProps) {
  const { difference } = gridState.use();
  const [first = '', second = ''] = names;
  const cells = useStore(gridState.use().cells, (s) => s.cells);
  const shown = validCells(view, cells);
  const { value: found, error } = useResource(difference, pairKey([a, b], shown));
  if (a.wrote && b.wrote) {
    const onShow = pairsOnShow(shown);
    return <p role="status">{textWords(first, second, textDifference(a.wrote, b.wrote, onShow), onShow)}</p>;
  }
  if (error) return <Failed title="The difference was not tested" error={error} />;
  if (!found) return <ProgressBar label="Comparing row by row" value={null} />;
  return (
    <>
      <p role="status">
        <strong>{differenceSentence(first, second, found)}</strong>
      </p>
      <p className="dim small">
        {metricsOf(LABEL_METRICS).map(([metric, { name, format: form }]) => {
          const { value, interval } = found.metrics[metric];
          return `${name}, B minus A: ${form.difference(value)} (${ends(form.difference, interval)}). `;
        })}
      </p>
    </>
  );
}

function textWords(a: string, b: string, { rows, value, interval }: ReturnType<typeof textDifference>, onShow: number) {
  const form = TEXT_METRICS.rougeL.format.difference;
  return `ROUGE-L of ${b} minus ${a}: ${form(value)} (${ends(form, interval)}) on the same ${format.counted(rows, 'row')}, all ${format.counted(onShow, 'pair')} on show counted.`;
}
