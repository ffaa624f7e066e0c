/** What PyTorch says of a model with a soft prompt, as `oracle.json` beside the model holds it. */
interface PlacementOracle {
  readonly labelLogits: readonly (readonly number[])[];
  readonly labelLoss: number;
  readonly labelGrad: readonly (readonly number[])[];
  readonly fullLoss: number;
  readonly fullGrad: readonly (readonly number[])[];
}

/** Every field is explained in test/fixtures/models/README.md. */
export interface Oracle {
  readonly name: string;
  readonly softPrompt: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
  readonly labelTokenIds: readonly number[];
  readonly targets: readonly number[];
  readonly placements: { readonly prefix: PlacementOracle; readonly suffix: PlacementOracle };
  readonly noPrompt: { readonly labelLogits: readonly (readonly number[])[] };
}

/** Norm of the difference over the norm of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const difference = Math.hypot(...expected.map((x, i) => x - (actual[i] ?? Number.NaN)));
  return difference / Math.hypot(...expected);
}

export const largestDifference = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((x, i) => Math.abs(x - (actual[i] ?? Number.NaN))));
