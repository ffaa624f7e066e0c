import { attribute } from '../inference/attribution';
import { endingBefore, groupWith, type TextCacheOptions } from '../inference/cache-plan';
import { generate, readNextTokens, writeRows } from '../inference/generate';
import { PrefixCache } from '../inference/rows';
import { embeddingRows, outputVectors } from '../inference/run';
import {
  countTokens,
  eachOrder,
  meanOverOrders,
  openScorer,
  readStates,
  scoreRows,
  scoreTargets,
  tokensToRun,
} from '../inference/score';
import { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { median } from '../metrics/special';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { CreateRunner } from '../runtime/types';
import type { TokenRow } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';
import { selfCheck } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { readAhead, trainRun } from './train-run';
import type {
  EngineCalls,
  LoadEvent,
  LoadRequest,
  ModelInfo,
  ScoreRequest,
  ScoreResult,
  StatesRequest,
  TrainRequest,
  WriteRequest,
  WrittenRow,
} from './types';

/** Tokens that are read together in the time of generating one. */
const WRITTEN_TOKEN = 8;

/** Bounds the memory of a run (9 MB with the embedded model). */
const VECTORS_AT_ONCE = 4096;

export interface EngineOptions extends LoadRequest {
  readonly createRunner: CreateRunner;
  readonly onEvent?: (event: LoadEvent) => void;
}

/** @throws StudioError `model-*`, `session-failed`, `out-of-memory` */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const loaded = await loadProgram(options, options.createRunner, options.onEvent ?? (() => {}));
  return new Engine(loaded);
}

/** Calls must not overlap: the owner queues them. */
export class Engine implements EngineCalls {
  readonly info: ModelInfo;
  readonly #program: LoadedProgram['program'];
  readonly #cache: TextCache;
  readonly #prefixes = new PrefixCache();

  constructor({ program, info }: LoadedProgram, texts: Partial<TextCacheOptions> = {}) {
    this.info = info;
    this.#program = program;
    this.#cache = new TextCache(program.spec, texts);
  }

