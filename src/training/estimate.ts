/** From measurements made on this machine, never from a table of machines. */
import type { Placement } from '../prompt/soft-prompt';
import type { TrainingSettings } from './settings';

/** Of one training step over so many tokens (rows of a batch x tokens per row). */
interface StepSpeed {
  readonly ms: number;
  readonly tokens: number;
}

/** Of this model on this backend; kept between visits. */
export interface Speed {
  /** Forward only. */
  readonly tokenMs: number;
  readonly step: Readonly<Partial<Record<Placement, StepSpeed>>>;
  /** In the last comparison: reading, timing and statistics in one. */
  readonly comparedTokenMs?: number;
  /** The same where texts were generated: how early they end is in it. */
  readonly writtenTokenMs?: number;
}

export interface Work {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly meanTokens: number;
  /** Of the template's cue, where vectors come before it. */
  readonly cueTokens?: number;
  /** Of an expected text. */
  readonly answerTokens?: number;
  /** Keys and values are cached already. */
  readonly cachedRows: number;
  /** Tokens that the cache has room for; undefined: enough. Other texts are read whenever they are used. */
  readonly roomTokens?: number | undefined;
  /** Auto trains keys and values before the cue. */
  readonly takesKeys?: boolean;
}

/** Before anything was measured: about what a forward pass of the embedded model takes one core per token. */
const GUESSED_TOKEN_MS = 7.5;

export const guessedSpeed = (threads: number): Speed => ({
  tokenMs: GUESSED_TOKEN_MS / Math.max(1, Math.min(4, threads)),
  step: {},
});

/** As long as forward, as no weight gets a gradient; and something for every operator. Fits docs/benchmarks.md to 4%. */
const BACKWARD = 2;
const STEP_OVERHEAD = 10;

type RowLength = Pick<Work, 'meanTokens' | 'cueTokens' | 'answerTokens'>;

/** For a row whose text is cached as far as it comes before the vectors. */
function tokensRun(
  { placement, virtualTokens }: Pick<TrainingSettings, 'placement' | 'virtualTokens'>,
  { meanTokens, cueTokens = 0, answerTokens = 0 }: RowLength,
): number {
  const text = { prefix: meanTokens, suffix: 0, infix: cueTokens, kv: cueTokens }[placement];
  return (placement === 'kv' ? 0 : virtualTokens) + answerTokens + text;
}

type RowRoom = Pick<Work, 'trainRows' | 'validationRows' | 'meanTokens' | 'roomTokens'>;

/** Training rows come first. */
function rowsWithRoom({ trainRows, validationRows, meanTokens, roomTokens = Number.POSITIVE_INFINITY }: RowRoom) {
  const most = roomTokens / Math.max(1, meanTokens);
  const train = Math.min(trainRows, most);
  return { train, validation: Math.min(validationRows, most - train) };
}

/** Both ways; a text without room, which is only read, counts as its share of that. */
export function stepTokens(
  settings: Pick<TrainingSettings, 'placement' | 'batchSize' | 'virtualTokens'>,
  work: RowLength & RowRoom,
): number {
  const { placement, batchSize } = settings;
  const without = placement === 'prefix' ? 0 : 1 - rowsWithRoom(work).train / Math.max(1, work.trainRows);
  return batchSize * (tokensRun(settings, work) + (without * work.meanTokens) / BACKWARD);
}

export function stepSeconds(settings: TrainingSettings, work: Work, speed: Speed): number {
  const tokens = stepTokens(settings, work);
  const measured = speed.step[settings.placement];
  if (measured) return (measured.ms / 1000) * ((tokens + STEP_OVERHEAD) / (measured.tokens + STEP_OVERHEAD));
  return (speed.tokenMs / 1000) * BACKWARD * (tokens + STEP_OVERHEAD);
}

/** The pass over the texts (not with vectors before them), the steps, and the validations between them. */
export function runSeconds(settings: TrainingSettings, work: Work, speed: Speed): number {
  const validations = 1 + Math.ceil(settings.steps / Math.max(1, settings.validateEvery));
  const prefix = settings.placement === 'prefix';
  const trainRows = Math.min(work.trainRows, settings.trainRows ?? work.trainRows);
  const used = { ...work, trainRows };
  const room = rowsWithRoom(used);
  const readAgain = prefix ? 0 : (work.validationRows - room.validation) * work.meanTokens;
  const validated = validations * (work.validationRows * tokensRun(settings, work) + readAgain);
  const rows = Math.max(0, room.train + room.validation - work.cachedRows);
  const pass = prefix ? 0 : rows * work.meanTokens;
  return ((pass + validated) * speed.tokenMs) / 1000 + settings.steps * stepSeconds(settings, used, speed);
}

/** On the same rows: the first run fills the cache of the others. */
export function runsSeconds(runs: readonly TrainingSettings[], work: Work, speed: Speed): number {
  const cachedRows = work.trainRows + work.validationRows;
  const placed = ({ placement, ...settings }: TrainingSettings): TrainingSettings => ({
    ...settings,
    placement: settings.auto && work.takesKeys && placement !== 'prefix' ? 'kv' : placement,
  });
  return runs.reduce(
    (sum, settings, i) => sum + runSeconds(placed(settings), i > 0 ? { ...work, cachedRows } : work, speed),
    0,
  );
}

export const comparisonSeconds = (tokens: number, { tokenMs, comparedTokenMs = tokenMs }: Speed): number =>
  (tokens * comparedTokenMs) / 1000;

/** A generated token counts as `GENERATED_TOKEN` that are read. */
export const writingSeconds = (tokens: number, { tokenMs, writtenTokenMs = tokenMs }: Speed): number =>
  (tokens * writtenTokenMs) / 1000;

/** "about 2 min". */
export function aboutTime(seconds: number): string {
  if (seconds < 50) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  if (seconds > 5400) return `about ${Math.round(seconds / 3600)} h`;
  return `about ${Math.max(1, Math.round(seconds / 60))} min`;
}

/** "2 to 6 min", of a guess. */
export const aboutRange = (seconds: number): string =>
  `${Math.max(1, Math.round(seconds / 120))} to ${Math.max(2, Math.ceil((2 * seconds) / 60))} min`;

/** "about 2 min on this machine". */
export const timeWords = (seconds: number | null): string =>
  seconds === null ? 'time not measured yet' : `${aboutTime(seconds)} on this machine`;

/** Of a model with `factor` times the weights, as a step's time is that of its products. */
export function scaledSpeed({ tokenMs, step }: Speed, factor: number): Speed {
  const scaled = Object.entries(step).map(([placement, { ms, tokens }]) => [placement, { ms: ms * factor, tokens }]);
  return { tokenMs: tokenMs * factor, step: Object.fromEntries(scaled) };
}

/** By the median, so that a pause of the machine does not count. */
export function learnStep(
  speed: Speed | null,
  placement: Placement,
  ms: readonly number[],
  tokens: number,
): Speed | null {
  if (ms.length < 5) return speed;
  const sorted = ms.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  return {
    ...speed,
    tokenMs: speed?.tokenMs ?? median / BACKWARD / (tokens + STEP_OVERHEAD),
    step: { ...speed?.step, [placement]: { ms: median, tokens } },
  };
}
