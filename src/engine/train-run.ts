import type { TaskKind } from '../dataset/types';
import type { CachePlan, Ending } from '../inference/cache-plan';
import { atEnd, tokensBefore } from '../inference/feeds';
import { lastOf, truncated } from '../inference/kv';
import { type ProgramSpec, takesPast, textEnd } from '../inference/program';
import { embeddingRows, lengthBuckets, type Program, run, runLimits } from '../inference/run';
import {
  checkLabels,
  checkOneToken,
  type ScoreOptions,
  scoreRows,
  scoreTargets,
  type TargetScore,
} from '../inference/score';
import type { RowsRead, TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { type Polled, uninterrupted } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { divergence } from '../metrics/calibration';
import { accuracy, argmax, confusionMatrix, macroF1 } from '../metrics/classification';
import { mean } from '../metrics/special';
import { givenTags, macroTagF1, microF1, oddsOf, tagCounter, tagLoss } from '../metrics/tags';
import { type Heads, numbersEach, trainedPrompt } from '../prompt/soft-prompt';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import type { Checkpoint, TrainEvent, Trained, Trial } from '../training/events';
import { type TrainWork, train } from '../training/loop';
import { batchGradient } from '../training/objective';
import { balancedWeights, stratifiedSubset } from '../training/row-order';
import { peakLearningRates, type TrainingSettings } from '../training/settings';
import { initialTokenIds, startAdapters } from '../training/vectors';
import type { ModelInfo, ReadAheadRequest, TrainRequest } from './types';

interface TrainContext {
  readonly program: Program;
  readonly info: ModelInfo;
  readonly cache: TextCache;
}

/** The loop of `training/` with this model's gradients and scores, of vectors or of adapters. */
export async function* trainRun(
  { program, info, cache }: TrainContext,
  request: TrainRequest,
  control: Polled,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { settings, resume } = request;
  checkRequest(request, info.hidden, program);
  // Validation rows are needed every few steps and training rows once an epoch, so validation rows get room first.
  const plan = cache.plan(request.cacheKey, [request.validation, request.train], endingOf(program, settings));
  const usesCache = settings.placement !== 'prefix' && takesPast(program.spec);
  // Planned over all rows, so that runs on some of them share the cache.
  const gold = request.train.map((row) => (row.target ? 0 : present(row.label, `label of row ${row.rowId}`)));
  const some = stratifiedSubset(gold, settings.trainRows ?? null);
  const chosen = settings.core ? coreFirst(gold, some, settings.core.rows) : some;
  const used = {
    train: chosen.map((index) => present(request.train[index], 'training row')),
    labelWeights: settings.classWeights
      ? balancedWeights(
          chosen.map((index) => gold[index] as number),
          request.labels.length,
        )
      : null,
  };
  const rates = peakLearningRates(settings, info.embeddingRms);
  const context = { program, info, cache, plan, usesCache, ...used };
  const events = train({
    settings,
    learningRate: rates.vectors,
    answersRate: rates.answers,
    rows: used.train.length,
    validationRows: request.validation.length,
    initial: resume ?? (await initialState(context, request)),
    hidden: settings.placement === 'kv' ? program.spec.headDim : info.hidden,
    resume,
    environment: environmentOf(info, usesCache ? plan : null),
    work: workOf(context, request, control),
    control,
  });
  for await (const event of events) {
    const { heapBytes } = program.runner;
    yield event.kind === 'done' && heapBytes !== null ? { ...event, heapBytes } : event;
  }
}

/** Texts that keys and values may come after end where they need it, for all starts alike, unless all begin alike. */
function endingOf({ spec }: Program, { placement }: Pick<TrainingSettings, 'placement'>): Ending | null {
  const at = textEnd(spec);
  return at === null || placement === 'prefix' ? null : { at, isNeeded: placement === 'kv' };
}

/** The plan is the run's, which the rows alone decide: its bits do not depend on whether its texts were read ahead. */
export async function* readAhead(
  { program, cache }: Pick<TrainContext, 'program' | 'cache'>,
  { train: rows, validation, cacheKey, core, tokens }: ReadAheadRequest,
  control: Polled,
): AsyncGenerator<RowsRead, void, undefined> {
  if (!takesPast(program.spec)) return;
  const plan = cache.plan(cacheKey, [validation, rows], endingOf(program, { placement: 'infix' }));
  const all = [...rows.keys()];
  const gold = rows.map(({ label }) => label ?? 0);
  const inOrder = coreFirst(gold, all, core).map((index) => present(rows[index], 'training row'));
  let left = tokens;
  const wanted = [...inOrder.slice(0, core), ...validation, ...inOrder.slice(core)].filter(({ ids }) => {
    left -= ids.length;
    return left >= 0;
  });
  yield* cache.fill(program, plan, wanted, control);
}

function coreFirst(gold: readonly number[], chosen: readonly number[], core: number): readonly number[] {
  const first = new Set(
    stratifiedSubset(
      chosen.map((index) => gold[index] as number),
      core,
    ),
  );
  return [...chosen.filter((_, i) => first.has(i)), ...chosen.filter((_, i) => !first.has(i))];
}

function checkRequest(request: TrainRequest, hidden: number, program: Program): void {
  const { spec } = program;
  const { train, validation, labels, settings, resume, initFrom } = request;
  const hasAdapters = spec.adapted !== undefined;
  const each = numbersOf(spec, settings);
  if ((request.trains === 'adapters') !== hasAdapters)
    throw badInput(`The model is loaded to train ${hasAdapters ? 'adapters' : 'vectors'}. Load it again.`);
  if (train.length === 0) throw badInput('There are no rows to train on.');
  const rows = [...train, ...validation];
  const lacking = TASKS[kindOf(rows)].lacking(rows, labels);
  if (lacking) throw badInput(`${lacking}, so it cannot be trained on.`);
  if (rows.some(({ taught }) => taught)) checkTaught(rows, labels);
  const from = initFrom?.vectors.length ?? 0;
  const isStart = settings.placement === 'kv' ? from === settings.virtualTokens * each : from > 0 && from % each === 0;
  if (settings.initialisation.kind === 'prompt' && !isStart)
    throw badInput('The prompt to start from has no vectors for this model. Choose another start.');
  if (settings.initialisation.kind === 'transfer' && transferredTo(program, settings) === undefined)
    throw badInput('The prompts of other tasks do not fit this model, or these settings. Choose another start.');
  if (trainsAnswers(settings)) {
    if (kindOf(rows) === 'generate') throw badInput('A prompt that generates texts has no answer words to train.');
    checkOneToken(labels);
  }
  if (resume && !isOfRun(resume, request, hidden, each))
    throw badInput('The checkpoint belongs to a run with other settings or another model.');
}

/** Probabilities of the labels, which must be one logit each. @throws StudioError `bad-input` */
function checkTaught(rows: readonly TokenRow[], labels: readonly LabelTokens[]): void {
  checkOneToken(labels);
  const wrong = rows.find(
    ({ taught }) =>
      taught?.length !== labels.length ||
      !taught.every((share) => share >= 0) ||
      Math.abs(taught.reduce((sum, share) => sum + share, 0) - 1) > 1e-6,
  );
  if (wrong) throw badInput(`Row ${wrong.rowId} has no probability for each label, so it cannot be learned from.`);
}

/** It has what a run with these settings trains. */
const isOfRun = (
  { vectors, answers }: Checkpoint,
  { settings, labels }: TrainRequest,
  hidden: number,
  each: number,
): boolean =>
  vectors.length === settings.virtualTokens * each &&
  answers?.shift.length === (trainsAnswers(settings) ? labels.length * hidden : undefined);

/** Trained answer words start from themselves, or from where an earlier prompt left them. */
async function initialState(context: WorkContext, request: TrainRequest): Promise<Trained> {
  const { adapted } = context.program.spec;
  if (adapted) return { vectors: startAdapters(adapted, request.settings.seed) };
  const isKeys = request.settings.placement === 'kv';
  const vectors = isKeys ? await initialKeys(context, request) : await initialVectors(context, request);
  const read = { vectors, ...(isKeys && { heads: headsOf(context.program.spec, request.train) }) };
  if (!trainsAnswers(request.settings)) return read;
  const length = request.labels.length * context.info.hidden;
  const earlier = startsFromPrompt(request)?.answerShift;
  return { ...read, answerShift: earlier?.length === length ? earlier : new Float32Array(length) };
}

const trainsAnswers = ({ answerVectors }: TrainingSettings) => answerVectors === 'trained';

const numbersOf = (spec: ProgramSpec, { placement }: Pick<TrainingSettings, 'placement'>): number =>
  numbersEach({ hidden: spec.hidden, ...(placement === 'kv' && { heads: { ...spec, position: null } }) });

/** The cues of all rows are alike. */
export function headsOf(spec: ProgramSpec, [row]: readonly TokenRow[]): Heads {
  const { layers, kvHeads, headDim } = spec;
  const end = textEnd(spec);
  return { layers, kvHeads, headDim, position: end === null ? null : end - (row?.cue ?? 0) };
}

const startsFromPrompt = ({ settings, initFrom }: TrainRequest) =>
  settings.initialisation.kind === 'prompt' ? initFrom : undefined;

/** Of an earlier prompt, or embeddings of the initialisation's tokens. */
async function initialVectors({ program, info }: WorkContext, request: TrainRequest): Promise<Float32Array> {
  const { settings, initTokenIds } = request;
  const initFrom = startsFromPrompt(request);
  if (!initFrom) return embeddingRows(program, initialTokenIds(settings, initTokenIds, program.spec.vocabulary));
  const { vectors: read } = initFrom;
  return Float32Array.from({ length: settings.virtualTokens * info.hidden }, (_, i) => read[i % read.length] as number);
}

/** Rows whose mean keys and values start a prompt: more change little. */
const START_ROWS = 24;

/** Undefined: the model came without them, or with another number. */
const transferredTo = (
  { spec, transfer }: Program,
  settings: Pick<TrainingSettings, 'placement' | 'virtualTokens'>,
): Float32Array | undefined =>
  settings.placement === 'kv' && transfer?.length === settings.virtualTokens * numbersOf(spec, settings)
    ? transfer
    : undefined;

/** Of other prompts, or the mean of what the initialisation's tokens have after training rows' texts. */
async function initialKeys({ program, cache, plan, train }: WorkContext, request: TrainRequest): Promise<Float32Array> {
  const initFrom = startsFromPrompt(request);
  if (initFrom) return initFrom.vectors;
  if (request.settings.initialisation.kind === 'transfer')
    return present(transferredTo(program, request.settings), 'keys and values of other tasks').slice();
  const { spec } = program;
  const { settings, initTokenIds } = request;
  const tokens = Int32Array.from(initialTokenIds(settings, initTokenIds, spec.vocabulary));
  const rows = train.slice(0, START_ROWS);
  const pasts = await cache.fetch(program, plan, rows, uninterrupted);
  const starts = rows.map((row, i) => ({
    tokens,
    past: truncated(present(pasts[i], 'keys and values'), tokensBefore(row, settings)),
  }));
  const costs = starts.map(({ past }) => ({ tokens: tokens.length, past: past.length }));
  const sum = new Float64Array(tokens.length * numbersOf(spec, settings));
  for (const bucket of lengthBuckets(costs, runLimits(spec))) {
    const sequences = bucket.map((i) => atEnd(present(starts[i], 'start')));
    const { present: kept } = await run(program, sequences, { soft: null, candidates: [0], keepPresent: true });
    for (const row of kept)
      for (const [i, x] of lastOf(row, tokens.length, spec).entries()) sum[i] = (sum[i] as number) + x;
  }
  return Float32Array.from(sum, (x) => x / rows.length);
}

interface WorkContext {
  readonly program: Program;
  readonly info: ModelInfo;
  readonly cache: TextCache;
  readonly plan: CachePlan;
  readonly usesCache: boolean;
  /** What gradients see. */
  readonly train: readonly TokenRow[];
  /** By label; null = every row counts the same. */
  readonly labelWeights: readonly number[] | null;
}

function workOf(context: WorkContext, request: TrainRequest, control: Polled): TrainWork {
  const { program, info, cache, plan, usesCache, train, labelWeights } = context;
  const { labels, settings, validation } = request;
  const rowsAt = (indices: readonly number[]) => indices.map((index) => present(train[index], 'training row'));
  const cached = usesCache ? { cache, plan } : null;
  const use = (trained: Trained) =>
    program.spec.adapted
      ? ([{ ...program, adapter: trained.vectors }, null] as const)
      : ([program, trainedPrompt(settings, trained, info.hidden)] as const);
  return {
    // Steps are not interrupted, because their work would be lost.
    gradient: (trained, indices) => {
      const [using, soft] = use(trained);
      return batchGradient(using, {
        rows: rowsAt(indices),
        labels,
        soft,
        ...(labelWeights && { labelWeights }),
        cached: cached && { ...cached, control: uninterrupted },
      });
    },
    evaluate: async (trained) => {
      try {
        const [using, soft] = use(trained);
        const options = { rows: validation, labels, soft, cached, control };
        return await TASKS[kindOf(validation)].evaluate(using, options);
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

interface TrainingTask {
  /** About a row that cannot be trained on. @throws StudioError `bad-input` */
  lacking(rows: readonly TokenRow[], labels: readonly LabelTokens[]): string | null;
  evaluate(program: Program, options: ScoreOptions): Promise<Trial>;
}

const TASKS: { readonly [K in TaskKind]: TrainingTask } = {
  classify: {
    lacking: (rows, labels) => {
      checkLabels(labels);
      const row = rows.find(({ label }) => label === null);
      return row ? `Row ${row.rowId} has no label` : null;
    },
    evaluate: async (program, options) => {
      const { rows, labels } = options;
      const scored = await scoreRows(program, options);
      const gold = rows.map((row) => present(row.label, `label of row ${row.rowId}`));
      const predicted = scored.map((row) => argmax(row.logProbs));
      const rowLosses = scored.map(({ logProbs }, i) => {
        const taught = rows[i]?.taught;
        return taught ? divergence(taught, logProbs) : -present(logProbs[gold[i] ?? 0], 'log-probability');
      });
      return {
        kind: 'classify',
        accuracy: accuracy(gold, predicted),
        macroF1: macroF1(confusionMatrix(gold, predicted, labels.length)),
        loss: mean(rowLosses),
        rowLosses,
      };
    },
  },
  tag: {
    lacking: (rows, labels) => {
      checkLabels(labels);
      checkOneToken(labels);
      const row = rows.find(({ tags }) => !tags);
      return row ? `Row ${row.rowId} has no labels` : null;
    },
    evaluate: async (program, options) => {
      const { rows, labels } = options;
      const scored = await scoreRows(program, options);
      const gold = rows.map(({ rowId, tags }) => present(tags, `labels of row ${rowId}`));
      const rowLosses = scored.map(({ logProbs }, i) => tagLoss(logProbs, gold[i] ?? []).loss);
      const given = scored.map(({ logProbs }) => givenTags(oddsOf(logProbs), null));
      const counts = tagCounter(gold, given, labels.length - 1)([...rows.keys()]);
      return { kind: 'tag', microF1: microF1(counts), macroF1: macroTagF1(counts), loss: mean(rowLosses), rowLosses };
    },
  },
  generate: {
    lacking: (rows) => {
      const row = rows.find(({ target }) => !target || target.length === 0);
      return row ? `Row ${row.rowId} has no text to learn` : null;
    },
    evaluate: async (program, options) => {
      const scores = await scoreTargets(program, options);
      const sum = (pick: (score: TargetScore) => number) => scores.reduce((total, score) => total + pick(score), 0);
      const rowLosses = scores.map(({ logProb, tokens }) => -logProb / tokens);
      const tokenShare = sum(({ correct }) => correct) / sum(({ tokens }) => tokens);
      return { kind: 'generate', tokenShare, loss: mean(rowLosses), rowLosses };
    },
  },
};

const kindOf = (rows: readonly TokenRow[]): TaskKind =>
  rows.some(({ target }) => target) ? 'generate' : rows.some(({ tags }) => tags) ? 'tag' : 'classify';

/** What the bits of a run depend on besides the request. */
const environmentOf = (info: ModelInfo, plan: CachePlan | null): Checkpoint['environment'] =>
  [
    info.fallback ? `${info.backend} (${info.fallback})` : info.backend,
    `${info.threads} threads`,
    `model ${info.sha256.slice(0, 12)}${info.weights?.held === 'small' ? ', small weights' : ''}`,
    plan
      ? `${plan.storage} cache${sharedOf(plan)}${endOf(plan)}${plan.groups.every(({ kept }) => kept) ? '' : ` of ${plan.bytes} bytes`}`
      : 'no cache',
  ].join('/');

const endOf = ({ groups }: CachePlan) => (groups[0]?.end ? ` to position ${groups[0].end}` : '');

const sharedOf = ({ groups }: CachePlan) =>
  groups[0]?.shared.length ? ` behind ${groups[0].shared.length} tokens` : '';
