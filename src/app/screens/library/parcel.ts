/** What an export is made of, before it is saved: its files, their sizes, and how many of the user's rows are in it. */
import type { Dataset } from '../../../dataset/types';
import { textsOf } from '../../../evaluation/classify/rows';
import { type PromptPackageInput, promptPackageFiles, rowsInPackage } from '../../../interchange/prompt-package';
import { scriptsFor, whatIs } from '../../../interchange/readme';
import { type CompleteSet, withoutRows } from '../../../interchange/set-files';
import { setPackageFiles } from '../../../interchange/set-package';
import { writeZip } from '../../../interchange/zip';
import type { ClassifyEvaluation, GenerateEvaluation } from '../../../project/types';
import { htmlReport } from '../../../report/html';
import { resultsCsv } from '../../../report/results-csv';
import type { ReportInput } from '../../../report/types';
import { type WritingReportInput, type WrittenRowText, writingHtml } from '../../../report/writing';
import { writtenCsv } from '../../../report/written-csv';
import { SCRIPTS } from './scripts';

interface ParcelFile {
  readonly path: string;
  readonly bytes: number;
  readonly what: string;
}

export interface Parcel {
  /** As it will be saved. */
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly files: readonly ParcelFile[];
  /** How many of the user's rows are in it. */
  readonly rows: number;
}

function zip(name: string, files: Readonly<Record<string, Uint8Array>>, rows: number): Parcel {
  return {
    name,
    type: 'application/zip',
    content: writeZip(files),
    files: Object.entries(files).map(([path, bytes]) => ({ path, bytes: bytes.length, what: whatIs(path) })),
    rows,
  };
}

function single(name: string, type: string, text: string, what: string, rows: number): Parcel {
  const content = new TextEncoder().encode(text);
  return { name, type, content, files: [{ path: name, bytes: content.length, what }], rows };
}

/** `input` without the programs: they are put in here. */
export const forEngineer = (input: Omit<PromptPackageInput, 'scripts'>): Parcel =>
  zip(`${input.set.handle}.zip`, promptPackageFiles({ ...input, scripts: programs(input) }), rowsInPackage(input.rows));

const programs = ({ sidecar }: Pick<PromptPackageInput, 'sidecar'>) =>
  Object.fromEntries(scriptsFor(sidecar).map((name) => [name, SCRIPTS[name]]));

/** Without programs: the stage, here or in another browser, is what it is for. */
export const forAudience = (input: Omit<PromptPackageInput, 'scripts' | 'rows'>): Parcel =>
  zip(
    `${input.set.handle}-demo.zip`,
    promptPackageFiles({ ...input, rows: null, scripts: {} }),
    input.demo?.ofUser ?? 0,
  );

export async function forBrowser(whole: CompleteSet, withRows: boolean): Promise<Parcel> {
  const given = withRows ? whole : withoutRows(whole);
  const files = await setPackageFiles(given);
  return zip(`${whole.set.handle}-project.zip`, files, given.dataset?.table.rows.length ?? 0);
}

const REPORT = 'the report as one page: no script, no request';

export function forManager(handle: string, input: ReportInput, texts: Dataset | null): Parcel {
  const rows = texts ? textsOf(input.comparison, texts) : [];
  return single(`${handle}-report.html`, 'text/html', htmlReport(input, { includeRows: rows }), REPORT, rows.length);
}

export function forManagerOfTexts(handle: string, input: WritingReportInput, rows: readonly WrittenRowText[]): Parcel {
  const html = writingHtml(input, rows);
  return single(`${handle}-report.html`, 'text/html', html, REPORT, rows.length);
}

export function forSpreadsheet(handle: string, evaluation: ClassifyEvaluation, texts: Dataset | null): Parcel {
  return single(
    `${handle}-predictions.csv`,
    'text/csv',
    resultsCsv(evaluation.comparison, evaluation, texts),
    'one line a held-back row: what every prompt said, how sure it was, whether it is right',
    texts ? evaluation.comparison.n : 0,
  );
}

export function forSpreadsheetOfTexts(handle: string, evaluation: GenerateEvaluation, texts: Dataset | null): Parcel {
  return single(
    `${handle}-predictions.csv`,
    'text/csv',
    writtenCsv(evaluation, texts),
    'one line a held-back row: how near every prompt came to the wanted text; with texts, what it wrote',
    texts ? evaluation.comparison.n : 0,
  );
}
