import { describe, expect, it } from 'vitest';
import { htmlLines, markdownLines, tabbedLines } from './table-text';

const TABLE = {
  columns: ['Question', 'A|B'],
  isText: true,
  rows: [
    ['=Cost\tper\nrow', { value: '66.3%', range: '60.0% to 72.1%' }],
    ['<b>', '–'],
  ],
} as const;

describe('a table as text', () => {
  it('keeps each row of Markdown in one line, and no cell adds a column or a tag', () => {
    expect(markdownLines(TABLE)).toEqual([
      '| Question | A\\|B |',
      '|---|---|',
      '| =Cost\tper row | 66.3% (60.0% to 72.1%) |',
      '| &lt;b&gt; | – |',
    ]);
    expect(markdownLines({ columns: TABLE.columns, rows: [] })[1]).toBe('|---|--:|');
  });

  it('has one cell between two tabs for a spreadsheet, and none that would run as a formula', () => {
    expect(tabbedLines(TABLE)).toBe("Question\tA|B\n'=Cost per row\t66.3% (60.0% to 72.1%)\n<b>\t–");
  });

  it('is one table of HTML for a slide', () => {
    expect(htmlLines({ ...TABLE, rows: TABLE.rows.slice(1) })).toBe(
      '<table><tr><th>Question</th><th>A|B</th></tr><tr><th>&lt;b&gt;</th><td>–</td></tr></table>',
    );
  });
});
