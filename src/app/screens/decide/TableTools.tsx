import { cellText, htmlLines, markdownLines, tabbedLines, type Words } from '../../../report/table-text';
import { drawTable, fileStem, Tools } from '../../charts';
import { attempted, toasts } from '../../ui';
import { saveFile } from '../../ui/download';

/** A table of words for a slide, a spreadsheet or a wiki. */
export function TableTools({ caption, table }: { readonly caption: string; readonly table: Words }) {
  const stem = fileStem(caption);
  const copy = async () => {
    await navigator.clipboard.write([
      new ClipboardItem({ 'text/html': htmlLines(table), 'text/plain': tabbedLines(table) }),
    ]);
    toasts.add({ title: 'Copied. Paste it into a slide or a spreadsheet.' }, { timeout: 6000 });
  };
  const png = async () =>
    saveFile(`${stem}.png`, await drawTable([table.columns, ...table.rows.map((cells) => cells.map(cellText))]));
  const markdown = async () => saveFile(`${stem}.md`, markdownLines(table).join('\n'), 'text/markdown');
  const tried = (label: string, what: string, run: () => Promise<void>) =>
    [label, what, () => attempted(`Not done: ${what}`, run)] as const;
  return (
    <Tools
      of={{
        copy: tried('Copy', 'Copy the table', copy),
        png: tried('PNG', 'Download the table as PNG', png),
        markdown: tried('Markdown', 'Download the table as Markdown', markdown),
      }}
    />
  );
}
