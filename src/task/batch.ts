/** Rows of another file, rendered piece by piece, so that the file may be long. */
import type { ColumnMapping, Dataset, Row, Table, TaskKind } from '../dataset/types';
import { assert } from '../lib/assert';
import { fail, ok, type Result } from '../lib/result';
import { renderRows } from './render';
import { type LeftOutRow, TASKS } from './tasks';
import { checkTemplate, ownCue, renderTemplate, type TemplateFailure } from './template';
import type { AnswerWord, Example, PromptText } from './types';

export interface BatchTask {
  readonly prompt: PromptText;
  /** In the order of the labels. */
  readonly words: readonly AnswerWord[];
  /** A column of the file. */
  readonly text: string;
  /** A column with labels or expected texts, where answers are to be checked. */
  readonly label: string | null;
  readonly kind: TaskKind;
  /** The project's own rows, from which examples in the prompt are drawn; null = they are not here. */
  readonly dataset: Dataset | null;
}

type BatchFailure = TemplateFailure | { readonly kind: 'no-rows' | 'nearest'; readonly message: string };

/** `rowId` is the row's place in the file, from 0. */
type BatchRow = Example | ({ readonly rowId: string } & LeftOutRow);

type Rendered = Pick<Example, 'text' | 'cue' | 'otherOrders'>;

export type BatchRenderer = (rows: readonly Row[], from: number) => readonly BatchRow[];

/** @returns how rows are rendered */
export function openBatch(
  table: Pick<Table, 'columns'>,
  { prompt, words, text, label, kind, dataset }: BatchTask,
): Result<BatchRenderer, BatchFailure> {
  // in the prompt, the text column may go by the name that it has in the project
  const own = dataset?.mapping.text ?? text;
  const mapping: ColumnMapping = { text: own, label: label ?? '', id: null, task: kind };
  const columns = table.columns.includes(own) ? table.columns : [...table.columns, own];
  const checked = checkTemplate(prompt.template, columns, { ...mapping, label: '' });
  if (!checked.ok) return checked;
  const labels = words.map((word) => word.label);
  const checkedAnswer = TASKS[kind].checked({ labels, mapping }, prompt.chat ? '' : prompt.template);
  const known = (row: Row): Pick<Example, 'label' | 'tags' | 'target'> | LeftOutRow => {
    if ((row.cells[text] ?? '').trim() === '') return { leftOut: 'it has no text', why: 'text' };
    return label === null ? { label: null } : checkedAnswer(row);
  };
  const inOrder =
    (render: (rows: readonly Row[]) => readonly Rendered[]): BatchRenderer =>
    (rows, from) => {
      const all = rows.map((row, i) => ({
        // with its text where the prompt looks for it
        row: { ...row, id: String(from + i), cells: { ...row.cells, [own]: row.cells[text] ?? '' } },
        known: known(row),
      }));
      const rendered = render(all.flatMap(({ row, known }) => ('leftOut' in known ? [] : [row])));
      let next = 0;
      return all.map(({ row: { id: rowId }, known }) => {
        if ('leftOut' in known) return { rowId, ...known };
        const { text = '', cue, otherOrders } = rendered[next++] ?? {};
        return { rowId, text, cue, ...(otherOrders ? { otherOrders } : {}), ...known };
      });
    };
  const bare = (row: Row) => ({ text: renderTemplate(checked.value, row, mapping), ...ownCue(prompt) });
  if (prompt.shots === 0) return ok(inOrder((rows) => rows.map(bare)));
  const shown = examplesOf(prompt, dataset);
  if (!shown.ok) return shown;
  return ok(
    inOrder((rows) => {
      const asked = rows.map((row) => ({ ...row, id: `asked ${row.id}` }));
      const both: Dataset = {
        ...shown.value,
        table: { ...shown.value.table, columns, rows: [...shown.value.table.rows, ...asked] },
      };
      const ids = asked.map(({ id }) => id);
      const rendered = renderRows(both, prompt, words, ids);
      assert(rendered.ok, 'a template that was checked can be rendered');
      return rendered.value;
    }),
  );
}

/** The rows that examples are drawn from, where those of every row are the same and are here. */
function examplesOf({ selection }: PromptText, dataset: Dataset | null): Result<Dataset, BatchFailure> {
  if (selection === 'nearest')
    return fail(
      'nearest',
      'This version shows each row its nearest examples, known only for the rows of its prompt set. Choose a version with other examples, or none.',
    );
  return dataset
    ? ok(dataset)
    : fail(
        'no-rows',
        'This version shows examples from the project’s rows, and those are not in this browser. Choose a version without examples.',
      );
}
