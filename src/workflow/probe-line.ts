/** The reference line of a linear probe: what the model's hidden states alone say, read from the untuned prompt's text. */
import { drawnRows } from '../dataset/draw';
import { rowsById, textOf } from '../dataset/labels';
import { present } from '../lib/assert';
import { inSteps } from '../lib/steps';
import { fittingProbe } from '../metrics/probe';
import type { Comparing, ReadyArm } from './compare-arms';
import { tokenRows } from './token-rows';
import { cacheKeyOf } from './training-rows';

/** Training rows that the probe learns from; more would have to be read. */
const PROBE_ROWS = 256;

/**
 * Log-probabilities of the test rows; null without training rows. The states of training rows are read from the text cache
 * where a run has filled it.
 * @param untuned the arm whose text is read, with its token rows
 */
export async function probeAnswers(
  { host, dataset, run: { control, emit } }: Comparing,
  { arm: { prompt }, rows }: ReadyArm,
  test: readonly string[],
): Promise<readonly (readonly number[])[] | null> {
  const note = 'Linear probe';
  const byId = rowsById(dataset.table.rows);
  const text = (id: string) => textOf(present(byId.get(id), `row ${id}`), dataset.mapping);
  // by their texts, so that a sorted file gives the same probe as a shuffled one
  const drawn = drawnRows(dataset, dataset.split.train, PROBE_ROWS).toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
  const known = await tokenRows(host, { dataset, prompt, words: [], split: drawn }, control);
  const train = known.rows.filter(({ label }) => label !== null);
  if (train.length === 0) return null;
  const own = new Map(rows.map((row) => [row.rowId, row]));
  const asked = [...train, ...test.map((id) => present(own.get(id), `token row ${id}`))];
  const cacheKey = cacheKeyOf(dataset.fingerprint, prompt.template);
  const packed = await host.engine.states({ rows: asked, cacheKey }, control, (done) =>
    emit({ kind: 'progress', fraction: done / asked.length, note }),
  );
  const width = packed.length / asked.length;
  const states = asked.map((_, i) => packed.subarray(i * width, (i + 1) * width));
  const gold = train.map(({ label }) => present(label, 'label'));
  const fitting = fittingProbe(states.slice(0, train.length), gold, dataset.labels.length);
  const probe = await inSteps(fitting, control, (fraction) => emit({ kind: 'progress', fraction, note }));
  return probe.predict(states.slice(train.length));
}
