import type { CachePlan } from '../inference/cache-plan';
import { type Control, uninterrupted } from '../inference/control';
import { takesPast } from '../inference/program';
import { embeddingRows, type Program } from '../inference/run';
import { checkLabels, scoreRows, scoreTargets, type TargetScore } from '../inference/score';
import type { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { accuracy, argmax, confusionMatrix, macroF1 } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/types';
import type { TokenRow } from '../tokens/types';
import type { Checkpoint, TrainEvent, ValidationResult } from '../training/events';
import { initialTokenIds } from '../training/initialise';
import { type TrainWork, train } from '../training/loop';
import { batchGradient } from '../training/objective';
import { folded } from '../training/reparameterise';
import { balancedWeights, stratifiedSubset } from '../training/row-order';
import type { Validated } from '../training/selection';
import { peakLearningRate } from '../training/settings';
import type { ModelInfo, TrainRequest } from './types';

export interface TrainContext {
  readonly program: Program;
  readonly info: ModelInfo;
  readonly cache: TextCache;
}

/** A training run on a loaded model: the loop of `training/`, with this model's gradients and scores. */
export async function* trainRun(
  { program, info, cache }: TrainContext,
  request: TrainRequest,
  control: Control,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { settings, resume } = request;
  checkRequest(request, info.hidden);
  // Validation rows come again every few steps, training rows once an epoch: they get room first.
  const plan = cache.plan(request.cacheKey, [request.validation, request.train]);
  const usesCache = settings.placement === 'suffix' && takesPast(program.spec);
  // The cache is planned over all rows, so that runs on some of them share it.
  const gold = request.train.map((row) => (row.target ? 0 : present(row.label, `label of row ${row.rowId}`)));
  const chosen = stratifiedSubset(gold, settings.trainRows ?? null);
  const used = {
    train: chosen.map((index) => present(request.train[index], 'training row')),
    labelWeights: settings.classWeights
      ? balancedWeights(
          chosen.map((index) => gold[index] as number),
          request.labels.length,
        )
      : null,
  };
  yield* train({
    settings,
    learningRate: peakLearningRate(settings, info.embeddingRms),
    rows: used.train.length,
    hasValidation: request.validation.length > 0,
    initial: await initialVectors({ program, info, cache }, request),
    hidden: info.hidden,
    embeddingRms: info.embeddingRms,
    resume,
    environment: environmentOf(info, usesCache ? plan : null),
    work: workOf({ program, cache, plan, usesCache, ...used }, request, control),
    control,
  });
}

function checkRequest(request: TrainRequest, hidden: number): void {
  const { train, validation, labels, settings, resume, initFrom } = request;
  const bad = (message: string) => new StudioError('bad-input', message);
  if (train.length === 0) throw bad('There are no rows to train on.');
  const rows = [...train, ...validation];
  if (writes(rows)) {
    const empty = rows.find(({ target }) => !target || target.length === 0);
    if (empty) throw bad(`Row ${empty.rowId} has nothing to be written, so it cannot be trained on.`);
  } else {
    checkLabels(labels);
    const unlabelled = rows.find((row) => row.label === null);
    if (unlabelled) throw bad(`Row ${unlabelled.rowId} has no label, so it cannot be trained on.`);
  }
  const from = initFrom?.vectors.length ?? 0;
  if (settings.initialisation.kind === 'prompt' && (from === 0 || from % hidden !== 0))
    throw bad('The prompt that the vectors start from has no vectors for this model. Choose another start.');
  const fits = !resume || resume.vectors.length === settings.virtualTokens * hidden;
  if (!fits || (resume && (resume.net !== undefined) !== (settings.reparameterise ?? false)))
    throw bad('The checkpoint belongs to a run with other settings or another model.');
}

/** The vectors of an earlier prompt, or embeddings of the initialisation's tokens. */
async function initialVectors(
  { program, info }: TrainContext,
  { settings, initTokenIds, initFrom }: TrainRequest,
): Promise<Float32Array> {
  if (settings.initialisation.kind !== 'prompt' || !initFrom)
    return embeddingRows(program, initialTokenIds(settings, initTokenIds, program.spec.vocabulary));
  const { vectors, netWeights: weights } = initFrom;
  const read = weights ? folded(vectors, { weights, hidden: info.hidden, scale: info.embeddingRms }) : vectors;
  return Float32Array.from({ length: settings.virtualTokens * info.hidden }, (_, i) => read[i % read.length] as number);
}

interface WorkContext {
  readonly program: Program;
  readonly cache: TextCache;
  readonly plan: CachePlan;
  readonly usesCache: boolean;
  /** The rows that gradients see. */
  readonly train: readonly TokenRow[];
  /** By label; null = every row counts the same. */
  readonly labelWeights: readonly number[] | null;
}

function workOf(context: WorkContext, request: TrainRequest, control: Control): TrainWork {
  const { program, cache, plan, usesCache, train, labelWeights } = context;
  const { labels, settings, validation } = request;
  const soft = (vectors: Float32Array): SoftPrompt => ({
    placement: settings.placement,
    vectors,
    virtualTokens: settings.virtualTokens,
    hidden: program.spec.hidden,
  });
  const rowsAt = (indices: readonly number[]) => indices.map((index) => present(train[index], 'training row'));
  const cached = usesCache ? { cache, plan } : null;
  return {
    // A step is not interrupted: what it computes would be lost.
    gradient: (vectors, indices) =>
      batchGradient(program, {
        rows: rowsAt(indices),
        labels,
        soft: soft(vectors),
        ...(labelWeights && { labelWeights }),
        cached: cached && { ...cached, control: uninterrupted },
      }),
    evaluate: async (vectors) => {
      try {
        const options = { rows: validation, labels, soft: soft(vectors), cached, control };
        if (writes(validation)) return writingResult(await scoreTargets(program, options));
        return validationResult(validation, await scoreRows(program, options), labels.length);
      } catch (error) {
        if (error instanceof StudioError && error.code === 'cancelled') return null;
        throw error;
      }
    },
    prepare: async function* (wanted) {
      if (!usesCache) return;
      yield* cache.fill(program, plan, wanted === 'validation' ? validation : rowsAt(wanted), uninterrupted);
    },
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const writes = (rows: readonly TokenRow[]) => rows.some(({ target }) => target);

type Evaluated = ValidationResult & Pick<Validated, 'rowLosses'>;

function writingResult(scores: readonly TargetScore[]): Evaluated {
  const sum = (pick: (score: TargetScore) => number) => scores.reduce((total, score) => total + pick(score), 0);
  const share = sum(({ correct }) => correct) / sum(({ tokens }) => tokens);
  const rowLosses = scores.map(({ logProb, tokens }) => -logProb / tokens);
  return { kind: 'generate', tokenShare: share, loss: mean(rowLosses), rowLosses };
}

function validationResult(
  rows: readonly TokenRow[],
  scored: readonly { readonly logProbs: readonly number[] }[],
  labels: number,
): Evaluated {
  const gold = rows.map((row) => present(row.label, `label of row ${row.rowId}`));
  const predicted = scored.map((row) => argmax(row.logProbs));
  const rowLosses = scored.map((row, i) => -present(row.logProbs[gold[i] ?? 0], 'log-probability'));
  return {
    kind: 'classify',
    accuracy: accuracy(gold, predicted),
    macroF1: macroF1(confusionMatrix(gold, predicted, labels)),
    loss: mean(rowLosses),
    rowLosses,
  };
}

/** What the bits of a run depend on besides its request. */
const environmentOf = (info: ModelInfo, plan: CachePlan | null): Checkpoint['environment'] =>
  [
    info.backend,
    `${info.threads} threads`,
    `model ${info.sha256.slice(0, 12)}`,
    plan
      ? `${plan.storage} cache${plan.groups.every(({ kept }) => kept) ? '' : ` of ${plan.bytes} bytes`}`
      : 'no cache',
  ].join('/');
