/** Before the text (loads in PEFT) or after it (the text's keys and values do not depend on the prompt). */
export type Placement = 'prefix' | 'suffix';

export interface SoftPrompt {
  readonly placement: Placement;
  /** Row-major `[virtualTokens, hidden]` float32. */
  readonly vectors: Float32Array;
  readonly virtualTokens: number;
  readonly hidden: number;
}
