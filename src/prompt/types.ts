/**
 * Before the text (which PEFT can load), after it (so the text's keys and values do not depend on the prompt), or between
 * the text and its cue, the template's last line.
 */
export type Placement = (typeof PLACEMENTS)[number];

export const PLACEMENTS = ['prefix', 'suffix', 'infix'] as const;

/** Where the vectors are, in words. */
export const PLACEMENT_WORDS: Readonly<Record<Placement, string>> = {
  prefix: 'before the text',
  suffix: 'after the text',
  infix: 'between the text and its cue',
};

export interface SoftPrompt {
  readonly placement: Placement;
  /** Row-major `[virtualTokens, hidden]` float32. */
  readonly vectors: Float32Array;
  readonly virtualTokens: number;
  readonly hidden: number;
}
