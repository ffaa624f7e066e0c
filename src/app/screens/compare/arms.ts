/** The standard arms of a comparison, from what a prompt set has. Pure. */
import type { ArmKind } from '../../../evaluation/types';
import { chosenHard, chosenSoft } from '../../../project/prompt-set';
import type { HardVersion, PromptSet, SoftVersion } from '../../../project/types';
import type { Placement, SoftPrompt } from '../../../prompt/types';
import type { HardPrompt } from '../../../task/types';

const EXAMPLES = 8;

export interface ArmPlan {
  readonly id: 'untuned' | 'yours' | 'yours-8' | 'tuned';
  readonly name: string;
  readonly kind: Exclude<ArmKind, 'reference'>;
  readonly prompt: HardPrompt;
  readonly soft: SoftPrompt | null;
  readonly placement: Placement | null;
}

export interface Contest {
  readonly arms: readonly ArmPlan[];
  readonly hard: HardVersion | null;
  readonly soft: SoftVersion | null;
  /** The first pair is the headline: A = hand-written, B = tuned. */
  readonly pairs: readonly (readonly [string, string])[];
}

/** Untuned is the tuned prompt's exact text without its vectors, so that the two differ in nothing else. */
export function contestOf(set: PromptSet): Contest {
  const hard = chosenHard(set);
  const soft = chosenSoft(set);
  const bare: HardPrompt = { template: soft?.template ?? set.baseTemplate, shots: 0, shotSeed: 0 };
  const arm = (
    id: ArmPlan['id'],
    name: string,
    kind: ArmPlan['kind'],
    prompt: HardPrompt,
    vectors: SoftPrompt | null = null,
  ): ArmPlan => ({
    id,
    name,
    kind,
    prompt,
    soft: vectors,
    placement: vectors?.placement ?? null,
  });
  const arms: ArmPlan[] = [arm('untuned', 'Untuned', 'untuned', bare)];
  if (hard) {
    arms.push(arm('yours', 'Yours', 'zero-shot', { ...hard.prompt, shots: 0 }));
    arms.push(arm('yours-8', `Yours + ${EXAMPLES} examples`, 'few-shot', { ...hard.prompt, shots: EXAMPLES }));
  }
  if (soft?.soft) arms.push(arm('tuned', 'Tuned', 'tuned', bare, soft.soft));
  const has = (id: string) => arms.some((a) => a.id === id);
  const pairs = (
    [
      ['yours', 'tuned'],
      ['yours-8', 'tuned'],
      ['untuned', 'tuned'],
      ['untuned', 'yours'],
    ] as const
  ).filter(([a, b]) => has(a) && has(b));
  return { arms, hard, soft, pairs };
}