  /** The answer to a row with several orders of its examples is their mean. @throws as `EngineCalls` */
  async score(
    request: ScoreRequest,
    control: Polled = uninterrupted,
    onProgress: (rowsDone: number) => void = () => {},
  ): Promise<ScoreResult> {
    const begin = performance.now();
    const { soft, adapter } = request;
    const rows = eachOrder(request.rows);
    const share = request.rows.length / Math.max(1, rows.length);
    const scored = await scoreRows(
      { ...this.#program, adapter },
      {
        ...request,
        rows,
        control,
        cached: this.#cached({ ...request, rows }),
        prefixes: this.#prefixes,
        onProgress: (done) => onProgress(Math.floor(done * share)),
      },
    );
    const counts = countTokens(rows, soft);
    const answers = scored.map((answer, i) => ({ ...answer, ...present(counts[i], 'tokens') }));
    const seconds = (performance.now() - begin) / 1000;
    return { rows: meanOverOrders(request.rows, answers), rowsRun: rows.length, seconds };
  }

  readonly tokensToRun: EngineCalls['tokensToRun'] = async (requests) =>
    tokensToRun(requests, (key, rows) => {
      const plan = this.#cache.planReusing(key, rows);
      return (row) => (this.#cache.has(plan, row) ? 'kept' : groupWith(plan, row).kept ? 'keeps' : 'rereads');
    });

  async write(
    request: WriteRequest,
    control: Polled = uninterrupted,
    onProgress: (rowsDone: number) => void = () => {},
  ): Promise<WrittenRow[]> {
    const { rows, soft, maxNewTokens } = request;
    const withTargets = rows.filter(({ target }) => target);
    const share = writingShare(rows, maxNewTokens);
    const options = { rows, soft, cached: this.#cached(request), prefixes: this.#prefixes, control };
    const written = await writeRows(this.#program, {
      ...options,
      maxNewTokens,
      endTokenIds: new Set(request.endTokenIds),
      breakTokenIds: new Set(request.breakTokenIds),
      onProgress: (done) => onProgress(done * share),
    });
    const scores = await scoreTargets(this.#program, {
      ...options,
      rows: withTargets,
      onProgress: (done) => onProgress(rows.length * (share + ((1 - share) * done) / withTargets.length)),
    });
    const byRow = new Map(scores.map((score) => [score.rowId, score]));
    return rows.map(({ rowId }, i) => ({ rowId, ids: present(written[i], rowId), target: byRow.get(rowId) ?? null }));
  }

  /** @throws StudioError `diverged`, `too-long`, `bad-input`, `cancelled`, and as Runner.run */
  train(request: TrainRequest, control: Polled = uninterrupted): AsyncGenerator<TrainEvent, void, undefined> {
    return trainRun({ program: this.#program, info: this.info, cache: this.#cache }, request, control);
  }

  readonly readAhead: EngineCalls['readAhead'] = async (request, control, onRead) => {
    for await (const read of readAhead({ program: this.#program, cache: this.#cache }, request, control))
      if (onRead?.(read) === false) return false;
    return true;
  };

  readonly generate: EngineCalls['generate'] = (...asked) => generate(this.#program, ...asked);

  async latency(request: ScoreRequest & { repeats: number }, control: Polled = uninterrupted): Promise<number> {
    const rows = eachOrder(request.rows);
    const orders = rows.length / Math.max(1, request.rows.length);
    const scorer = await openScorer(this.#program, { ...request, rows, cached: null, prefixes: this.#prefixes });
    const times: number[] = [];
    // The first run warms up kernels and memory.
    for (let i = -1; i < request.repeats && rows.length > 0; i++) {
      throwIfInterrupted(control);
      const begin = performance.now();
      await scorer.scoreAt([Math.max(i, 0) % rows.length]);
      if (i >= 0) times.push(performance.now() - begin);
      await breathe();
    }
    return median(times) * orders;
  }

  readonly states: EngineCalls['states'] = (request, control, onProgress) =>
    readStates(this.#program, this.#plainly(request, control, onProgress));

  readonly nextTokens: EngineCalls['nextTokens'] = (request, control, onProgress) =>
    readNextTokens(this.#program, { ...request, ...this.#plainly(request, control, onProgress) });

  readonly tokenVectors: EngineCalls['tokenVectors'] = async (ids, control, onProgress) => {
    const out = new Float32Array(ids.length * this.info.hidden);
    for (let at = 0; at < ids.length; at += VECTORS_AT_ONCE) {
      throwIfInterrupted(control);
      const some = ids.subarray(at, at + VECTORS_AT_ONCE);
      out.set(await embeddingRows(this.#program, [...some]), at * this.info.hidden);
      onProgress?.(at + some.length);
      await breathe();
    }
    return out;
  };

  readonly outputVectors: EngineCalls['outputVectors'] = (ids) => outputVectors(this.#program, [...ids]);

  readonly attribute: EngineCalls['attribute'] = (...asked) => attribute(this.#program, ...asked);

  readonly selfCheck: EngineCalls['selfCheck'] = (...asked) =>
    selfCheck({ program: this.#program, info: this.info }, ...asked);

  /** What is asked next is computed as in a fresh engine. */
  forget(): void {
    this.#cache.clear();
    this.#prefixes.clear();
  }

  async dispose(): Promise<void> {
    this.forget();
    await this.#program.runner.dispose();
  }

  /** Without virtual tokens. */
  #plainly({ rows, cacheKey }: StatesRequest, control: Polled, onProgress: (rowsDone: number) => void = () => {}) {
    const cached = this.#cached({ rows, cacheKey, soft: null });
    return { rows, soft: null, cached, prefixes: this.#prefixes, control, onProgress };
  }

  #cached(request: { rows: readonly TokenRow[]; cacheKey: string | null; soft: SoftPrompt | null }) {
    if (request.cacheKey === null) return null;
    const { cacheKey, rows, soft } = request;
    return { cache: this.#cache, plan: this.#cache.planReusing(cacheKey, rows, endingBefore(soft, rows)) };
  }
}

/** Of time spent generating; the rest is for scoring the expected texts. */
function writingShare(rows: readonly TokenRow[], maxNewTokens: number): number {
  if (maxNewTokens === 0) return 0;
  const wanted = rows.reduce((sum, { ids, target }) => sum + (target ? ids.length + target.length : 0), 0);
  const written = rows.reduce((sum, { ids }) => sum + ids.length + WRITTEN_TOKEN * maxNewTokens, 0);
  return written / (written + wanted);
}
