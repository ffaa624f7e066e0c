import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Row } from '../dataset/types';
import { labelProbabilities } from '../evaluation/classify/outcome';
import type { Sidecar } from '../interchange/sidecar';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/types';
import { parseTemplate, renderTemplate } from '../task/template';
import { lineBreaks } from '../tokens/open-tokenizer';
import type { TokenRow } from '../tokens/types';
import { readTable } from './data';
import { createLog } from './log';
import { type OpenModel, openModel } from './model-dir';
import { modelOptions, readModelOptions } from './options';
import { readPrompt } from './prompt-file';
import { parseOptions, UsageError } from './usage';

export const PREDICT_USAGE = `npm run --silent predict -- PROMPT [IN.csv --text COL] [--model DIR] [--backend node-wasm|node-native]
  PROMPT: an exported zip or its folder; without a CSV every line of standard input is a text
  one JSON line a text: {label, probabilities}, calibrated where the prompt is; of a prompt that writes: {written}`;

/** Answers of an exported prompt for texts that have no label, as JSON lines. */
export async function predict(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, { ...modelOptions, text: { type: 'string' } });
  const [prompt, data, ...more] = positionals;
  if (prompt === undefined || more.length > 0) throw new UsageError('Name one prompt, and at most one CSV.');
  const log = createLog();
  const { sidecar, set } = await readPrompt(resolve(prompt));
  const soft = present(set.soft[0]?.soft, 'vectors');
  const text = values.text ?? 'text';
  const rows =
    data === undefined
      ? await linesOf(process.stdin, text)
      : (await readTable(resolve(data), '', { text }, log, { oneColumn: true })).rows;
  const { engine, tokenizer } = await openModel(readModelOptions(values), log);
  try {
    if (engine.info.hidden !== sidecar.tokenDim || engine.info.sha256 !== sidecar.model.sha256)
      throw new StudioError(
        'bad-input',
        `The prompt belongs to ${sidecar.model.id} (${sidecar.model.dtype}); ${engine.info.id} (${engine.info.dtype}) is other weights, and prompts do not carry over. Name its folder with --model.`,
      );
    const template = parseTemplate(sidecar.template);
    if (!template.ok) throw new StudioError('bad-input', template.error.message);
    const mapping = { text, label: '', id: null };
    const asked = rows.map((row, i) => ({
      rowId: String(i),
      ids: tokenizer.encode(renderTemplate(template.value, row, mapping)),
      label: null,
    }));
    for (const answer of await answers({ engine, tokenizer }, sidecar, soft, asked))
      process.stdout.write(`${JSON.stringify(answer)}\n`);
  } finally {
    await engine.dispose();
  }
}

async function answers(
  { engine, tokenizer }: Pick<OpenModel, 'engine' | 'tokenizer'>,
  sidecar: Sidecar,
  soft: SoftPrompt,
  rows: readonly TokenRow[],
): Promise<readonly object[]> {
  const { labels, writing } = sidecar;
  if (!writing) {
    const scored = await engine.score({ rows, labels, soft, cacheKey: null });
    return scored.rows.map(({ logProbs }) => answerOf(logProbs, sidecar));
  }
  const { longest: maxNewTokens, endTokenIds } = writing;
  const written = await engine.write({
    ...{ rows, soft, cacheKey: null, maxNewTokens, endTokenIds },
    breakTokenIds: lineBreaks(tokenizer),
  });
  return written.map(({ ids }) => ({ written: tokenizer.decode(ids).trim() }));
}

/** Calibrated where the prompt is used so. */
function answerOf(logProbs: readonly number[], { labels, calibration }: Pick<Sidecar, 'labels' | 'calibration'>) {
  const probabilities = labelProbabilities(logProbs, calibration?.meanLogProbs ?? null);
  return {
    label: labels[argmax(probabilities)]?.label ?? '',
    probabilities: Object.fromEntries(
      labels.map(({ label }, i) => [label, Number((probabilities[i] ?? 0).toFixed(6))]),
    ),
  };
}

async function linesOf(input: NodeJS.ReadableStream, column: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
    if (line.trim() !== '')
      rows.push({ id: String(rows.length + 1), line: rows.length + 1, cells: { [column]: line } });
  return rows;
}
