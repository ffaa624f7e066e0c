import { useMemo } from 'react';
import { rowsById, textOf } from '../../../dataset/labels';
import { targetOf } from '../../../dataset/writing';
import { rougeL } from '../../../metrics/text';
import { chosenHard, samePrompt } from '../../../project/prompt-set';
import { TextDifference } from '../../charts/TextDifference';
import { useProject } from '../../state/studio';
import { EmptyState } from '../../ui/EmptyState';
import { counted, percent } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { Term } from '../../ui/Term';
import { useDraft } from './prompts-store';

interface Shown {
  readonly id: string;
  readonly text: string;
  readonly wanted: string;
  readonly written: string;
  readonly rougeL: number;
}

const COLUMNS: readonly Column<Shown>[] = [
  { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
  { id: 'wanted', header: 'Expected', cardLabel: 'expected', cell: ({ wanted }) => wanted },
  {
    id: 'written',
    header: 'Your prompt writes',
    cardLabel: 'your prompt writes',
    cell: ({ written, wanted }) => <TextDifference written={written} wanted={wanted} />,
  },
  { id: 'rouge', header: 'ROUGE-L', numeric: true, cardLabel: 'ROUGE-L', cell: (row) => percent(row.rougeL) },
];

/** What the version in the editor wrote on validation rows, beside the expected texts; the least similar first. */
export function WrittenPanel() {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const draft = useDraft();
  const version = set?.hard.find((v) => samePrompt(v.prompt, draft)) ?? (set && chosenHard(set));
  const wrote = version?.wrote ?? null;
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
          <Term means="How much of the expected text the answer contains in the same order: the F1 of the longest common subsequence of words. 100% means word for word.">
            ROUGE-L
          </Term>{' '}
          {percent(wrote.rougeL)}
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="wrong-rows" aria-label="Written texts" tabIndex={0}>
        <Table caption="Texts, expected and written answers" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
      </section>
    </Panel>
  );
}
