/** A version measured again on rows whose answers are known: the test rows of its prompt set, or an open file. */

import { allUsed, without } from '../dataset/account';
import { besideKnown, type RowsBeside } from '../dataset/families';
import { rowsById, rowsOf, targetOf, textKeyOf, textOf } from '../dataset/labels';
import { nearTwins } from '../dataset/near-twins';
import type { ColumnMapping, Dataset, Row, TaskKind } from '../dataset/types';
import { compareTexts } from '../evaluation/generate/compare';
import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import type { Control } from '../lib/control';
import { badInput } from '../lib/errors';
import { argmax } from '../metrics/classification';
import type { KnownRows, Measurement } from '../prompt-set/performance';
import { testRowsKey } from '../prompt-set/performance';
import { type AnsweringVersion, alone } from '../prompt-set/ready-prompt';
import type { SeenParts } from '../prompt-set/versions';
import { type RowAnswer, type RowSource, type RowsColumns, roomFor, tableSource } from '../route/answering';
import { createRouter } from '../route/router';
import type { BatchProgress } from './batch';
import type { Host, Run } from './host';
import { answered, openFile } from './rows-file';
import { tokenRows } from './token-rows';

export interface MeasureRequest {
  readonly version: AnsweringVersion;
  /** Test rows are those of the version's data set; `name`: of its file. */
  readonly on:
    | { readonly kind: 'test'; readonly name: string }
    | { readonly kind: 'file'; readonly text: string; readonly label: string };
  /** What the version has seen of its data set; null = nobody can say. */
  readonly seen: SeenParts | null;
}

export type MeasureEvent = Pick<BatchProgress, 'done' | 'total' | 'secondsLeft'>;

/** What is kept of a measurement, but for what the prompt set knows of itself. */
export type Measured = Omit<Measurement, 'id' | 'setId' | 'versionId' | 'createdAt'>;

/** Of the bootstrap where the version has no data set: measurements of the same rows draw the same samples. */
const SEED = 0;

interface MeasuredRows extends RowSource {
  /** Lines of a file that are no rows. */
  readonly unreadable: number;
  /** The expected texts of rows, by their places. */
  readonly wantedOf: (at: readonly number[]) => readonly string[];
  readonly textsOf: (at: readonly number[]) => readonly string[];
  /** What the rows are, once those that were answered are known. `gold`: their labels, or expected texts. */
  readonly dataOf: (at: readonly number[], gold: readonly (number | string)[]) => Promise<Measurement['data']>;
}

const labelsOf = ({ words }: AnsweringVersion) => words.map(({ label }) => label);

/** @throws StudioError `bad-input` where there are no test rows, or where they have other labels by now */
function testRowsOf(version: AnsweringVersion): { readonly dataset: Dataset; readonly ids: readonly string[] } {
  const { dataset, task } = version;
  if (!dataset || dataset.split.test.length === 0)
    throw badInput(
      'The rows of this prompt set are not in this browser, so there are no test rows. Measure on a file.',
    );
  const labels = labelsOf(version);
  const isSame = labels.length === dataset.labels.length && labels.every((label, i) => label === dataset.labels[i]);
  if (task.kind === 'classify' && !isSame)
    throw badInput(
      'The labels of the rows have changed since this version was made. Measure on a file with the labels it knows.',
    );
  return { dataset, ids: dataset.split.test };
}

function testRows(host: Host, version: AnsweringVersion, name: string, control: Control): MeasuredRows {
  const { dataset, ids } = testRowsOf(version);
  const { prompt, words } = version;
  const longest = roomFor(host, version);
  const room = longest === null ? {} : { room: longest };
  const byId = rowsById(dataset.table.rows);
  const rowAt = (i: number) => present(byId.get(ids[i] as string), `row ${i}`);
  return {
    total: ids.length,
    unreadable: 0,
    rowsAt: async (from, count) => {
      const asked = ids.slice(from, from + count);
      const { rows, tooLong } = await tokenRows(host, { dataset, prompt, words, split: asked, ...room }, control);
      const place = new Map(asked.map((id, i) => [id, from + i]));
      return {
        rows: rows.map((row) => ({ ...row, rowId: String(place.get(row.rowId)) })),
        leftOut: tooLong.map((id) => [place.get(id) as number, 'it is too long', 'long'] as const),
      };
    },
    wantedOf: (at) => at.map((i) => targetOf(rowAt(i), dataset.mapping)),
    textsOf: (at) => at.map((i) => textOf(rowAt(i), dataset.mapping)),
    dataOf: async (at, gold) => {
      const asked = at.map((i) => ids[i] as string);
      return { kind: 'test', name, fingerprint: testRowsKey(asked, gold, labelsOf(version)) };
    },
  };
}

function fileRows(host: Host, version: AnsweringVersion, { text, label }: Required<RowsColumns>): MeasuredRows {
  const file = openFile(host, 'measure');
  const { rows, rejected, format } = file.table;
  const mapping = { text, label: label ?? '', id: null };
  return {
    ...tableSource(host, version, file.table, { text, label }),
    unreadable: rejected.length,
    wantedOf: (at) => at.map((i) => targetOf(present(rows.at(i), `row ${i}`), mapping)),
    textsOf: (at) => at.map((i) => textOf(present(rows.at(i), `row ${i}`), mapping)),
    dataOf: async (at) => {
      const cells = rows.map((row) => [row.cells[text] ?? '', row.cells[mapping.label] ?? '']);
      // expected texts have no labels by which to see whether the same rows were answered
      const isPart = version.task.kind === 'generate' && at.length < rows.length;
      const part = isPart ? ` ${testRowsKey(at.map(String), [], [])}` : '';
      return { kind: 'file', name: format.fileName, fingerprint: `${await sha256(JSON.stringify(cells))}${part}` };
    },
  };
}

