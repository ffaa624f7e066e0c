/** What the prompt in the editor did on the validation rows: labels right and wrong, or texts beside the expected ones. */
import { useMemo } from 'react';
import { rowsById, targetOf, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { wilson } from '../../../metrics/intervals';
import { TEXT_METRICS } from '../../../metrics/registry';
import { rougeL } from '../../../metrics/text';
import { chosenHard, samePrompt } from '../../../prompt-set/prompt-set';
import type { HardVersion } from '../../../prompt-set/types';
import type { Tried } from '../../../workflow/training-rows';
import { ChartPanel, confusionTitle, drawConfusion, TextDifference } from '../../charts';
import { usePromptSets } from '../../state/studio';
import { EmptyState, format, Interval, LabelTag, Panel, ScrollRegion, Table, type TableColumn, Term } from '../../ui';
import { useDraft } from './prompts-store';

const { counted, percent } = format;

/** The version in the editor, or the one that counts. */
function useVersion(): HardVersion | null {
  const set = usePromptSets((s) => s.set);
  const draft = useDraft();
  return set && (set.hard.find(({ prompt }) => samePrompt(prompt, draft)) ?? chosenHard(set));
}

export function ResultPanels() {
  const dataset = usePromptSets((s) => s.dataset);
  const tried = useVersion()?.tried ?? null;
  if (!dataset || !tried)
    return (
      <div className="c12">
        <EmptyState title="Mistakes will appear here">
          Try the prompt to see its score, which labels it confuses, and every row it gets wrong. This uses validation
          rows; the test rows stay unseen.
        </EmptyState>
      </div>
    );
  return (
    <>
      <ConfusionPanel tried={tried} labels={dataset.labels} />
      <WrongPanel tried={tried} dataset={dataset} />
    </>
  );
}

function ConfusionPanel({ tried, labels }: { readonly tried: Tried; readonly labels: readonly string[] }) {
  const { confusion, accuracy, rows, wrongRowIds } = tried;
  return (
    <ChartPanel
      span={5}
      title={confusionTitle({ name: 'Your prompt', n: rows, confusion }, labels)}
      unit={
        <span>
          <Interval value={accuracy} {...wilson(rows - wrongRowIds.length, rows)} /> of {counted(rows, 'row')}
        </span>
      }
      draw={drawConfusion({ kind: 'zero-shot', confusion }, labels)}
      twin={{
        columns: ['label', ...labels.map((label) => `predicted ${label}`)],
        rows: labels.map((label, i) => [label, ...(confusion[i] ?? [])]),
      }}
    />
  );
}

interface WrongRow {
  readonly id: string;
  readonly text: string;
  readonly gold: string;
  readonly said: string;
}

const COLUMNS: readonly TableColumn<WrongRow>[] = [
  { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
  { id: 'gold', header: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
  { id: 'said', header: 'Your prompt says', cell: ({ said }) => <LabelTag verdict="wrong">{said}</LabelTag> },
];
const SHOWN = 50;

function WrongPanel({ tried, dataset }: { readonly tried: Tried; readonly dataset: Dataset }) {
  const { labels, mapping, table } = dataset;
  const wrong = useMemo((): readonly WrongRow[] => {
    const byId = rowsById(table.rows);
    return tried.wrongRowIds.flatMap((id, i) => {
      const row = byId.get(id); // rows that are not in the data any more are left out
      const said = labels[tried.wrongPredictions[i] ?? -1] ?? '';
      return row ? [{ id, text: textOf(row, mapping), gold: row.cells[mapping.label] ?? '', said }] : [];
    });
  }, [tried, labels, mapping, table]);
  return (
    <Panel span={7} title={wrong.length === 0 ? 'No mistakes' : `${counted(wrong.length, 'row')} wrong`}>
      {wrong.length === 0 ? (
        <p className="dim">Every validation row is right. The test rows will show whether that holds.</p>
      ) : (
        <ScrollRegion className="wrong-rows" label="Wrong rows">
          <Table
            caption="Rows that the prompt gets wrong"
            columns={COLUMNS}
            rows={wrong.slice(0, SHOWN)}
            rowKey={({ id }) => id}
          />
          {wrong.length > SHOWN ? <p className="dim small">{`The first ${SHOWN} of ${wrong.length}.`}</p> : null}
        </ScrollRegion>
      )}
    </Panel>
  );
}

interface Shown {
  readonly id: string;
  readonly text: string;
  readonly wanted: string;
  readonly written: string;
  readonly rougeL: number;
}

const ROUGE_L = TEXT_METRICS.rougeL;

const TEXT_COLUMNS: readonly TableColumn<Shown>[] = [
  { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
  { id: 'wanted', header: 'Expected', cardLabel: 'expected', cell: ({ wanted }) => wanted },
  {
    id: 'written',
    header: 'Your prompt writes',
    cardLabel: 'your prompt writes',
    cell: ({ written, wanted }) => <TextDifference written={written} wanted={wanted} />,
  },
  { id: 'rouge', header: ROUGE_L.name, numeric: true, cardLabel: ROUGE_L.name, cell: (row) => percent(row.rougeL) },
];

/** What the version in the editor wrote on validation rows, beside the expected texts; the least similar first. */
export function WrittenPanel() {
  const dataset = usePromptSets((s) => s.dataset);
  const wrote = useVersion()?.wrote ?? null;
  const rows = useMemo((): readonly Shown[] => {
    const byId = rowsById(dataset?.table.rows ?? []);
    return (wrote?.written ?? [])
      .flatMap(({ rowId, text: written }) => {
        const row = byId.get(rowId);
        if (!row || !dataset) return [];
        const wanted = targetOf(row, dataset.mapping);
        return [{ id: rowId, text: textOf(row, dataset.mapping), wanted, written, rougeL: rougeL(written, wanted) }];
      })
      .sort((a, b) => a.rougeL - b.rougeL);
  }, [dataset, wrote]);
  if (!wrote)
    return (
      <div className="c12">
        <EmptyState title="What it writes will appear here">
          Try the prompt to see what it writes on some validation rows, next to the expected texts. The test rows stay
          unseen.
        </EmptyState>
      </div>
    );
  return (
    <Panel
      span={12}
      title={`What your prompt writes on ${counted(wrote.rows, 'validation row')}`}
      aside={
        <>
          <Term means={ROUGE_L.means}>{ROUGE_L.name}</Term> {percent(wrote.rougeL)}
        </>
      }
    >
      <ScrollRegion className="wrong-rows" label="Written texts">
        <Table
          caption="Texts, expected and written answers"
          columns={TEXT_COLUMNS}
          rows={rows}
          rowKey={({ id }) => id}
        />
      </ScrollRegion>
    </Panel>
  );
}
