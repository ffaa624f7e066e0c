/**
 * Answers of the model that are known are not asked for again: labels, texts, states and times, whichever verb asks. A row is
 * answered under the key of everything that decides: model and backend, vectors, answer words, and the row's tokens.
 */
import type { CountedRequest, ScoredRow, TokenCount } from '../inference/score';
import { contentKey, sha256 } from '../lib/bytes';
import { type Control, throwIfInterrupted } from '../lib/control';
import type { TokenRow } from '../tokens/tokenizer';
import type { HostEngine } from './host';

/** Where answers are kept, by question and by row: plain values that can be stored. */
export interface AnswerStore {
  get(question: string): Promise<ReadonlyMap<string, unknown>>;
  add(question: string, answers: ReadonlyMap<string, unknown>): Promise<void>;
}

/** Another number where the same question has another answer than in an earlier release. */
const ANSWERS = 1;

const rowKey = ({ ids, cue, otherOrders, target }: TokenRow): Promise<string> =>
  sha256(contentKey(ids, cue ?? 0, otherOrders ?? [], target ?? null));

type Scored = Omit<ScoredRow & TokenCount, 'rowId'>;
type Written = Omit<Awaited<ReturnType<HostEngine['write']>>[number], 'rowId'>;
type Done = ((done: number) => unknown) | undefined;

/** Progress of all rows, where so many are known. */
const beyond = (known: number, onProgress: Done) => (done: number) => onProgress?.(known + done);

class KnownAnswers {
  readonly #engine: HostEngine;
  readonly #store: AnswerStore;

  constructor(engine: HostEngine, store: AnswerStore) {
    this.#engine = engine;
    this.#store = store;
  }

  readonly score: HostEngine['score'] = async (request, control, onProgress) => {
    if (request.adapter || request.timed) return this.#engine.score(request, control, onProgress);
    const { rows } = request;
    const { fresh, keep } = await this.#lookUp<Scored>(await this.#scoreQuestion(request), rows);
    throwIfInterrupted(control);
    const tell = beyond(rows.length - fresh.length, onProgress);
    if (fresh.length < rows.length) tell(0);
    const found = fresh.length === 0 ? null : await this.#engine.score({ ...request, rows: fresh }, control, tell);
    const answers = await keep((found?.rows ?? []).map(({ rowId: _, ...answer }) => answer));
    return {
      rows: rows.map(({ rowId }, i) => ({ rowId, ...(answers[i] as Scored) })),
      rowsRun: found?.rowsRun ?? 0,
      seconds: found?.seconds ?? 0,
    };
  };

  readonly write: HostEngine['write'] = async (request, control, onProgress) => {
    if (request.timed) return this.#engine.write(request, control, onProgress);
    const { rows, cacheKey: _, ...decides } = request;
    const { fresh, keep } = await this.#lookUp<Written>(await this.#questionOf('write', decides), rows);
    throwIfInterrupted(control);
    const tell = beyond(rows.length - fresh.length, onProgress);
    const found = fresh.length === 0 ? [] : await this.#engine.write({ ...request, rows: fresh }, control, tell);
    const answers = await keep(found.map(({ rowId: _id, ...answer }) => answer));
    return rows.map(({ rowId }, i) => {
      const { ids, target } = answers[i] as Written;
      return { rowId, ids, target: target && { ...target, rowId } };
    });
  };

  readonly states: HostEngine['states'] = async (request, control, onProgress) => {
    const { rows } = request;
    const { fresh, keep } = await this.#lookUp<Float32Array>(await this.#questionOf('states'), rows);
    throwIfInterrupted(control);
    const tell = beyond(rows.length - fresh.length, onProgress);
    const found = fresh.length === 0 ? null : await this.#engine.states({ ...request, rows: fresh }, control, tell);
    const width = (found?.length ?? 0) / Math.max(1, fresh.length);
    const answers = await keep(fresh.map((_, i) => (found as Float32Array).slice(i * width, (i + 1) * width)));
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
        return { ...request, rows: (await this.#lookUp(await this.#scoreQuestion(request), request.rows)).fresh };
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
    const known = (await this.#store.get(question)).get('all') as A | undefined;
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

  /** The rows that are not known, and what stores their answers and gives those of all rows, in their order. */
  async #lookUp<A>(question: string, rows: readonly TokenRow[]) {
    const before = await this.#store.get(question);
    const keys = await Promise.all(rows.map(rowKey));
    const known = keys.map((key) => before.get(key) as A | undefined);
    const open = rows.flatMap((row, i) => (known[i] === undefined ? [{ row, key: keys[i] as string }] : []));
    return {
      fresh: open.map(({ row }) => row),
      keep: async (found: readonly A[]): Promise<readonly A[]> => {
        if (open.length > 0) await this.#store.add(question, new Map(open.map(({ key }, i) => [key, found[i]])));
        const next = found.values();
        return known.map((answer) => answer ?? (next.next().value as A));
      },
    };
  }
}

/** An engine that answers what is in a store without asking the model. */
export function withKnownAnswers(engine: HostEngine, store: AnswerStore): HostEngine {
  const { score, write, states, latency, nextTokens, tokensToRun } = new KnownAnswers(engine, store);
  return { ...engine, score, write, states, latency, nextTokens, tokensToRun };
}
