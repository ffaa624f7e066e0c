import Papa from 'papaparse';
import type { SourceFormat } from './types';

export type Delimiter = SourceFormat['delimiter'];

export const DELIMITERS: readonly Delimiter[] = [',', ';', '\t', '|'];

export const DELIMITER_NAMES: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
};

/** Share of sampled rows with the same number of cells as the header, and that number. */
function consistency(sample: string, delimiter: Delimiter): { cells: number; share: number } {
  const { data } = Papa.parse<string[]>(sample, { delimiter, newline: '\n', preview: 100, skipEmptyLines: true });
  const cells = data[0]?.length ?? 0;
  const body = data.slice(1);
  const same = body.filter((row) => row.length === cells).length;
  return { cells, share: body.length === 0 ? 1 : same / body.length };
}

/**
 * The delimiter that cuts the most rows into the header's number of cells.
 * Ties go to the one that makes more cells; a comma when none cuts the header at all.
 */
export function sniffDelimiter(text: string): Delimiter {
  const sample = text.slice(0, 65536);
  const scored = DELIMITERS.map((delimiter) => ({ delimiter, ...consistency(sample, delimiter) }))
    .filter(({ cells }) => cells > 1)
    .sort((a, b) => (Math.abs(a.share - b.share) > 0.05 ? b.share - a.share : b.cells - a.cells));
  return scored[0]?.delimiter ?? ',';
}
