import { endingBefore } from '../inference/cache-plan';
import { type Sequence, withSoft } from '../inference/feeds';
import { type Program, run, runLimits } from '../inference/run';
import { scoreRows } from '../inference/score';
import { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { logSumExp } from '../metrics/classification';
import type { Heads, Placement, SoftPrompt } from '../prompt/soft-prompt';
import type { TokenRow } from '../tokens/tokenizer';
import { batchGradient } from '../training/objective';

/** PyTorch's results: `oracle.json` next to the model. */
interface PlacementOracle {
  readonly labelLogits: readonly (readonly number[])[];
  readonly labelLoss: number;
  readonly labelGrad: readonly (number | readonly number[])[];
  readonly fullLoss: number;
  readonly fullGrad: readonly (number | readonly number[])[];
}

/** Explained in test/fixtures/models/README.md. */
export interface Oracle {
  readonly name: string;
  readonly softPrompt: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
  readonly labelTokenIds: readonly number[];
  readonly targets: readonly number[];
  readonly placements: {
    readonly prefix: PlacementOracle;
    readonly suffix: PlacementOracle;
    /** With a cue after the rows and the vectors; not in every oracle. */
    readonly infix?: PlacementOracle & { readonly cue: readonly number[] };
  };
  /** Of keys and values between rows and their cue: `keys.json`; not of every model. */
  readonly keys?: Omit<PlacementOracle, 'labelGrad' | 'fullGrad'> & {
    readonly cue: readonly number[];
    readonly heads: Heads;
    readonly vectors: readonly number[];
    readonly labelGrad: readonly number[];
    readonly fullGrad: readonly number[];
  };
  readonly noPrompt: { readonly labelLogits: readonly (readonly number[])[] };
}

/** Norm of the difference over the norm of the expected values. */
export function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const difference = Math.hypot(...expected.map((x, i) => x - (actual[i] ?? Number.NaN)));
  return difference / Math.hypot(...expected);
}

export const largestDifference = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((x, i) => Math.abs(x - (actual[i] ?? Number.NaN))));

/** Of one way to run the model from PyTorch; null = not computed that way. */
export interface Deviation {
  /** E.g. `suffix full, past`. */
  readonly name: string;
  readonly loss: number | null;
  /** Norm of the difference over the norm of PyTorch's gradient. */
  readonly gradient: number | null;
  readonly logits: number | null;
}

interface Placed {
  readonly name: string;
  readonly soft: SoftPrompt;
  readonly rows: readonly TokenRow[];
  readonly expected: PlacementOracle;
}

/** A cue of no tokens makes an infix a suffix, and a cue of the whole row a prefix, so these oracles cover both ends. */
export function placed(oracle: Oracle): readonly Placed[] {
  const { keys } = oracle;
  const { prefix, suffix, infix } = oracle.placements;
  const rows = rowsOf(oracle);
  const rowsBefore = (cue: readonly number[]) =>
    rows.map((row) => ({ ...row, ids: Int32Array.from([...row.ids, ...cue]), cue: cue.length }));
  const withCue = (cue: (row: TokenRow) => number) => rows.map((row) => ({ ...row, cue: cue(row) }));
  const of = (name: string, placement: Placement, how: Pick<Placed, 'rows' | 'expected'>): Placed => ({
    name,
    soft: softOf(oracle, placement),
    ...how,
  });
  return [
    of('prefix', 'prefix', { rows, expected: prefix }),
    of('suffix', 'suffix', { rows, expected: suffix }),
    of('infix without a cue', 'infix', { rows: withCue(() => 0), expected: suffix }),
    of('infix without a text', 'infix', { rows: withCue(({ ids }) => ids.length), expected: prefix }),
    ...(infix ? [of('infix', 'infix', { rows: rowsBefore(infix.cue), expected: infix })] : []),
    ...(keys ? [of('keys and values', 'kv', { rows: rowsBefore(keys.cue), expected: keys })] : []),
  ];
}

/** In every way that must agree with the oracle. @throws StudioError as Runner.run */
export async function conform(program: Program, oracle: Oracle): Promise<readonly Deviation[]> {
  const takesPast = program.spec.inputs.pastKeys.length > 0;
  const out: Deviation[] = [];
  for (const each of placed(oracle)) {
    const { placement } = each.soft;
    if (placement === 'kv') out.push(await answersOf(program, oracle, each));
    else
      for (const way of ['batched', 'singly', ...(takesPast ? (['past'] as const) : [])] as const)
        out.push(await logitsOf(program, oracle, each, way));
    const isCached = takesPast && placement !== 'prefix';
    for (const loss of ['label', 'full'] as const)
      for (const way of ['batched', 'singly', ...(isCached ? (['past'] as const) : [])] as const)
        out.push(await gradientOf(program, oracle, each, loss, way));
  }
  return out;
}

