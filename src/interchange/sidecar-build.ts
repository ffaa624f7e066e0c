/** Builds `softprompt.json` from what is known about a prompt. The schema is in sidecar.ts. */
import { textHash } from '../dataset/draw';
import { rowsById } from '../dataset/labels';
import type { ColumnMapping, Dataset } from '../dataset/types';
import type { CalibrationFit } from '../evaluation/types';
import { assert, present } from '../lib/assert';
import { type SoftPrompt, trainedPrompt } from '../prompt/soft-prompt';
import { isRun } from '../prompt-set/make-versions';
import type { ClassifyEvaluation, GenerateEvaluation, Kept, PromptSet, SoftVersion } from '../prompt-set/types';
import { cueOf } from '../task/template';
import { MIN_CHECK_ROWS, SIDECAR_VERSION, type Sidecar } from './sidecar';

export interface CheckRow {
  readonly text: string;
  /** Without the virtual tokens. */
  readonly ids: ArrayLike<number>;
  /** In the order of the labels; uncalibrated. */
  readonly logProbs: readonly number[];
  /** If the prompt generates texts: a fixed text after the row. */
  readonly target?: { readonly text: string; readonly ids: ArrayLike<number>; readonly logProb: number };
}

export interface SidecarInput {
  readonly set: Pick<PromptSet, 'name' | 'handle'>;
  readonly run: SoftVersion;
  readonly labels: readonly { readonly label: string; readonly word: string; readonly tokenIds: readonly number[] }[];
  /** Of the template's cue; used where the vectors come before it. */
  readonly cueTokenIds: readonly number[];
  /** Where to get the same weights; null = the user's own model. */
  readonly weights: Sidecar['model']['weights'];
  /** What transformers multiplies `inputs_embeds` by. */
  readonly embeddingMultiplier: number;
  readonly tokenizerSha256: string;
  readonly dataset: Dataset | null;
  /** Of its rows, which may have changed since; null = they are gone. */
  readonly columns: ColumnMapping | null;
  /** Of the validation rows, how many the run's accuracy or loss was measured on. */
  readonly validationRows: number;
  /** The latest comparison of this run on test rows. */
  readonly evaluation: Kept<ClassifyEvaluation> | null;
  readonly calibration: CalibrationFit | null;
  /** If the prompt generates texts: the most tokens of an answer, and its latest comparison. */
  readonly writing?: {
    readonly longest: number;
    readonly endTokenIds: readonly number[];
    readonly evaluation: Kept<GenerateEvaluation> | null;
  };
  readonly checkRows: readonly CheckRow[];
  readonly userRows: number;
  /** ISO time. */
  readonly now: string;
  /** E.g. `Softprompt Studio 0.1.0`. */
  readonly producer: string;
}

/** The run must have vectors, and there must be at least `MIN_CHECK_ROWS` check rows. */
export function buildSidecar(input: SidecarInput): Sidecar {
  const { run, labels, dataset, columns } = input;
  const soft = run.soft;
  assert(soft, 'a run without vectors cannot be exported');
  assert(input.checkRows.length >= MIN_CHECK_ROWS, `an export needs ${MIN_CHECK_ROWS} check rows`);
  return {
    formatVersion: soft.answerShift ? SIDECAR_VERSION : 1,
    producer: input.producer,
    name: input.set.name,
    handle: input.set.handle,
    createdAt: input.now,
    placement: soft.placement,
    ...(soft.placement === 'infix' && { cue: { text: cueOf(run.template), tokenIds: [...input.cueTokenIds] } }),
    numVirtualTokens: soft.virtualTokens,
    tokenDim: soft.hidden,
    ...(soft.answerShift && { answerVectors: 'trained' as const }),
    template: run.template,
    ...(columns && { columns: { text: columns.text, label: columns.label } }),
    labels: labels.map(({ label, word, tokenIds }) => ({ label, word, tokenIds: [...tokenIds] })),
    ...(input.writing && {
      writing: { longest: input.writing.longest, endTokenIds: [...input.writing.endTokenIds] },
    }),
    model: {
      ...{ id: run.model.id, dtype: run.model.dtype, sha256: run.model.sha256, weights: input.weights },
      ...(input.embeddingMultiplier === 1 ? {} : { embeddingMultiplier: input.embeddingMultiplier }),
    },
    tokenizer: { sha256: input.tokenizerSha256 },
    init: initFacts(run),
    training: run.origin === undefined && isRun(run) ? trainingFacts(run) : null,
    data: dataset && dataFacts(dataset),
    metrics: {
      validation:
        run.validationAccuracy === null || !dataset
          ? null
          : { accuracy: run.validationAccuracy, rows: input.validationRows },
      test: testFacts(input.evaluation, run),
      ...(input.writing && { writing: writingFacts(input.writing.evaluation, input) }),
    },
    calibration: input.calibration && {
      meanLogProbs: [...input.calibration.meanLogProbs],
      rows: input.calibration.rows,
    },
    ...(run.threshold && { threshold: { ...run.threshold } }),
    parityRows: input.checkRows.map((row) => ({
      text: row.text,
      inputIds: Array.from(row.ids),
      logProbs: Object.fromEntries(labels.map(({ label }, i) => [label, row.logProbs[i] ?? Number.NaN])),
      ...(row.target && { target: { ...row.target, ids: Array.from(row.target.ids) } }),
    })),
    userRows: input.userRows,
  };
}

