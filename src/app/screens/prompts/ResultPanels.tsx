import { type ReactNode, useMemo } from 'react';
import { labelOf, rowsById, targetOf, textOf } from '../../../dataset/labels';
import { namedTags } from '../../../dataset/tags';
import { type ByTask, type Dataset, ofTask } from '../../../dataset/types';
import { wilson } from '../../../metrics/intervals';
import { TEXT_METRICS } from '../../../metrics/registry';
import { rougeL } from '../../../metrics/text';
import { differenceWords, isPresent, type ShownTry, wrongCount } from '../../../prompt-set/tries';
import type { Tried, TryOf } from '../../../prompt-set/types';
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

/** What a try says. That of another prompt, or of one that was tried otherwise, is grey; on other rows it is gone. */
export function ResultPanels() {
  const { set, dataset } = useOpen();
  const shown = useShownTry();
  if (!set || !dataset) return null;
  const tried = shown?.version.tried;
  const { kind } = set;
  if (!shown || tried?.kind !== kind)
    return (
      <div className="c12">
        <EmptyState title={kind === 'generate' ? 'What it writes will appear here' : 'Mistakes will appear here'}>
          Try the prompt to see {GETS[kind]} The test rows stay unseen.
        </EmptyState>
      </div>
    );
  const of = { name: isPresent(shown) ? 'Your prompt' : `Version ${shown.version.number}`, dataset };
  return (
    <Shown shown={shown}>
      {tried.kind === 'classify' ? <ConfusionPanel {...of} tried={tried} /> : null}
      <AnsweredRows {...of} tried={tried} />
    </Shown>
  );
}

const GETS: ByTask<string> = {
  classify: 'its score on validation rows, which labels it confuses, and every row it gets wrong.',
  tag: 'which labels it gives some validation rows.',
  generate: 'what it writes on some validation rows, next to the expected texts.',
};

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

interface TriedProps<T extends Tried> {
  readonly tried: T;
  /** Whose it is, at the start of a sentence. */
  readonly name: string;
  readonly dataset: Dataset;
}

function ConfusionPanel({ tried, name, dataset: { labels } }: TriedProps<TryOf<'classify'>>) {
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

interface AnsweredRow {
  readonly id: string;
  readonly text: string;
  readonly expected: string;
  readonly given: string;
}

interface Answers {
  /** By row id: the wrong ones, or all. */
  readonly given: readonly (readonly [rowId: string, answer: string])[];
  /** @param here how many are listed; a prompt set may have come without its rows */
  readonly about: (here: number) => { readonly all: number; readonly title: string; readonly aside?: ReactNode };
  readonly caption: string;
  readonly columns: (name: string) => readonly TableColumn<AnsweredRow>[];
}

const ROUGE_L = TEXT_METRICS.rougeL;
const closeness = ({ given, expected }: AnsweredRow) => rougeL(given, expected);
const TEXT: TableColumn<AnsweredRow> = { name: 'Text', primary: true, cell: ({ text }) => text };

const mistakes = (tried: TryOf<'classify'>, labels: readonly string[]): Answers => {
  const all = wrongCount(tried);
  return {
    given: tried.wrongRowIds.map((id, i) => [id, labels[tried.wrongPredictions[i] ?? -1] ?? '']),
    about: () => ({ all, title: all === 0 ? 'No mistakes' : `${counted(all, 'row')} wrong` }),
    caption: 'Rows that the prompt gets wrong',
    columns: (name) => [
      TEXT,
      { name: 'Label', cell: ({ expected }) => <LabelTag>{expected}</LabelTag> },
      { name: `${name} says`, cell: ({ given }) => <LabelTag verdict="wrong">{given}</LabelTag> },
    ],
  };
};

const wrongTags = ({ given, rows }: TryOf<'tag'>, labels: readonly string[]): Answers => ({
  given: given.map(({ rowId, tags }) => [rowId, namedTags(tags, labels)]),
  about: (all) => ({
    all,
    title: `${counted(all, 'row does', 'rows do')} not get exactly the right labels`,
    aside: `of ${counted(rows, 'validation row')}; half of them choose the cuts of the other half`,
  }),
  caption: 'Texts, right labels and given labels',
  columns: () => [
    TEXT,
    { name: 'Right', card: true, cell: ({ expected }) => expected },
    { name: 'Given', card: true, cell: (row) => row.given },
  ],
});

const writtenTexts = ({ written, rows: all, rougeL: close }: TryOf<'generate'>): Answers => ({
  given: written.map(({ rowId, text }) => [rowId, text]),
  about: () => ({
    all,
    title: `What it writes on ${counted(all, 'validation row')}`,
    aside: (
      <>
        <Term means={ROUGE_L.means}>{ROUGE_L.name}</Term> {percent(close)}
      </>
    ),
  }),
  caption: 'Texts, expected and written answers',
  columns: (name) => [
    TEXT,
    { name: 'Expected', card: true, cell: ({ expected }) => expected },
    {
      name: `${name} writes`,
      card: 'written',
      cell: ({ given, expected }) => <TextDifference written={given} wanted={expected} />,
    },
    { name: ROUGE_L.name, card: ROUGE_L.name, numeric: true, cell: (row) => percent(closeness(row)) },
  ],
});

const ANSWERS = { classify: mistakes, tag: wrongTags, generate: writtenTexts };

const SHOWN = 50;

/** Rows that are not right, or every text, the least similar first. */
function AnsweredRows({ name, tried, dataset }: TriedProps<Tried>) {
  const { mapping, labels, table } = dataset;
  const { kind } = tried;
  const { given, about, caption, columns } = useMemo(() => ofTask(ANSWERS, tried, labels), [tried, labels]);
  const rows = useMemo((): readonly AnsweredRow[] => {
    const byId = rowsById(table.rows);
    const expectedIn = kind === 'generate' ? targetOf : labelOf;
    const found = given.flatMap(([id, answer]) => {
      const row = byId.get(id); // rows that are not in the data any more are left out
      return row ? { id, text: textOf(row, mapping), expected: expectedIn(row, mapping), given: answer } : [];
    });
    return kind === 'generate'
      ? found.toSorted((a, b) => closeness(a) - closeness(b))
      : found.filter((row) => row.expected !== row.given);
  }, [given, kind, mapping, table]);
  const { all, title, aside } = about(rows.length);
  const shown = Math.min(SHOWN, rows.length);
  return (
    <Panel span={kind === 'classify' ? 7 : 12} title={title} aside={aside}>
      {all === 0 ? (
        <p className="dim">Every validation row is right. The test rows will show whether that holds.</p>
      ) : (
        <ScrollRegion label={caption}>
          <Table caption={caption} columns={columns(name)} rows={rows.slice(0, SHOWN)} rowKey={({ id }) => id} />
          {shown === all ? null : (
            <p className="dim small">
              {rows.length < all
                ? `${rows.length} of ${all} are in this browser. Try again to see all.`
                : `The first ${shown} of ${all}.`}
            </p>
          )}
        </ScrollRegion>
      )}
    </Panel>
  );
}
