/** Check rows: a prompt answers sentences where it leaves, and again wherever it is used, so that a difference shows. */

import { generates } from '../dataset/task-facts';
import { type CheckRow, columnsOf, type Package, unpacked } from '../interchange/package';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import type { Control } from '../lib/control';
import { rounded } from '../lib/format';
import { firstText, labelsOf, softOf, textsOf } from '../prompt/prompt';
import { alone } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { newVersion } from '../prompt-set/versions';
import { asContinuation, type Fields, TEXT_SLOT } from '../task/template';
import { type AnsweringHost, answerFrom, answerWords, asChoice, fieldsSource, ofKind } from './answering';
import { scoringTargets } from './generated-texts';
import { createRouter } from './router';

export interface RowsDone {
  readonly done: number;
  readonly total: number;
}

export interface CheckRun {
  readonly control: Control;
  readonly emit: (event: RowsDone) => void;
}

/** Rows that are answered at once, so that progress shows. */
const PIECE = 4;

interface Answered {
  readonly index: number;
  /** Log-probabilities by label, or of the text after the row. */
  readonly logProbs: readonly number[];
}

/** @param target token ids of a text after each row, where texts are generated; no row gets another one */
async function answersTo(
  host: AnsweringHost,
  asked: Version,
  rows: readonly Fields[],
  target: readonly number[] | null,
  { control, emit }: CheckRun,
): Promise<readonly Answered[]> {
  const route = createRouter({ host }).rows(alone(asChoice(asked)), (of) => fieldsSource(host, of, rows));
  const source = fieldsSource(host, asked, rows);
  const found: Answered[] = [];
  for (let from = 0; from < rows.length; from += PIECE) {
    if (target) {
      const read = (await source.rowsAt(from, PIECE)).rows.map((row) => ({ ...row, target: Int32Array.from(target) }));
      const scored = await host.engine.write(scoringTargets(read, null, softOf(asked.prompt)), control);
      for (const { rowId, target: of } of scored)
        found.push({ index: Number(rowId), logProbs: of ? [of.logProb] : [] });
    } else {
      const { answers } = await route.answer(from, Math.min(PIECE, rows.length - from), control);
      for (const answer of answers) {
        const { index, probabilities } = ofKind('classify', answer);
        found.push({ index, logProbs: probabilities.map((share) => Math.log(share || Number.MIN_VALUE)) });
      }
    }
    emit({ done: Math.min(from + PIECE, rows.length), total: rows.length });
  }
  return found.toSorted((a, b) => a.index - b.index);
}

/** By what is asked, for as long as an engine lives: every recipient gets the same rows. */
const made = new WeakMap<object, Map<string, Promise<readonly CheckRow[]>>>();

/**
 * What the version of a package says of sentences. Every column has one of its own, so that a program that leaves a column
 * out is found out. @param model that its vectors were trained on
 */
export function makeCheckRows(
  host: AnsweringHost,
  model: Version['model'],
  of: Pick<Package, 'version' | 'fallback'>,
  sentences: readonly string[],
  run: CheckRun,
): Promise<readonly CheckRow[]> {
  const columns = [TEXT_SLOT, ...columnsOf(of)];
  const rows = sentences.map((_, i) =>
    Object.fromEntries(columns.map((column, c) => [column, sentences[(i + c) % sentences.length] ?? ''])),
  );
  const key = contentKey(of.version.prompt, model, rows);
  const known = made.get(host.engine) ?? new Map<string, Promise<readonly CheckRow[]>>();
  made.set(host.engine, known);
  const making = known.get(key) ?? checkRowsOf(host, newVersion({ ...of.version, model }), rows, run);
  known.set(key, making);
  making.catch(() => known.delete(key));
  return making;
}

async function checkRowsOf(
  host: AnsweringHost,
  asked: Version,
  rows: readonly Fields[],
  run: CheckRun,
): Promise<readonly CheckRow[]> {
  const isTexts = generates(asked.prompt.task.kind);
  const text = isTexts ? targetAfter(firstText(asked.prompt).template) : '';
  const ids = isTexts ? Array.from(host.tokens.encode(text)) : null;
  const { rows: read } = await fieldsSource(host, asked, rows).rowsAt(0, rows.length);
  const idsOf = new Map(textsOf(asked.prompt).length > 0 ? read.map((row) => [row.rowId, row.ids]) : []);
  return (await answersTo(host, asked, rows, ids, run)).map(({ index, logProbs }) => ({
    cells: present(rows[index], 'a row'),
    inputIds: Array.from(idsOf.get(String(index)) ?? []),
    logProbs: ids ? [] : rounded(logProbs),
    target: ids && { text, ids, logProb: rounded(logProbs[0] ?? Number.NaN) },
  }));
}

/** The fixed text after every check row of a prompt that generates texts. */
const targetAfter = (template: string): string =>
  `${asContinuation(template, 'The customer writes about one thing.')}\n`;

/** How closely this machine and model reproduce a package. */
export interface Replay {
  /** Log-probabilities by label, or, where texts are generated, of a token of the fixed text. */
  readonly rows: readonly { readonly expected: readonly number[]; readonly here: readonly number[] }[];
  /** Rows that get other labels here. */
  readonly changed: number;
  readonly largestDifference: number;
}

/** By the log-probabilities of a check row; empty where texts are generated. */
export function checkAnswer({ version: { prompt } }: Pick<Package, 'version'>, logProbs: readonly number[]): string {
  const answer = answerFrom(prompt, logProbs);
  return answer ? answerWords(answer, labelsOf(prompt)) : '';
}

export async function replay(host: AnsweringHost, of: Package, run: CheckRun): Promise<Replay> {
  const { checkRows, version } = of;
  const target = checkRows[0]?.target?.ids ?? null;
  const cells = checkRows.map((row) => row.cells);
  const found = await answersTo(host, unpacked(of, version), cells, target, run);
  const byRow = new Map(found.map(({ index, logProbs }) => [index, logProbs]));
  // a token, because differences add up over long texts
  const each = (logProbs: readonly number[]) => logProbs.map((value) => value / (target?.length ?? 1));
  const rows = checkRows.map((row, i) => ({
    expected: each(row.target ? [row.target.logProb] : row.logProbs),
    here: each(byRow.get(i) ?? []),
  }));
  const off = rows.flatMap(({ expected, here }) =>
    expected.map((value, c) => Math.abs(value - (here[c] ?? Number.NaN))),
  );
  return {
    rows,
    changed: rows.filter(({ expected, here }) => checkAnswer(of, expected) !== checkAnswer(of, here)).length,
    largestDifference: Math.max(0, ...off),
  };
}
