/**
 * Answers of the model that are known are not asked for again: labels, texts, states and times, whichever verb asks. A row is
 * answered under the key of everything that decides: model and backend, vectors, answer words, and the row's tokens.
 */
import type { ScoreResult } from '../engine/types';
import type { CountedRequest } from '../inference/score';
import { present } from '../lib/assert';
import { contentKey, sha256 } from '../lib/bytes';
import { type Control, throwIfInterrupted } from '../lib/control';
import type { TokenRow } from '../tokens/tokenizer';
import type { HostEngine } from './host';

/** Where answers are kept, by question and by row: plain values that can be stored. */
export interface AnswerStore {
  get(question: string, rows: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  add(question: string, answers: ReadonlyMap<string, unknown>): Promise<void>;
}

/** Another number where the same question has another answer than in an earlier release. */
const ANSWERS = 1;

const rowKey = ({ ids, cue, otherOrders, target }: TokenRow): Promise<string> =>
  sha256(contentKey(ids, cue ?? 0, otherOrders ?? [], target ?? null));

type Written = Awaited<ReturnType<HostEngine['write']>>[number];
type Done = ((done: number) => unknown) | undefined;

class KnownAnswers {
  readonly #engine: HostEngine;
  readonly #store: AnswerStore;

  constructor(engine: HostEngine, store: AnswerStore) {
    this.#engine = engine;
    this.#store = store;
  }

  readonly score: HostEngine['score'] = async (request, control, onProgress) => {
    if (request.adapter || request.timed) return this.#engine.score(request, control, onProgress);
    let run = { rowsRun: 0, seconds: 0 };
    const ask = async (rows: readonly TokenRow[], tell: Done) => {
      const found = await this.#engine.score({ ...request, rows }, control, tell);
      run = found;
      return found.rows;
    };
    const question = await this.#scoreQuestion(request);
    const answers = await this.#rows<ScoreResult['rows'][number]>(question, request, control, onProgress, ask);
    const { rowsRun, seconds } = run;
    return { rows: request.rows.map(({ rowId }, i) => ({ ...present(answers[i], rowId), rowId })), rowsRun, seconds };
  };

  readonly write: HostEngine['write'] = async (request, control, onProgress) => {
    if (request.timed) return this.#engine.write(request, control, onProgress);
    const { rows, cacheKey: _, ...decides } = request;
    const ask = (fresh: readonly TokenRow[], tell: Done) =>
      this.#engine.write({ ...request, rows: fresh }, control, tell);
    const question = await this.#questionOf('write', decides);
    const answers = await this.#rows<Written>(question, request, control, onProgress, ask);
    return rows.map(({ rowId }, i) => {
      const { ids, target } = present(answers[i], rowId);
      return { rowId, ids, target: target && { ...target, rowId } };
    });
  };

  readonly states: HostEngine['states'] = async (request, control, onProgress) => {
    const ask = async (rows: readonly TokenRow[], tell: Done) => {
      const found = await this.#engine.states({ ...request, rows }, control, tell);
      const width = found.length / rows.length;
      return rows.map((_, i) => found.slice(i * width, (i + 1) * width));
    };
    const question = await this.#questionOf('states');
    const answers = await this.#rows<Float32Array>(question, request, control, onProgress, ask);
    const size = answers[0]?.length ?? 0;
    const packed = new Float32Array(size * answers.length);
    for (const [i, answer] of answers.entries()) packed.set(answer, i * size);
    return packed;
  };

  readonly latency: HostEngine['latency'] = async (request, control, onProgress) => {
    const { labels, soft, repeats } = request;
    const decides = ['latency', labels.map(({ tokenIds }) => tokenIds), soft, repeats];
    const ask = () => this.#engine.latency(request, control, onProgress);
    return (await this.#together(decides, request.rows, control, ask)).answer;
  };

  /** Which tokens are the most likely follows from all rows. */
  readonly nextTokens: HostEngine['nextTokens'] = async (request, control, onProgress) => {
    const { rows, cacheKey: _, ...decides } = request;
    const ask = () => this.#engine.nextTokens(request, control, onProgress);
    const { answer, isKnown } = await this.#together(['next', decides], rows, control, ask);
    return { ...answer, ...(isKnown && { isKnown }) };
  };

  /** Rows without labels are timed, or read for their states: they count as they are. */
  readonly tokensToRun: HostEngine['tokensToRun'] = async (requests, control) => {
    const open = await Promise.all(
      requests.map(async (request) => {
        if (request.labels.length === 0) return request;
        return {
          ...request,
          rows: (await this.#lookUp(await this.#scoreQuestion(request), request.rows)).fresh.map(({ row }) => row),
        };
      }),
    );
    if (open.every(({ rows }) => rows.length === 0)) return open.map(() => 0);
    return this.#engine.tokensToRun(open, control);
  };

  /** One answer for all rows. */
  async #together<A>(
    decides: readonly unknown[],
    rows: readonly TokenRow[],
    control: Control,
    ask: () => Promise<A>,
  ): Promise<{ readonly answer: A; readonly isKnown: boolean }> {
    const question = await this.#questionOf(...decides, await Promise.all(rows.map(rowKey)));
    const known = (await this.#store.get(question, ['all'])).get('all') as A | undefined;
    throwIfInterrupted(control);
    const answer = known ?? (await ask());
    if (known === undefined) await this.#store.add(question, new Map([['all', answer]]));
    return { answer, isKnown: known !== undefined };
  }

  #questionOf(...decides: readonly unknown[]): Promise<string> {
    const { sha256: weights, backend, threads, adapter } = this.#engine.info;
    return sha256(contentKey(ANSWERS, weights, backend, threads, adapter, ...decides));
  }

  #scoreQuestion({ labels, soft }: Pick<CountedRequest, 'labels' | 'soft'>): Promise<string> {
    return this.#questionOf(
      'score',
      labels.map(({ tokenIds }) => tokenIds),
      soft,
    );
  }

  async #lookUp(question: string, rows: readonly TokenRow[]) {
    const keys = await Promise.all(rows.map(rowKey));
    const known = await this.#store.get(question, keys);
    const fresh = rows.flatMap((row, i) => (known.has(keys[i] as string) ? [] : [{ row, key: keys[i] as string }]));
    return { known, keys, fresh };
  }

  /** Answers in the order of the rows; the model is asked what is not known. */
  async #rows<A>(
    question: string,
    { rows }: { readonly rows: readonly TokenRow[] },
    control: Control,
    onProgress: Done,
    ask: (fresh: readonly TokenRow[], tell: Done) => Promise<readonly A[]>,
  ): Promise<readonly A[]> {
    const { known, keys, fresh } = await this.#lookUp(question, rows);
    throwIfInterrupted(control);
    const before = rows.length - fresh.length;
    if (before > 0) onProgress?.(before);
    const asked = fresh.map(({ row }) => row);
    const found = asked.length === 0 ? [] : await ask(asked, (done) => onProgress?.(before + done));
    const added = new Map(fresh.map(({ key }, i) => [key, found[i] as A]));
    if (added.size > 0) await this.#store.add(question, added);
    return keys.map((key) => (known.get(key) ?? added.get(key)) as A);
  }
}

/** An engine that answers what is in a store without asking the model. */
export function withKnownAnswers(engine: HostEngine, store: AnswerStore): HostEngine {
  const { score, write, states, latency, nextTokens, tokensToRun } = new KnownAnswers(engine, store);
  return { ...engine, score, write, states, latency, nextTokens, tokensToRun };
}
