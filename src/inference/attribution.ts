/**
 * Which tokens of a text decided between two labels: Integrated Gradients (Sundararajan, Taly and Yan 2017). With the
 * embeddings x of the text's tokens, a baseline x' (the mean of the vocabulary, docs/decisions/053-which-words-decided.md) and the score f,
 *
 *     a_t = sum_d (x_td - x'_td) * integral over alpha from 0 to 1 of  d f(x' + alpha (x - x')) / d x_td
 *
 * f is the score of one label less that of another, so that calibration cancels in f(x) - f(x'), which the attributions add up
 * to. How far they miss it says how good the integral is: the points of the trapezoidal rule are doubled until it is.
 *
 * The program differentiates virtual tokens, so the text becomes some: its embeddings are appended to the prompt's vectors.
 */
import { present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { type SoftPrompt, whyUnweighed } from '../prompt/soft-prompt';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import { type Sequence, withSoft } from './feeds';
import { isSequenceScored } from './label-scores';
import { checkContext } from './rows';
import { embeddingRows, MAX_RUN_TOKENS, type Program, run } from './run';
import { checkLabels, withTarget } from './score';

export interface AttributionRequest {
  readonly row: TokenRow;
  /** The text within the row's ids, end exclusive. */
  readonly text: readonly [from: number, to: number];
  readonly soft: SoftPrompt | null;
  readonly labels: readonly LabelTokens[];
  /** f is the score of the first less that of the second: indices into the labels. */
  readonly between: readonly [label: number, against: number];
  /** Intervals of the path: at first, and at most. */
  readonly steps: { readonly least: number; readonly most: number };
}

export interface Attribution {
  /** By token of the text, in nats. */
  readonly tokens: Float64Array;
  /** f(x) and f(x'). */
  readonly value: number;
  readonly baseline: number;
  /** Of the path; its ends included, one gradient more was taken. */
  readonly steps: number;
}

/** What attributions may miss of their sum. */
const TOLERANCE = { share: 0.05, nats: 0.02 };

/** Tokens, spread over the vocabulary, whose mean embedding is the baseline. */
const BASELINE_TOKENS = 1024;

/** Each token of a row takes about 1.7 MB while its gradient is computed. */
export const MAX_ATTRIBUTED = 512;

/** @throws StudioError `too-long`, `bad-input`, `cancelled`, and as Runner.run */
export async function attribute(
  program: Program,
  request: AttributionRequest,
  control: Polled = uninterrupted,
  onStep: (done: number) => void = () => {},
): Promise<Attribution> {
  const { from, to, runAt, offset, longest } = await pathOf(program, request);
  const slopes = new Float64Array(from.length);
  const together = Math.max(1, Math.floor(MAX_RUN_TOKENS / longest));
  let done = 0;
  const add = async (alphas: readonly number[], weight = 1): Promise<number> => {
    let loss = 0;
    for (let at = 0; at < alphas.length; at += together) {
      throwIfInterrupted(control);
      const some = alphas.slice(at, at + together);
      const outcome = await runAt(some);
      const gradient = present(outcome.softGrad, 'gradient');
      loss += outcome.loss;
      for (const [i] of some.entries())
        for (let j = 0; j < slopes.length; j++)
          slopes[j] = (slopes[j] as number) + weight * (gradient[offset(i) + j] as number);
      done += some.length;
      onStep(done);
      await breathe();
    }
    return loss;
  };
  const baseline = await add([0], 0.5);
  const value = await add([1], 0.5);
  let { least: steps } = request.steps;
  await add(Array.from({ length: steps - 1 }, (_, i) => (i + 1) / steps));
  for (;;) {
    const tokens = tokensOf(slopes, { from, to }, program.spec.hidden, steps);
    const missed = Math.abs(tokens.reduce((sum, nats) => sum + nats, 0) - (value - baseline));
    const isGood = missed <= Math.max(TOLERANCE.nats, TOLERANCE.share * Math.abs(value - baseline));
    if (isGood || 2 * steps > request.steps.most) return { tokens, value, baseline, steps };
    await add(Array.from({ length: steps }, (_, i) => (i + 0.5) / steps));
    steps *= 2;
  }
}

/** Sums of gradients times the way from the baseline, summed over each token's dimensions. */
function tokensOf(
  slopes: Float64Array,
  { from, to }: Readonly<Record<'from' | 'to', Float32Array>>,
  hidden: number,
  steps: number,
): Float64Array {
  const tokens = new Float64Array(slopes.length / hidden);
  for (const [j, slope] of slopes.entries()) {
    const t = Math.floor(j / hidden);
    tokens[t] = (tokens[t] as number) + (slope / steps) * ((to[j] as number) - (from[j] as number));
  }
  return tokens;
}

/** Of the vocabulary's embeddings. */
export async function baselineOf(program: Program): Promise<Float32Array> {
  const { hidden, vocabulary } = program.spec;
  const count = Math.min(BASELINE_TOKENS, vocabulary);
  const rows = await embeddingRows(
    program,
    Array.from({ length: count }, (_, i) => Math.floor((i * vocabulary) / count)),
  );
  return Float32Array.from({ length: hidden }, (_, d) => {
    let sum = 0;
    for (let i = d; i < rows.length; i += hidden) sum += rows[i] as number;
    return sum / count;
  });
}

/** From the baseline to the text in a straight line; `runAt` runs some of its points side by side. */
async function pathOf(program: Program, request: AttributionRequest) {
  const { row, text, soft, labels } = request;
  checkLabels(labels);
  const why = soft && whyUnweighed(soft);
  if (why) throw badInput(why);
  const whole = withSoft(row, soft);
  const answer = Math.max(...labels.map(({ tokenIds }) => tokenIds.length)) - 1;
  checkContext(program.spec, [row], soft, answer);
  if (whole.length + answer > MAX_ATTRIBUTED)
    throw new StudioError(
      'too-long',
      `With its prompt, this text has ${whole.length} tokens; words are weighed in at most ${MAX_ATTRIBUTED}. Shorten the text.`,
      { data: { tokens: whole.length, limit: MAX_ATTRIBUTED } },
    );
  const { hidden } = program.spec;
  const ids = row.ids.subarray(...text);
  const to = await embeddingRows(program, [...ids]);
  const baseline = await baselineOf(program);
  const from = Float32Array.from(to, (_, j) => baseline[j % hidden] as number);
  const own = soft?.virtualTokens ?? 0;
  const shift = soft?.placement === 'prefix' ? own : 0;
  /** The row with the text as virtual tokens of the i-th point. */
  const tokensAt = (i: number) =>
    whole.map((token, t) => {
      const place = t - shift - text[0];
      return place >= 0 && place < ids.length ? ~(own + i * ids.length + place) : token;
    });
  const runAt = (alphas: readonly number[]) => {
    const points = alphas.map((alpha) => from.map((x, j) => x + alpha * ((to[j] as number) - x)));
    const vectors = Float32Array.from([...(soft?.vectors ?? []), ...points.flatMap((point) => [...point])]);
    const read = alphas.map((_, i) => readAt(tokensAt(i), request));
    return run(
      program,
      read.flatMap(({ sequences }) => sequences),
      {
        soft: { vectors, virtualTokens: own + alphas.length * ids.length },
        candidates: isSequenceScored(labels) ? null : labels.map(({ tokenIds }) => present(tokenIds[0], 'token')),
        answerShift: soft?.answerShift,
        objective: { targets: read.flatMap(({ targets }) => targets), weights: read.flatMap(({ weights }) => weights) },
        keepPresent: false,
      },
    );
  };
  const offset = (i: number) => (own + i * ids.length) * hidden;
  return { from, to, runAt, offset, longest: whole.length + answer };
}

/**
 * The loss of a read is the normaliser less the target's logit, so reads with weights -1 and +1 leave the difference of two
 * logits. Words of several tokens are scored by their mean.
 */
function readAt(tokens: Int32Array, { labels, between }: AttributionRequest) {
  const [a, b] = between;
  if (!isSequenceScored(labels)) {
    const last = tokens.length - 1;
    return { sequences: [{ tokens, past: null, reads: [last, last] }], targets: [a, b], weights: [-1, 1] };
  }
  const words = [a, b].map((label) => Int32Array.from(present(labels[label], 'label').tokenIds));
  return {
    sequences: words.map((word): Sequence => withTarget({ tokens, past: null }, word)),
    targets: words.flatMap((word) => [...word]),
    weights: words.flatMap((word, i) => Array.from(word, () => (i === 0 ? -1 : 1) / word.length)),
  };
}