function dataFacts({ table, mapping, split, fingerprint, splitHash, seed }: Dataset): NonNullable<Sidecar['data']> {
  const rows = rowsById(table.rows);
  const ofParts = <T>(of: (part: readonly string[]) => T) => ({
    train: of(split.train),
    validation: of(split.validation),
    test: of(split.test),
  });
  const hash = (id: string) => textHash(present(rows.get(id), `row ${id}`), mapping);
  return {
    ...{ fingerprint, splitHash, seed },
    rows: ofParts(({ length }) => length),
    textHashes: ofParts((part) => part.map(hash).join('')),
  };
}

function initFacts({ settings: { initialisation }, initText, origin }: SoftVersion): Sidecar['init'] {
  if (origin !== undefined) return { kind: 'imported', text: origin, parentVersion: null };
  const { kind } = initialisation;
  return { kind, text: initText, parentVersion: kind === 'prompt' ? initialisation.runId : null };
}

function trainingFacts(run: SoftVersion): Sidecar['training'] {
  const s = run.settings;
  return {
    optimizer: 'adamw',
    steps: s.steps,
    batchSize: s.batchSize,
    learningRate: s.learningRate,
    schedule: 'warmup-cosine',
    warmupSteps: s.warmupSteps,
    beta1: s.beta1,
    beta2: s.beta2,
    epsilon: s.epsilon,
    weightDecay: s.weightDecay,
    clipNorm: s.clipNorm,
    seed: s.seed,
    validateEvery: s.validateEvery,
    patience: s.patience,
    metric: s.metric,
    classWeights: s.classWeights ?? false,
    ...(s.answerVectors && { answerVectors: s.answerVectors }),
    ...(s.averagedSteps && { averagedSteps: s.averagedSteps }),
    trainRows: s.trainRows ?? null,
    bestStep: run.bestStep,
    status: run.status,
    seconds: run.seconds,
  };
}

function writingFacts(
  evaluation: Kept<GenerateEvaluation> | null,
  { run, dataset, validationRows }: Pick<SidecarInput, 'run' | 'dataset' | 'validationRows'>,
): NonNullable<Sidecar['metrics']['writing']> {
  const comparison = evaluation?.comparison;
  const tuned = comparison?.arms.find(({ id }) => id === 'tuned');
  const pair = comparison?.pairs.find(({ b }) => b === 'tuned');
  const other = comparison?.arms.find(({ id }) => id === pair?.a);
  return {
    validation:
      run.validationLoss === undefined || !dataset ? null : { loss: run.validationLoss, rows: validationRows },
    test:
      comparison && tuned
        ? {
            rows: comparison.n,
            looks: evaluation.plan.looks,
            rougeL: tuned.metrics.rougeL.value,
            rougeLCi95: { ...tuned.metrics.rougeL.interval },
            tokenF1: tuned.metrics.tokenF1.value,
            exactMatch: tuned.metrics.exactMatch.value,
            perplexity: tuned.metrics.perplexity.value,
            against:
              pair && other
                ? {
                    name: other.name,
                    rougeL: other.metrics.rougeL.value,
                    difference: pair.metrics.rougeL.value,
                    differenceCi95: { ...pair.metrics.rougeL.interval },
                  }
                : null,
          }
        : null,
  };
}

/** Of the run, or of the line that a probe was kept from. */
function testFacts(evaluation: Kept<ClassifyEvaluation> | null, { probe }: SoftVersion): Sidecar['metrics']['test'] {
  const comparison = evaluation?.comparison;
  const tuned = comparison?.arms.find((a) => (probe ? a.id === 'probe' : a.kind === 'tuned'));
  if (!comparison || !tuned) return null;
  const pair = comparison.pairs.find((p) => p.b === tuned.id);
  const other = pair && comparison.arms.find((a) => a.id === pair.a);
  return {
    rows: comparison.n,
    looks: evaluation.plan.looks,
    calibrated: probe !== undefined || tuned.calibrated,
    accuracy: tuned.metrics.accuracy.value,
    accuracyCi95: { ...tuned.metrics.accuracy.interval },
    macroF1: tuned.metrics.macroF1.value,
    against:
      pair && other
        ? {
            name: other.name,
            accuracy: other.metrics.accuracy.value,
            difference: pair.metrics.accuracy.value,
            differenceCi95: { ...pair.metrics.accuracy.interval },
            pExact: pair.metrics.accuracy.p,
          }
        : null,
  };
}

export const softPromptOf = (sidecar: Sidecar, trained: Pick<SoftPrompt, 'vectors' | 'answerShift'>): SoftPrompt =>
  trainedPrompt({ placement: sidecar.placement, virtualTokens: sidecar.numVirtualTokens }, trained);
