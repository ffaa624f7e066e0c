import { type ReactNode, useMemo } from 'react';
import { labelOf, rowsById, targetOf, textOf } from '../../../dataset/labels';
import { namedTags } from '../../../dataset/tags';
import type { Dataset, TaskKind } from '../../../dataset/types';
import { wilson } from '../../../metrics/intervals';
import { TEXT_METRICS } from '../../../metrics/registry';
import { rougeL } from '../../../metrics/text';
import { differenceWords, isPresent, type ShownTry, wrongCount } from '../../../prompt-set/tries';
import type { TryOf } from '../../../prompt-set/types';
import { ChartPanel, confusionTitle, drawConfusion, TextDifference } from '../../charts';
import { useOpen } from '../../state/studio';
import {
  EmptyState,
  format,
  Interval,
  LabelTag,
  Note,
  Panel,
  ScrollRegion,
  Table,
  type TableColumn,
  Term,
} from '../../ui';
import { useShownTry } from './prompts-store';
import { TryButton } from './TriesPanel';
import { resultWords } from './words';

const { counted, percent } = format;

/** The mistakes of a try. Those of another prompt, or of one that was tried otherwise, are grey; on other rows they are gone. */
export function ResultPanels() {
  const { dataset } = useOpen();
  const shown = useShownTry();
  const tried = triedAs('classify', shown);
  if (!dataset || !shown || !tried)
    return (
      <NotYet title="Mistakes will appear here">
        Try the prompt to see its score, which labels it confuses, and every row it gets wrong. This uses validation
        rows; the test rows are not used.
      </NotYet>
    );
  return (
    <Shown shown={shown}>
      <ConfusionPanel tried={tried} name={nameOf(shown)} labels={dataset.labels} />
      <WrongPanel tried={tried} name={nameOf(shown)} dataset={dataset} />
    </Shown>
  );
}

/** The try that is shown, where it is of this kind of task. */
const triedAs = <K extends TaskKind>(kind: K, shown: ShownTry | null): TryOf<K> | null =>
  shown?.version.tried?.kind === kind ? (shown.version.tried as TryOf<K>) : null;

const NotYet = (props: { readonly title: string; readonly children: ReactNode }) => (
  <div className="c12">
    <EmptyState {...props} />
  </div>
);

const nameOf = (shown: ShownTry) => (isPresent(shown) ? 'Your prompt' : `Version ${shown.version.number}`);

/** A try, in grey under a note where it is not of what is shown above it. */
function Shown({ shown, children }: { readonly shown: ShownTry; readonly children: ReactNode }) {
  if (isPresent(shown)) return children;
  const { version, isOther, differences } = shown;
  return (
    <>
      <div className="c12">
        <Note
          tone="info"
          title={
            isOther
              ? `Your prompt as it is now has not been tried; version ${version.number} was`
              : `Version ${version.number} was tried ${differenceWords(differences)}`
          }
          action={<TryButton>{isOther ? 'Try your prompt' : 'Try again'}</TryButton>}
        >
          {`It got ${version.tried ? resultWords(version.tried) : ''}${isOther && differences.length > 0 ? `, ${differenceWords(differences)}` : ''}.`}
        </Note>
      </div>
      {differences.includes('rows') ? null : <div className="c12 grid earlier-try">{children}</div>}
    </>
  );
}

interface TriedProps {
  readonly tried: TryOf<'classify'>;
  /** Whose it is, at the start of a sentence. */
  readonly name: string;
}

