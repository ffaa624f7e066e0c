import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import type { ArmOutcome, Comparison, ComparisonPlan } from '../evaluation/types';
import { promptPackageFiles } from '../interchange/prompt-package';
import { scriptsFor } from '../interchange/readme';
import { buildSidecar, type CheckRow, checkTarget } from '../interchange/sidecar-build';
import { present } from '../lib/assert';
import { PRODUCT } from '../lib/product';
import { addHardVersion, createPromptSet, finishRun, stamp, startRun } from '../project/prompt-set';
import type { GenerateEvaluation } from '../project/types';
import type { SoftPrompt } from '../prompt/types';
import { fillTemplate } from '../task/template';
import { accuracyOf } from '../training/checkpoint';
import type { TrainEvent } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import { type OpenModel, repositoryFile } from './model-dir';
import type { Task } from './task';

export interface TunedPrompt {
  readonly soft: SoftPrompt;
  readonly settings: TrainingSettings;
  readonly done: Extract<TrainEvent, { kind: 'done' }>;
}

/** What held-back rows said. */
type Result =
  | { readonly kind: 'labels'; readonly plan: ComparisonPlan; readonly comparison: Comparison }
  | {
      readonly kind: 'texts';
      /** Tokens that an answer may have. */
      readonly longest: number;
      readonly plan: GenerateEvaluation['plan'];
      readonly comparison: GenerateEvaluation['comparison'];
    };

export interface ExportInput {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  /** Words and labels are empty where texts are written. */
  readonly task: Pick<Task, 'words' | 'labels' | 'yours' | 'bare' | 'instruction'>;
  readonly tuned: TunedPrompt;
  readonly result: Result;
  readonly folder: string;
}

/** Writes the exported prompt as a folder: the very files that the page puts into its zip, without any row of the user's. */
export async function exportPrompt({ model, dataset, task, tuned, result, folder }: ExportInput): Promise<void> {
  const { soft, settings, done } = tuned;
  const { info } = model.engine;
  const { now } = stamp();
  const set = createPromptSet(stamp(), {
    name: dataset.table.format.fileName.replace(/\.[^.]*$/, ''),
    words: task.words,
    baseTemplate: task.bare,
    datasetFingerprint: dataset.fingerprint,
    datasetName: dataset.table.format.fileName,
    taken: [],
    ...(result.kind === 'texts' ? { writing: { longest: result.longest } } : {}),
  });
  const withHard = addHardVersion(set, stamp(), { prompt: { template: task.yours, shots: 0, shotSeed: 0 } }).set;
  const started = startRun(withHard, stamp(), {
    settings,
    template: task.bare,
    initText: task.instruction,
    model: { id: info.id, sha256: info.sha256, dtype: info.dtype },
    datasetFingerprint: dataset.fingerprint,
  });
  const kept = done.checkpoint.validations.find(({ step }) => step === done.bestStep);
  const finished = finishRun(
    started.set,
    started.run.id,
    {
      status: done.reason === 'paused' ? 'stopped' : done.reason,
      soft,
      bestStep: done.bestStep,
      validationAccuracy: kept ? accuracyOf(kept) : null,
      ...(result.kind === 'texts' && kept ? { validationLoss: kept.loss } : {}),
      seconds: done.trainSeconds,
    },
    now,
  );
  const run = present(finished.soft[0], 'run');
  const compared = {
    id: stamp().id,
    setId: set.id,
    createdAt: now,
    hardVersion: null,
    softVersion: run.id,
    datasetFingerprint: dataset.fingerprint,
    backend: info.backend,
    threads: info.threads,
  };
  const sidecar = buildSidecar({
    set: finished,
    run,
    labels: task.labels,
    weights: model.card.weights ?? null,
    tokenizerSha256: model.tokenizer.sha256,
    dataset,
    evaluation: result.kind === 'labels' ? { ...compared, ...result } : null,
    calibration: result.kind === 'labels' ? calibrationOf(result.plan, result.comparison) : null,
    ...(result.kind === 'texts' && {
      writing: {
        longest: result.longest,
        endTokenIds: model.tokenizer.endTokenIds,
        evaluation: { ...compared, ...result },
      },
    }),
    checkRows: await checkRows(model, task, soft, result.kind),
    userRows: 0,
    now,
    producer: PRODUCT,
  });
  const files = promptPackageFiles({
    set: finished,
    run,
    sidecar,
    scripts: await readScripts(scriptsFor(sidecar)),
    rows: null,
    model: { layers: info.layers, heads: numberOr(model.config.num_attention_heads ?? model.config.n_head) },
  });
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

const readScripts = async (names: readonly string[]): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(repositoryFile(`tools/export/${name}`), 'utf8')] as const),
    ),
  );

const numberOr = (value: unknown) => (typeof value === 'number' ? value : null);

function calibrationOf(plan: ComparisonPlan, comparison: Comparison): ArmOutcome['calibration'] {
  const isCalibrated = comparison.arms.find(({ id }) => id === 'tuned')?.calibrated ?? comparison.calibrated;
  return isCalibrated ? (plan.arms.find(({ id }) => id === 'tuned')?.calibration ?? null) : null;
}

/** Sentences shipped with the product, in the user's template: what the model says of them here. */
async function checkRows(
  { engine, tokenizer }: OpenModel,
  task: Pick<Task, 'bare' | 'labels'>,
  soft: SoftPrompt,
  kind: Result['kind'],
): Promise<CheckRow[]> {
  const sample: { readonly parityTexts: readonly string[] } = JSON.parse(
    await readFile(repositoryFile('public/sample/sample.json'), 'utf8'),
  );
  const texts = sample.parityTexts.map((text) => fillTemplate(task.bare, text, null));
  const rows = texts.map((text, i) => ({ rowId: String(i), ids: tokenizer.encode(text), label: null }));
  const row = (i: number) => ({ text: present(texts[i], 'text'), ids: present(rows[i], 'row').ids });
  if (kind === 'labels') {
    const scored = await engine.score({ rows, labels: task.labels, soft, cacheKey: null });
    return scored.rows.map(({ logProbs }, i) => ({ ...row(i), logProbs }));
  }
  const text = checkTarget(task.bare);
  const ids = tokenizer.encode(text);
  const asked = rows.map((each) => ({ ...each, target: ids }));
  const foreseen = await engine.write({
    rows: asked,
    soft,
    cacheKey: null,
    maxNewTokens: 0,
    endTokenIds: [],
    breakTokenIds: [],
  });
  return foreseen.map(({ target }, i) => ({
    ...row(i),
    logProbs: [],
    target: { text, ids, logProb: present(target, 'score of the check row').logProb },
  }));
}
