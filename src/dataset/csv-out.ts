export interface CsvOptions {
  /** A byte order mark, so that Excel reads UTF-8. */
  readonly bom?: boolean;
  /**
   * Puts an apostrophe before cells that a spreadsheet would run as a formula (first character = + - @ tab CR LF, or one of
   * the full-width signs). Source: OWASP, "CSV Injection". Plain numbers such as -0.5 stay as they are.
   */
  readonly neutralise?: boolean;
  readonly delimiter?: ',' | ';' | '\t';
}

const isPlainNumber = (cell: string) => /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell);

const harmless = (cell: string) =>
  /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell) && !isPlainNumber(cell) ? `'${cell}` : cell;

function quoted(cell: string, delimiter: string): string {
  const needed = cell.includes(delimiter) || /["\r\n]/.test(cell) || /^\s|\s$/.test(cell);
  return needed ? `"${cell.replaceAll('"', '""')}"` : cell;
}

type Cell = string | number | boolean | null;

/** Rows of cells -> RFC 4180 text: CRLF after every row, quotes doubled. */
export function toCsv(header: readonly string[], rows: Iterable<readonly Cell[]>, options: CsvOptions = {}): string {
  const { bom = false, neutralise = false, delimiter = ',' } = options;
  const line = (cells: readonly Cell[]) => {
    const texts = cells.map((cell) => (cell === null ? '' : String(cell)));
    const safe = neutralise ? texts.map(harmless) : texts;
    const out = safe.map((cell) => quoted(cell, delimiter)).join(delimiter);
    // A row of one empty cell would read back as an empty line.
    return `${out === '' ? '""' : out}\r\n`;
  };
  const parts = [bom ? '\ufeff' : '', line(header)];
  for (const row of rows) parts.push(line(row));
  return parts.join('');
}