const nothing = (known: string) =>
  badInput(`No row of this file has a text and ${known}, so nothing can be measured on it.`);

type Found = Omit<Measured, 'model' | 'account' | 'known'> & { readonly at: readonly number[] };
type Finder<K extends TaskKind> = (
  version: AnsweringVersion,
  rows: MeasuredRows,
  answers: readonly RowAnswer<K>[],
) => Promise<Found>;

const FINDERS: { readonly [K in TaskKind]: Finder<K> } = {
  classify: async (version, rows, answers) => {
    const known = answers.flatMap(({ index, gold, probabilities }) =>
      gold === null ? [] : [{ index, gold, prediction: argmax(probabilities) }],
    );
    if (known.length === 0) throw nothing('a label that this version knows');
    const gold = known.map((answer) => answer.gold);
    const at = known.map(({ index }) => index);
    const { task } = version;
    return {
      at,
      data: await rows.dataOf(at, gold),
      labels: labelsOf(version),
      gold,
      predictions: known.map(({ prediction }) => prediction),
      calibrated: task.kind === 'classify' && task.calibration !== null,
    };
  },
  generate: async ({ dataset }, rows, answers) => {
    const scored = answers.flatMap(({ target, ...answer }) => (target ? [{ ...answer, target }] : []));
    if (scored.length === 0) throw nothing('an expected text');
    const at = scored.map(({ index }) => index);
    const wanted = rows.wantedOf(at);
    const written = scored.map(({ text }) => text);
    const scores = scored.map(({ target }) => target);
    const arm = { id: 'measured', name: 'measured', written, scores, tokensSentMean: 0 };
    const { arms } = compareTexts({ wanted, arms: [arm], pairs: [], seed: dataset?.seed ?? SEED });
    const { id: _id, name: _name, tokensSentMean: _sent, ...wrote } = present(arms[0], 'the one prompt');
    return {
      at,
      data: await rows.dataOf(at, wanted),
      labels: [],
      gold: [],
      predictions: [],
      wrote,
      calibrated: false,
    };
  },
};

const asRows = (texts: readonly string[], labels: readonly string[], mapping: ColumnMapping): readonly Row[] =>
  texts.map((text, i) => ({
    id: `${i}`,
    line: i + 1,
    cells: { [mapping.text]: text, [mapping.label]: labels[i] ?? '' },
  }));

/** Which rows say what a row of the version's data set says: its parts trained, chose and tested prompts. */
function besideParts(dataset: Dataset | null, texts: readonly string[], labels: readonly string[]): RowsBeside | null {
  if (!dataset) return null;
  const { mapping, split } = dataset;
  return besideKnown(asRows(texts, labels, mapping), rowsOf(dataset, Object.values(split).flat()), mapping);
}

/** How many rows a version may have seen in training, or as examples. */
export function knownAmong(
  { dataset, seen }: { readonly dataset: Dataset | null; readonly seen: SeenParts | null },
  texts: readonly string[],
  labels: readonly string[],
): KnownRows | null {
  if (!seen || !dataset) return null;
  const { mapping } = dataset;
  const learned = seen.parts.flatMap((part) => rowsOf(dataset, part));
  const keys = new Set(learned.map((row) => textKeyOf(row, mapping)));
  const asked = asRows(texts, labels, mapping);
  const unlike = asked.filter((row) => !keys.has(textKeyOf(row, mapping)));
  const { asked: almost } = nearTwins(unlike, learned, mapping);
  return { same: asked.length - unlike.length, almost: almost.length, isSure: seen.isSure };
}

/**
 * Measures a version. On test rows the caller counts one more use of them, before the result is shown.
 * @throws StudioError `bad-input` where no row can be measured on; `cancelled`; and as the engine
 */
export async function measure(
  host: Host,
  request: MeasureRequest,
  { control, emit }: Run<MeasureEvent>,
): Promise<Measured> {
  const { version, on, seen } = request;
  const rows = on.kind === 'file' ? fileRows(host, version, on) : testRows(host, version, on.name, control);
  const { total } = rows;
  const answers: RowAnswer[] = [];
  let account = without(allUsed(total + rows.unreadable), 'unreadable', rows.unreadable);
  const route = createRouter({ host }).rows(alone(version), () => rows);
  for await (const piece of answered(route, 0, control)) {
    answers.push(...piece.answers);
    for (const [, , why] of piece.leftOut) account = without(account, why, 1);
    emit({ done: piece.done, total, secondsLeft: piece.secondsLeft });
  }
  const inOrder = answers.toSorted((a, b) => a.index - b.index);
  // the answers of a version are of its own kind
  const find = FINDERS[version.task.kind] as Finder<TaskKind>;
  const { at, ...found } = await find(version, rows, inOrder);
  const labels = found.gold.map((label) => found.labels[label] as string);
  const hasSeen = seen?.parts.length !== 0;
  const { id, sha256: weights } = host.engine.info;
  return {
    ...found,
    account: without(account, version.task.kind === 'generate' ? 'target' : 'label', answers.length - at.length),
    ...(hasSeen ? { known: knownAmong({ dataset: version.dataset, seen }, rows.textsOf(at), labels) } : {}),
    ...(on.kind === 'file' ? { beside: besideParts(version.dataset, rows.textsOf(at), labels) } : {}),
    model: { id, sha256: weights },
  };
}