function ConfusionPanel({ tried, name, labels }: TriedProps & { readonly labels: readonly string[] }) {
  const { confusion, accuracy, rows } = tried;
  return (
    <ChartPanel
      span={5}
      title={confusionTitle({ name, n: rows, confusion }, labels)}
      unit={
        <span>
          <Interval value={accuracy} {...wilson(rows - wrongCount(tried), rows)} /> of {counted(rows, 'row')}
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

const columnsOf = (name: string): readonly TableColumn<WrongRow>[] => [
  { name: 'Text', primary: true, cell: ({ text }) => text },
  { name: 'Label', cell: ({ gold }) => <LabelTag>{gold}</LabelTag> },
  { name: `${name} says`, cell: ({ said }) => <LabelTag verdict="wrong">{said}</LabelTag> },
];
const SHOWN = 50;

function WrongPanel({ tried, name, dataset }: TriedProps & { readonly dataset: Dataset }) {
  const { labels, mapping, table } = dataset;
  const wrong = useMemo((): readonly WrongRow[] => {
    const byId = rowsById(table.rows);
    return tried.wrongRowIds.flatMap((id, i) => {
      const row = byId.get(id); // rows that are not in the data any more are left out
      const said = labels[tried.wrongPredictions[i] ?? -1] ?? '';
      return row ? [{ id, text: textOf(row, mapping), gold: row.cells[mapping.label] ?? '', said }] : [];
    });
  }, [tried, labels, mapping, table]);
  const all = wrongCount(tried);
  return (
    <Panel span={7} title={all === 0 ? 'No mistakes' : `${counted(all, 'row')} wrong`}>
      {all === 0 ? (
        <p className="dim">Every validation row is right. The test rows will show whether that holds.</p>
      ) : (
        <ScrollRegion label="Wrong rows">
          <Table
            caption="Rows that the prompt gets wrong"
            columns={columnsOf(name)}
            rows={wrong.slice(0, SHOWN)}
            rowKey={({ id }) => id}
          />
          <ShownOf shown={Math.min(SHOWN, wrong.length)} here={wrong.length} all={all} />
        </ScrollRegion>
      )}
    </Panel>
  );
}

/** How many are listed, where that is not all; a prompt set may have come without its rows. */
function ShownOf({ shown, here, all }: { readonly shown: number; readonly here: number; readonly all: number }) {
  if (shown === all) return null;
  return (
    <p className="dim small">
      {here < all ? `${here} of ${all} are in this browser. Try again to see all.` : `The first ${shown} of ${all}.`}
    </p>
  );
}

interface WrittenRow {
  readonly id: string;
  readonly text: string;
  readonly wanted: string;
  readonly written: string;
  readonly rougeL: number;
}

const ROUGE_L = TEXT_METRICS.rougeL;

const textColumns = (name: string): readonly TableColumn<WrittenRow>[] => [
  { name: 'Text', primary: true, cell: ({ text }) => text },
  { name: 'Expected', card: true, cell: ({ wanted }) => wanted },
  {
    name: `${name} writes`,
    card: 'written',
    cell: ({ written, wanted }) => <TextDifference written={written} wanted={wanted} />,
  },
  { name: ROUGE_L.name, card: ROUGE_L.name, numeric: true, cell: (row) => percent(row.rougeL) },
];

export function WrittenPanel() {
  const { dataset } = useOpen();
  const shown = useShownTry();
  const wrote = triedAs('generate', shown);
  if (!dataset || !shown || !wrote)
    return (
      <NotYet title="What it writes will appear here">
        Try the prompt to see what it writes on some validation rows, next to the expected texts. The test rows stay
        unseen.
      </NotYet>
    );
  return (
    <Shown shown={shown}>
      <TextsPanel wrote={wrote} name={nameOf(shown)} dataset={dataset} />
    </Shown>
  );
}

interface TextsProps {
  readonly wrote: TryOf<'generate'>;
  readonly name: string;
  readonly dataset: Dataset;
}

/** The least similar first. A package that came without rows has the figures alone. */
function TextsPanel({ wrote, name, dataset }: TextsProps) {
  const rows = useMemo((): readonly WrittenRow[] => {
    const byId = rowsById(dataset.table.rows);
    return wrote.written
      .flatMap(({ rowId, text: written }) => {
        const row = byId.get(rowId);
        if (!row) return [];
        const wanted = targetOf(row, dataset.mapping);
        return [{ id: rowId, text: textOf(row, dataset.mapping), wanted, written, rougeL: rougeL(written, wanted) }];
      })
      .sort((a, b) => a.rougeL - b.rougeL);
  }, [dataset, wrote]);
  return (
    <Panel
      span={12}
      title={`What ${name === 'Your prompt' ? 'your prompt' : name} writes on ${counted(wrote.rows, 'validation row')}`}
      aside={
        <>
          <Term means={ROUGE_L.means}>{ROUGE_L.name}</Term> {percent(wrote.rougeL)}
        </>
      }
    >
      <ShownOf shown={rows.length} here={rows.length} all={wrote.rows} />
      <ScrollRegion label="Written texts">
        <Table
          caption="Texts, expected and written answers"
          columns={textColumns(name)}
          rows={rows}
          rowKey={({ id }) => id}
        />
      </ScrollRegion>
    </Panel>
  );
}

interface TaggedRow {
  readonly id: string;
  readonly text: string;
  readonly right: string;
  readonly given: string;
}

/** Rows that do not get exactly their labels. */
export function TaggedPanel() {
  const { dataset } = useOpen();
  const shown = useShownTry();
  const tagged = triedAs('tag', shown);
  const rows = useMemo((): readonly TaggedRow[] => {
    if (!dataset || !tagged) return [];
    const byId = rowsById(dataset.table.rows);
    return tagged.given.flatMap(({ rowId, tags }) => {
      const row = byId.get(rowId);
      const given = namedTags(tags, dataset.labels);
      const right = row ? labelOf(row, dataset.mapping) : given;
      return row && right !== given ? [{ id: rowId, text: textOf(row, dataset.mapping), right, given }] : [];
    });
  }, [dataset, tagged]);
  if (!dataset || !shown || !tagged)
    return (
      <NotYet title="Mistakes will appear here">
        Try the prompt to see which labels it gives some validation rows. The test rows stay unseen.
      </NotYet>
    );
  return (
    <Shown shown={shown}>
      <Panel
        span={12}
        title={`${counted(rows.length, 'row does', 'rows do')} not get exactly the right labels`}
        aside={`of ${counted(tagged.rows, 'validation row')}; half of them choose the cuts of the other half`}
      >
        <ScrollRegion label="Rows with mistakes">
          <Table
            caption="Texts, right labels and given labels"
            columns={TAGGED_COLUMNS}
            rows={rows}
            rowKey={({ id }) => id}
          />
        </ScrollRegion>
      </Panel>
    </Shown>
  );
}

const TAGGED_COLUMNS: readonly TableColumn<TaggedRow>[] = [
  { name: 'Text', primary: true, cell: ({ text }) => text },
  { name: 'Right', card: true, cell: ({ right }) => right },
  { name: 'Given', card: true, cell: ({ given }) => given },
];
