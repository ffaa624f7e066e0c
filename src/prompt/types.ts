/** Before the text (which PEFT can load) or after it (so the text's keys and values do not depend on the prompt). */
export type Placement = 'prefix' | 'suffix';

export interface SoftPrompt {
  readonly placement: Placement;
  /** Row-major `[virtualTokens, hidden]` float32. */
  readonly vectors: Float32Array;
  readonly virtualTokens: number;
  readonly hidden: number;
}
