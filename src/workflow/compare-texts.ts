/** The comparison of prompts that generate a text: each continues the same rows, and is held against the expected texts. */
import { rowsById } from '../dataset/labels';
import { targetOf } from '../dataset/writing';
import { compareTexts as figuresOf } from '../evaluation/generate/compare';
import type { GenerateOutcome } from '../evaluation/generate/types';
import { rowGroups } from '../evaluation/rows';
import { throwIfInterrupted } from '../inference/control';
import { present } from '../lib/assert';
import type { GenerateEvaluation } from '../prompt-set/types';
import { type Comparing, eachArm, isHandWritten, type ReadyArm, readyArms } from './compare-arms';
import { generateTexts, longestAnswer } from './generated-texts';
import { cacheKeyOf } from './training-rows';

/** Generating a token takes about as long as reading this many. */
const GENERATED_TOKEN = 8;

const sentTokens = ({ arm, rows }: ReadyArm) =>
  rows.reduce((sum, { ids }) => sum + ids.length, 0) / Math.max(1, rows.length) + (arm.softs[0]?.virtualTokens ?? 0);

export async function compareTexts(
  using: Comparing,
): Promise<Pick<GenerateEvaluation, 'kind' | 'plan' | 'comparison'>> {
  const { host, dataset, set, run, arms: planned } = using;
  const longest = longestAnswer(host, set.writing?.longest, dataset);
  const { arms, keep } = await readyArms(using, [], longest);
  const rowIds = keep(using.test);
  const outcomes = await eachArm(
    run,
    arms,
    {
      weightOf: (ready) => sentTokens(ready) + GENERATED_TOKEN * longest,
      note: (name) => `${name}, on ${rowIds.length} test rows`,
    },
    (ready, onFraction) => generate(using, ready, longest, onFraction),
  );
  throwIfInterrupted(run.control);
  const byId = rowsById(dataset.table.rows);
  const groups = rowGroups(dataset, rowIds);
  const plan = {
    rowIds,
    wanted: rowIds.map((id) => targetOf(present(byId.get(id), `row ${id}`), dataset.mapping)),
    ...(groups ? { groups } : {}),
    arms: outcomes,
    pairs: planned.pairs,
    looks: set.testLooks + 1,
    seed: dataset.seed,
  };
  const onProgress = (fraction: number) => run.emit({ kind: 'progress', fraction, note: 'Comparing row by row' });
  return { kind: 'generate', plan, comparison: figuresOf(plan, { onProgress }) };
}

/** What one arm generates, and how likely the expected text is to it. */
async function generate(
  { host, dataset, run: { control } }: Comparing,
  ready: ReadyArm,
  longest: number,
  onFraction: (fraction: number) => void,
): Promise<GenerateOutcome> {
  const { arm, rows } = ready;
  const cacheKey = isHandWritten(arm) ? null : cacheKeyOf(dataset.fingerprint, arm.prompt.template);
  const asked = { rows, soft: arm.softs[0] ?? null, cacheKey, longest };
  const generated = await generateTexts(host, asked, control, (done) => onFraction(done / Math.max(1, rows.length)));
  return {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    written: generated.map(({ text }) => text),
    scores: generated.map(({ rowId, target }) => present(target, `score of row ${rowId}`)),
    tokensSentMean: sentTokens(ready),
  };
}
