import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { goldOf } from '../dataset/labels';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import { forEachMetric, LABEL_METRICS } from '../metrics/registry';
import { ownId, readDataset } from './data';
import { createLog } from './log';
import { openModel } from './model-dir';
import { modelOptions, readModelOptions } from './options';
import { readPrompt } from './prompt-file';
import { tokenRows } from './task';
import { exactly, parseOptions, required, wholeNumber } from './usage';

export const EVALUATE_USAGE = `npm run evaluate -- PROMPT DATA.csv --text COL --label COL [--test-rows N] [--out FILE.json] [--model DIR]
  PROMPT: an exported zip, or the folder prompt/ that tune writes`;

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
  const log = createLog();
  const { sidecar, set } = await readPrompt(resolve(prompt));
  if (sidecar.writing)
    throw new StudioError(
      'bad-input',
      'This prompt writes texts, and has no labels to be right or wrong about. `predict` writes them; Compare in the page measures them.',
    );
  const soft = present(set.soft[0]?.soft, 'vectors');
  const options = {
    data: resolve(data),
    test: resolve(data),
    text: required(values.text, 'text'),
    label: required(values.label, 'label'),
    trainRows: null,
    testRows: wholeNumber(values['test-rows'], 'test-rows'),
  };
  const dataset = await readDataset(options, 0, log);
  const unknown = dataset.labels.filter((label) => !sidecar.labels.some((each) => each.label === label));
  if (unknown.length > 0)
    throw new StudioError(
      'bad-input',
      `The prompt knows no label ${unknown.join(', ')}; it knows ${sidecar.labels.map(({ label }) => label).join(', ')}.`,
    );
  const { engine, tokenizer } = await openModel(readModelOptions(values), log);
  try {
    if (engine.info.sha256 !== sidecar.model.sha256)
      log.line(
        `The prompt was tuned for other weights (${sidecar.model.id}, ${sidecar.model.dtype}): expect other numbers.`,
      );
    const template = { template: sidecar.template, shots: 0, shotSeed: 0 };
    // no examples are shown, so no answer words: these rows may lack a label, or bring them in another order
    const rows = tokenRows(tokenizer, dataset, template, [], dataset.split.test);
    const names = sidecar.labels.map(({ label }) => label);
    const gold = goldOf(dataset, dataset.split.test).map((index) => names.indexOf(dataset.labels[index] ?? ''));
    const arms = [];
    for (const [id, vectors] of [
      ['untuned', null],
      ['tuned', soft],
    ] as const) {
      const scored = await engine.score(
        { rows, labels: sidecar.labels, soft: vectors, cacheKey: 'rows' },
        undefined,
        (done) => log.progress(`${id}: ${done} of ${rows.length} rows`),
      );
      const predicted = scored.rows.map((row) => argmax(row.logProbs));
      const answers = { gold, predicted, classes: names.length };
      const { format, compute, interval } = LABEL_METRICS.accuracy;
      const { low, high } = interval(answers, { seed: 0 });
      log.line(`${format.value(compute(answers)).padStart(6)}  ${id}`);
      arms.push({
        id,
        ...forEachMetric(LABEL_METRICS, (metric) => metric.compute(answers)),
        accuracyCi95: [low, high],
        rows: scored.rows.map((row, i) => ({
          id: ownId(row.rowId),
          gold: names[gold[i] ?? 0],
          predicted: names[predicted[i] ?? 0],
          logProbs: Object.fromEntries(names.map((name, c) => [name, row.logProbs[c]])),
        })),
      });
    }
    const text = `${JSON.stringify({ model: { id: engine.info.id, dtype: engine.info.dtype, sha256: engine.info.sha256 }, prompt: { name: sidecar.name, placement: sidecar.placement }, arms }, null, 1)}\n`;
    if (values.out) await writeFile(resolve(values.out), text);
    else process.stdout.write(text);
  } finally {
    await engine.dispose();
  }
}
