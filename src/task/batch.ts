/** Rows of another file under a prompt of this project: rendered piece by piece, so that the file may be long. */
import { labelIndexer } from '../dataset/labels';
import type { ColumnMapping, Dataset, Row, Table } from '../dataset/types';
import { assert } from '../lib/assert';
import { fail, ok, type Result } from '../lib/result';
import { renderRows } from './render';
import { checkTemplate, renderTemplate, type TemplateFailure } from './template';
import type { Example, HardPrompt, LabelWord } from './types';

export interface BatchTask {
  readonly prompt: HardPrompt;
  /** In the order of the labels. */
  readonly words: readonly LabelWord[];
  /** Column of the file that has the text. */
  readonly text: string;
  /** Column with labels, where answers are to be checked; null = there are none. */
  readonly label: string | null;
  /** The project's own rows, from which examples in the prompt are drawn; null = they are not here. */
  readonly dataset: Dataset | null;
}

type BatchFailure = TemplateFailure | { readonly kind: 'no-rows' | 'nearest'; readonly message: string };

/** A row to be asked, or why it cannot be. `rowId` is its place in the file, from 0. */
type BatchRow = Example | { readonly rowId: string; readonly leftOut: string };

type Rendered = Pick<Example, 'text' | 'otherOrders'>;

/** Renders the rows from one place on. */
export type BatchRenderer = (rows: readonly Row[], from: number) => readonly BatchRow[];

/** @returns how rows are rendered, or why this prompt cannot be used on this file */
export function openBatch(
  table: Pick<Table, 'columns'>,
  { prompt, words, text, label, dataset }: BatchTask,
): Result<BatchRenderer, BatchFailure> {
  // in the prompt, the text column may go by the name that it has in the project
  const own = dataset?.mapping.text ?? text;
  const mapping: ColumnMapping = { text: own, label: label ?? '', id: null };
  const columns = table.columns.includes(own) ? table.columns : [...table.columns, own];
  const checked = checkTemplate(prompt.template, columns, { ...mapping, label: '' });
  if (!checked.ok) return checked;
  const indexOf = labelIndexer({ labels: words.map((word) => word.label), mapping });
  /** The row with its text where the prompt looks for it, and why it cannot be asked, if so. */
  const readied = (row: Row, index: number): { row: Row; label: number | null; leftOut: string | null } => {
    const words = row.cells[text] ?? '';
    const found = label === null ? null : indexOf(row);
    const leftOut =
      words.trim() === ''
        ? 'it has no text'
        : label !== null && found === null
          ? `its label “${(row.cells[label] ?? '').slice(0, 60)}” is none of this prompt’s`
          : null;
    return { row: { ...row, id: String(index), cells: { ...row.cells, [own]: words } }, label: found, leftOut };
  };
  const inOrder =
    (render: (rows: readonly Row[]) => readonly Rendered[]): BatchRenderer =>
    (rows, from) => {
      const all = rows.map((row, i) => readied(row, from + i));
      const rendered = render(all.flatMap((each) => (each.leftOut === null ? [each.row] : [])));
      let next = 0;
      return all.map(({ row: { id }, label: index, leftOut }) =>
        leftOut === null ? { text: '', ...rendered[next++], rowId: id, label: index } : { rowId: id, leftOut },
      );
    };
  if (prompt.shots === 0)
    return ok(inOrder((rows) => rows.map((row) => ({ text: renderTemplate(checked.value, row, mapping) }))));
  if (prompt.selection === 'nearest')
    return fail(
      'nearest',
      'This version shows each row the examples nearest to it, which are known for the project’s own rows only. Choose a version with other examples, or none.',
    );
  if (!dataset)
    return fail(
      'no-rows',
      'This version shows examples from the project’s rows, and those are not in this browser. Choose a version without examples.',
    );
  return ok(
    inOrder((rows) => {
      const asked = rows.map((row) => ({ ...row, id: `asked ${row.id}` }));
      const both: Dataset = {
        ...dataset,
        table: { ...dataset.table, columns, rows: [...dataset.table.rows, ...asked] },
      };
      const ids = asked.map(({ id }) => id);
      const rendered = renderRows(both, prompt, words, ids);
      assert(rendered.ok, 'a template that was checked can be rendered');
      return rendered.value;
    }),
  );
}
