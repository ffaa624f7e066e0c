import { useMemo } from 'react';
import { rowsById, textOf } from '../../../dataset/labels';
import { chosenHard, samePrompt } from '../../../project/prompt-set';
import { ChartPanel, confusionTitle, drawConfusion } from '../../charts';
import { useProject } from '../../state/studio';
import { EmptyState } from '../../ui/EmptyState';
import { counted } from '../../ui/format';
import { Interval } from '../../ui/Interval';
import { LabelTag } from '../../ui/LabelTag';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { useDraft } from './prompts-store';
import { reportOf, type WrongRow, wrongRows } from './result';

const COLUMNS: readonly Column<WrongRow>[] = [
  { id: 'text', header: 'Text', primary: true, cell: ({ text }) => text },
  { id: 'gold', header: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
  { id: 'said', header: 'Your prompt says', cell: ({ said }) => <LabelTag verdict="wrong">{said}</LabelTag> },
];
const SHOWN = 50;

/** What the version in the editor got right and wrong on the validation rows. */
export function ResultPanels() {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const draft = useDraft();
  const version = set?.hard.find((v) => samePrompt(v.prompt, draft)) ?? (set && chosenHard(set));
  const tried = version?.tried ?? null;
  const byId = useMemo(() => rowsById(dataset?.table.rows ?? []), [dataset]);
  if (!dataset || !version || !tried)
    return (
      <div className="c12">
        <EmptyState title="Mistakes will appear here">
          Try the prompt to see its score, which labels it confuses, and every row it gets wrong. This uses validation
          rows; the test rows stay unseen.
        </EmptyState>
      </div>
    );
  const report = reportOf(version, tried, dataset.labels);
  const wrong = wrongRows(tried, dataset.labels, (id) => {
    const row = byId.get(id);
    return row ? { text: textOf(row, dataset.mapping), gold: row.cells[dataset.mapping.label] ?? '' } : null;
  });
  return (
    <>
      <ChartPanel
        span={5}
        title={confusionTitle(report, dataset.labels)}
        unit={
          <span>
            <Interval value={report.accuracy} {...report.accuracyCi95} /> of {counted(tried.rows, 'row')}
          </span>
        }
        draw={drawConfusion(report, dataset.labels)}
        twin={{
          columns: ['label', ...dataset.labels.map((label) => `predicted ${label}`)],
          rows: dataset.labels.map((label, i) => [label, ...(tried.confusion[i] ?? [])]),
        }}
      />
      <Panel span={7} title={wrong.length === 0 ? 'No mistakes' : `${counted(wrong.length, 'row')} wrong`}>
        {wrong.length === 0 ? (
          <p className="dim">Every validation row is right. The test rows will show whether that holds.</p>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          <section className="wrong-rows" aria-label="Wrong rows" tabIndex={0}>
            <Table
              caption="Rows that the prompt gets wrong"
              columns={COLUMNS}
              rows={wrong.slice(0, SHOWN)}
              rowKey={({ id }) => id}
            />
            {wrong.length > SHOWN ? <p className="dim small">{`The first ${SHOWN} of ${wrong.length}.`}</p> : null}
          </section>
        )}
      </Panel>
    </>
  );
}
