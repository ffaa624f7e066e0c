import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { goldOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ScoreResult } from '../engine/types';
import type { Sidecar } from '../interchange/sidecar';
import { present } from '../lib/assert';
import { uninterruptedControl } from '../lib/control';
import { StudioError } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import { forEachMetric, LABEL_METRICS } from '../metrics/registry';
import type { SoftPrompt } from '../prompt/types';
import { tunedPrompt } from '../prompt-set/versions';
import type { Host } from '../workflow/host';
import { openTestRows } from '../workflow/open-data';
import { tokenRows } from '../workflow/token-rows';
import { openTable, readPrompt } from './data';
import { createLog, type Log } from './log';
import { openHost } from './node-host';
import { exactly, MODEL_USAGE, modelOptions, parseOptions, readModelOptions, required, wholeNumber } from './options';

export const EVALUATE_USAGE = `npm run evaluate -- PROMPT DATA.csv --text COL --label COL [--test-rows N] [--out FILE.json]
  ${MODEL_USAGE}
  PROMPT: an exported zip, or the folder prompt/ that tune makes`;

/** Scores an exported prompt, and its text without the vectors, on the rows of a labelled file; JSON on stdout. */
export async function evaluate(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    text: { type: 'string' },
    label: { type: 'string' },
    'test-rows': { type: 'string' },
    out: { type: 'string' },
  });
  const [prompt, data] = exactly(positionals, ['PROMPT', 'DATA.csv']);
  const columns = { text: required(values.text, 'text'), label: required(values.label, 'label') };
  const testRows = wholeNumber(values['test-rows'], 'test-rows');
  const log = createLog();
  const { sidecar, set } = await readPrompt(resolve(prompt));
  const table = await openTable(resolve(data), columns, log);
  const dataset = await openTestRows(table, { ...columns, id: null }, testRows);
  checkLabels(sidecar, dataset);
  const soft = present(set.soft[0]?.soft, 'vectors');
  const host = await openHost(readModelOptions(values), log);
  try {
    const { id, dtype, sha256 } = host.engine.info;
    if (sha256 !== sidecar.model.sha256)
      log.line(
        `This prompt was tuned for ${sidecar.model.id} (${sidecar.model.dtype}), other weights: results will differ.`,
      );
    const arms = [
      await armOf(host, { id: 'untuned', soft: null, calibration: null }, sidecar, dataset, log),
      await armOf(host, { id: 'tuned', soft, calibration: sidecar.calibration }, sidecar, dataset, log),
    ];
    const { name, placement } = sidecar;
    const text = `${JSON.stringify({ model: { id, dtype, sha256 }, prompt: { name, placement }, arms }, null, 1)}\n`;
    if (values.out) await writeFile(resolve(values.out), text);
    else process.stdout.write(text);
  } finally {
    await host.dispose();
  }
}

/** @throws StudioError `bad-input` where the prompt cannot answer rows with these labels */
function checkLabels({ writing, labels }: Sidecar, dataset: Dataset): void {
  if (writing)
    throw new StudioError(
      'bad-input',
      'This prompt generates texts, so it has no labels to score. Use predict to see its texts, or compare it in the page.',
    );
  const known = labels.map(({ label }) => label);
  const unknown = dataset.labels.filter((label) => !known.includes(label));
  if (unknown.length > 0)
    throw new StudioError(
      'bad-input',
      `The prompt does not know the label ${unknown.join(', ')}; it knows ${known.join(', ')}. Leave those rows out.`,
    );
}

/** The answers to all test rows, calibrated as `predict` calibrates them, and how good they are. */
async function armOf(
  host: Host,
  { id, soft, calibration }: Pick<Sidecar, 'calibration'> & { readonly id: string; readonly soft: SoftPrompt | null },
  { template, labels, placement }: Sidecar,
  dataset: Dataset,
  log: Log,
): Promise<object> {
  const prompt = tunedPrompt(template, { placement });
  // no examples are shown, so no answer words: these rows may lack a label, or have the labels in another order
  const request = { dataset, prompt, words: [], split: 'test' as const };
  const { rows } = await tokenRows(host, request, uninterruptedControl);
  const asked = { rows, labels, soft, cacheKey: 'rows' };
  const scored = await host.engine.score(asked, uninterruptedControl, (done) =>
    log.progress(`${id}: ${done} of ${rows.length} rows`),
  );
  const names = labels.map(({ label }) => label);
  const ids = rows.map(({ rowId }) => rowId);
  const gold = goldOf(dataset, ids).map((index) => names.indexOf(dataset.labels[index] ?? ''));
  const meanLogProbs = calibration?.meanLogProbs ?? null;
  const predicted = scored.rows.map(({ logProbs }) => argmax(labelProbabilities(logProbs, meanLogProbs)));
  const answers = { gold, predicted, classes: names.length };
  const { format, compute, interval } = LABEL_METRICS.accuracy;
  const { low, high } = interval(answers, { seed: 0 });
  log.line(`${format.value(compute(answers)).padStart(6)}  ${id}`);
  return {
    id,
    calibration: meanLogProbs && Object.fromEntries(names.map((name, c) => [name, meanLogProbs[c]])),
    ...forEachMetric(LABEL_METRICS, (metric) => metric.compute(answers)),
    accuracyCi95: [low, high],
    rows: scored.rows.map((row, i) => rowOf(row, names, gold[i] ?? 0, predicted[i] ?? 0)),
  };
}

const rowOf = (
  { rowId, logProbs }: ScoreResult['rows'][number],
  names: readonly string[],
  gold: number,
  predicted: number,
) => ({
  id: rowId,
  gold: names[gold],
  predicted: names[predicted],
  logProbs: Object.fromEntries(names.map((name, c) => [name, logProbs[c]])),
});
