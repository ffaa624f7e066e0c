import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { isUnsure } from '../dataset/predictions-out';
import type { Row, Table } from '../dataset/types';
import type { Sidecar } from '../interchange/sidecar';
import { present } from '../lib/assert';
import { uninterruptedControl } from '../lib/control';
import { z } from '../lib/zod';
import { argmax } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { tunedPrompt } from '../prompt-set/versions';
import type { AnsweringVersion, RowAnswer } from '../workflow/answering';
import { type BatchEvent, batch } from '../workflow/batch';
import { keepRows } from '../workflow/rows-file';
import { openTable, readPrompt } from './data';
import { createLog, openHost } from './node-host';
import { MODEL_USAGE, modelOptions, parseOptions, probability, readModelOptions, UsageError } from './options';

export const PREDICT_USAGE = `npm run --silent predict -- PROMPT [IN.csv --text COL] [--threshold P] ${MODEL_USAGE}
  PROMPT: an exported zip or its folder; --model: the folder of the model that it was trained on
  the CSV has every column that the prompt shows; without a CSV, every line of standard input is a text, or a JSON object
  with a cell for each of them: {"text": "…", "city": "…"}
  prints one JSON line per text: {label, probabilities}, calibrated if the prompt is; {written} where the prompt generates
  texts; {not_answered} with the reason for a row that is empty or too long; with a threshold also {needs_review}: true
  where the answer is less probable, so that a person should look. --threshold replaces the prompt's own; 0 takes all`;

/** Answers texts with an exported prompt, as JSON lines. */
export async function predict(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    text: { type: 'string' },
    threshold: { type: 'string' },
  });
  const [prompt, data, ...more] = positionals;
  if (prompt === undefined || more.length > 0) throw new UsageError('Name one prompt and at most one CSV file.');
  const log = createLog();
  const given = probability(values.threshold, 'threshold');
  const { sidecar, set } = await readPrompt(resolve(prompt));
  const threshold = given ?? sidecar.threshold?.value ?? null;
  const version = versionOf(sidecar, present(set.soft[0]?.soft, 'vectors'));
  const text = values.text ?? 'text';
  const table =
    data === undefined
      ? tableOf(await linesOf(process.stdin, text), text)
      : await openTable(resolve(data), { text }, log, { oneColumn: true });
  const host = await openHost(readModelOptions(values), log);
  try {
    keepRows(host, 'batch', table);
    const emit = (event: BatchEvent) => process.stdout.write(linesFor(event, sidecar, threshold));
    await batch(host, { version, text, from: 0 }, { control: uninterruptedControl, emit });
  } finally {
    await host.dispose();
  }
}

/** The prompt of a package as it answers. */
function versionOf({ template, labels, writing, calibration, model }: Sidecar, soft: SoftPrompt): AnsweringVersion {
  return {
    task: writing
      ? { kind: 'generate', longest: writing.longest }
      : { kind: 'classify', calibration: calibration?.meanLogProbs ?? null },
    prompt: tunedPrompt(template, soft),
    words: labels.map(({ label, word }) => ({ label, word })),
    soft,
    model,
    dataset: null,
  };
}

/** The rows of a piece in their order, one JSON line each. */
function linesFor(
  { answers, leftOut }: BatchEvent,
  { labels }: Pick<Sidecar, 'labels'>,
  threshold: number | null,
): string {
  const review = threshold === null ? {} : { needs_review: true };
  const lines = [
    ...answers.map((answer) => [answer.index, said(answer, labels, threshold)] as const),
    ...leftOut.map(([index, reason]) => [index, { not_answered: reason, ...review }] as const),
  ];
  const inOrder = lines.toSorted(([a], [b]) => a - b);
  return inOrder.map(([, line]) => `${JSON.stringify(line)}\n`).join('');
}

function said(answer: RowAnswer, labels: Sidecar['labels'], threshold: number | null): object {
  if (answer.kind === 'generate') return { written: answer.text };
  const { probabilities } = answer;
  const best = argmax(probabilities);
  return {
    label: labels[best]?.label ?? '',
    ...(threshold === null ? {} : { needs_review: isUnsure(probabilities[best] ?? 0, threshold) }),
    probabilities: Object.fromEntries(
      labels.map(({ label }, i) => [label, Number((probabilities[i] ?? 0).toFixed(6))]),
    ),
  };
}

const tableOf = (rows: readonly Row[], column: string): Table => ({
  format: { fileName: 'standard input', bytes: 0, encoding: 'utf-8', delimiter: ',', kind: 'jsonl' },
  columns: [...new Set([column, ...rows.flatMap(({ cells }) => Object.keys(cells))])],
  rows,
  rejected: [],
});

const cellsSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/** The cells of a line: a JSON object has one for each column, with the text as `text`; any other line is a text. */
function cellsOf(line: string, column: string): Row['cells'] {
  const parsed = line.trimStart().startsWith('{') ? cellsSchema.safeParse(parsedJson(line)) : null;
  if (!parsed?.success) return { [column]: line };
  const cells = Object.entries(parsed.data).map(([name, value]) => [name === 'text' ? column : name, String(value)]);
  return Object.fromEntries(cells);
}

function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // a text that begins with a brace
  }
}

async function linesOf(input: NodeJS.ReadableStream, column: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
    if (line.trim() !== '')
      rows.push({ id: String(rows.length + 1), line: rows.length + 1, cells: cellsOf(line, column) });
  return rows;
}