type Way = 'batched' | 'singly' | 'past';

export function softOf({ softPrompt, keys }: Oracle, placement: Placement): SoftPrompt {
  const form = { placement, virtualTokens: softPrompt.length, hidden: softPrompt[0]?.length ?? 0 };
  if (placement !== 'kv') return { ...form, vectors: Float32Array.from(softPrompt.flat()) };
  const { heads, vectors } = present(keys, 'keys');
  return { ...form, heads, vectors: Float32Array.from(vectors) };
}

/** Logits, but for a constant of each row. */
async function answersOf(program: Program, oracle: Oracle, { name, soft, rows, expected }: Placed): Promise<Deviation> {
  const scored = await scoreRows(program, { rows, labels: labelsOf(oracle), soft, cached: null });
  const off = scored.map(({ logProbs }, r) => {
    const wanted = present(expected.labelLogits[r], 'row');
    return largestDifference(
      logProbs,
      wanted.map((logit) => logit - logSumExp(wanted)),
    );
  });
  return { name: `${name} scored`, loss: null, gradient: null, logits: Math.max(...off) };
}

const labelsOf = ({ labelTokenIds }: Oracle) =>
  labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));

export const rowsOf = (oracle: Pick<Oracle, 'rows' | 'targets'>): TokenRow[] =>
  oracle.rows.map((ids, i) => ({
    rowId: String(i),
    ids: Int32Array.from(ids),
    label: present(oracle.targets[i], 'target'),
  }));

async function logitsOf(
  program: Program,
  oracle: Oracle,
  { name, soft, rows, expected }: Placed,
  way: Way,
): Promise<Deviation> {
  const options = { soft, candidates: oracle.labelTokenIds, keepPresent: false };
  const whole = rows.map((row): Sequence => {
    const tokens = withSoft(row, soft);
    return { tokens, past: null, reads: [tokens.length - 1] };
  });
  const sequences = way === 'past' ? await behindPast(program, whole, soft) : whole;
  // Pasts of different lengths can share a run only if the graph takes positions as input, or counts them in the mask.
  const alone = way === 'singly' || (way === 'past' && runLimits(program.spec).samePast);
  const groups = alone ? sequences.map((sequence) => [sequence]) : [sequences];
  const logits: number[] = [];
  for (const group of groups) logits.push(...(await run(program, group, options)).logits);
  return {
    name: `${name} ${way}`,
    loss: null,
    gradient: null,
    logits: largestDifference(logits, expected.labelLogits.flat()),
  };
}

/** The last tokens after the keys and values of the first ones; the pasts differ in length. */
async function behindPast(program: Program, whole: readonly Sequence[], soft: SoftPrompt): Promise<Sequence[]> {
  const options = { soft, candidates: [0], keepPresent: true };
  const out: Sequence[] = [];
  for (const { tokens } of whole) {
    const at = Math.ceil(tokens.length / 2);
    const first = { tokens: tokens.subarray(0, at), past: null, reads: [0] };
    const past = present((await run(program, [first], options)).present[0], 'keys and values');
    out.push({ tokens: tokens.subarray(at), past, reads: [tokens.length - at - 1] });
  }
  return out;
}

async function gradientOf(
  program: Program,
  oracle: Oracle,
  { name, soft, rows, expected }: Placed,
  loss: 'label' | 'full',
  way: Way,
): Promise<Deviation> {
  const labels = labelsOf(oracle);
  const cache = new TextCache(program.spec);
  const cached =
    way === 'past'
      ? { cache, plan: cache.plan('rows', [rows], endingBefore(soft, rows)), control: uninterrupted }
      : null;
  const groups = way === 'singly' ? rows.map((row) => [row]) : [rows];
  let mean = 0;
  const gradient = new Float64Array(soft.vectors.length);
  for (const group of groups) {
    const wholeVocabulary = loss === 'full';
    const found = await batchGradient(program, { rows: group, labels, soft, cached, wholeVocabulary });
    mean += found.loss / groups.length;
    for (const [i, g] of found.gradient.entries()) gradient[i] = (gradient[i] ?? 0) + g / groups.length;
  }
  return {
    name: `${name} ${loss}, ${way}`,
    loss: Math.abs(mean - expected[`${loss}Loss`]),
    gradient: relativeError(gradient, expected[`${loss}Grad`].flat()),
    logits: null,
  };
}
