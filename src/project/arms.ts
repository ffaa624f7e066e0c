/** The prompts of a set that take part in a comparison. */
import type { ArmKind } from '../evaluation/types';
import type { Placement, SoftPrompt } from '../prompt/types';
import type { HardPrompt } from '../task/types';
import { chosenHard, chosenHybrid, chosenSoft, kindOf } from './prompt-set';
import type { HardVersion, PromptSet, SoftVersion } from './types';
import { seedsOf } from './versions';

/** Training rows shown before each row in the arm with examples; fewer for generated texts, whose examples are longer. */
export const EXAMPLES = { classify: 8, generate: 3 } as const;

export const examplesOf = (set: Pick<PromptSet, 'writing'>): number => EXAMPLES[kindOf(set)];

export interface ArmPlan {
  /** `untuned`, `yours`, `yours-<examples>`, `tuned`, `tuned-<n>`, `hybrid`, `ensemble`, or `hand-<version>`. */
  readonly id: string;
  readonly name: string;
  readonly kind: Exclude<ArmKind, 'reference' | 'combined'>;
  readonly prompt: HardPrompt;
  /** The vectors; of several the mean answer counts. Empty for a hand-written prompt. */
  readonly softs: readonly SoftPrompt[];
  readonly placement: Placement | null;
  /** Id of an additional hand-written version, which the user can remove. */
  readonly also: string | null;
}

export interface Arms {
  readonly arms: readonly ArmPlan[];
  readonly hard: HardVersion | null;
  readonly soft: SoftVersion | null;
  /** The first pair is the headline: A = hand-written, B = tuned. */
  readonly pairs: readonly (readonly [string, string])[];
}

export interface ArmChoice {
  /** Ids of additional hand-written versions. */
  readonly also?: readonly string[];
  /** Another number of examples than usual. */
  readonly examples?: number;
  /** Every other seed also takes part by itself, not only in the mean. */
  readonly eachSeed?: boolean;
}

/** The id of a hand-written version's own arm. */
export const handArm = (version: Pick<HardVersion, 'id'>) => `hand-${version.id}`;

/** The hand-written versions other than Yours, newest first, which can be compared too. */
export const otherHands = (set: PromptSet): readonly HardVersion[] =>
  set.hard.filter(({ id }) => id !== chosenHard(set)?.id).toReversed();

/** The additional hand-written versions among the arms of a comparison. */
export const alsoAmong = (set: PromptSet, armIds: readonly string[]): readonly string[] =>
  set.hard.flatMap((version) => (armIds.includes(handArm(version)) ? [version.id] : []));

const arm = (
  id: string,
  name: string,
  kind: ArmPlan['kind'],
  prompt: HardPrompt,
  softs: readonly SoftPrompt[] = [],
  also: string | null = null,
): ArmPlan => ({ id, name, kind, prompt, softs, placement: softs[0]?.placement ?? null, also });

/** The tuned prompt, its other seeds and their mean, and the hybrid. Untuned is the tuned text without its vectors. */
function learnedArms(set: PromptSet, soft: SoftVersion | null, bare: HardPrompt, eachSeed: boolean): ArmPlan[] {
  const arms: ArmPlan[] = [];
  if (soft?.soft) arms.push(arm('tuned', 'Tuned', 'tuned', bare, [soft.soft]));
  // several next-token distributions have no mean text
  const runs = soft?.soft && kindOf(set) === 'classify' ? seedsOf(set, soft) : [];
  if (eachSeed)
    runs
      .filter(({ id }) => id !== soft?.id)
      .forEach((run, i) => {
        if (run.soft)
          arms.push(arm(`tuned-${i + 2}`, `Tuned, seed ${i + 2} of ${runs.length}`, 'tuned', bare, [run.soft]));
      });
  const seeds = runs.flatMap((run) => run.soft ?? []);
  if (seeds.length > 1) arms.push(arm('ensemble', `Tuned, mean of ${seeds.length} seeds`, 'ensemble', bare, seeds));
  const hybrid = chosenHybrid(set);
  if (hybrid?.soft)
    arms.push(arm('hybrid', 'Hybrid', 'hybrid', { template: hybrid.template, shots: 0, shotSeed: 0 }, [hybrid.soft]));
  return arms;
}

/** Untuned is the tuned prompt's exact text without its vectors, so that nothing else differs. */
export function armsOf(
  set: PromptSet,
  { also = [], examples = examplesOf(set), eachSeed = false }: ArmChoice = {},
): Arms {
  const hard = chosenHard(set);
  const soft = chosenSoft(set);
  const few = `yours-${examples}`;
  const bare: HardPrompt = { template: soft?.template ?? set.baseTemplate, shots: 0, shotSeed: 0 };
  const others = otherHands(set).filter(({ id }) => also.includes(id));
  const arms = [
    arm('untuned', 'Untuned', 'untuned', bare),
    ...(hard
      ? [
          arm('yours', 'Yours', 'zero-shot', { ...hard.prompt, shots: 0 }),
          arm(few, `Yours + ${examples} examples`, 'few-shot', { ...hard.prompt, shots: examples }),
        ]
      : []),
    ...others.map((version) =>
      arm(handArm(version), version.name, 'zero-shot', { ...version.prompt, shots: 0 }, [], version.id),
    ),
    ...learnedArms(set, soft, bare, eachSeed),
  ];
  const pairs: readonly (readonly [string, string])[] = [
    ['yours', 'tuned'],
    ...others.map((version) => [handArm(version), 'tuned'] as const),
    [few, 'tuned'],
    ['untuned', 'tuned'],
    ['untuned', 'yours'],
    ['yours', 'hybrid'],
    ['tuned', 'hybrid'],
    ['yours', 'ensemble'],
    ['tuned', 'ensemble'],
    ...(soft?.soft ? [] : others.map((version) => [handArm(version), 'yours'] as const)),
  ];
  const ids = new Set(arms.map(({ id }) => id));
  return { arms, hard, soft, pairs: pairs.filter((pair) => pair.every((id) => ids.has(id))) };
}

/** The arms of a past comparison, from the versions that it names. */
export function armsAsCompared(
  set: PromptSet,
  evaluation: { readonly hardVersion: string | null; readonly softVersion: string | null },
  armIds: readonly string[],
): Arms {
  const then = { ...set, chosenHard: evaluation.hardVersion, chosenSoft: evaluation.softVersion };
  const examples = armIds.flatMap((id) => /^yours-(\d+)$/.exec(id)?.[1] ?? []).map(Number)[0];
  return armsOf(then, {
    also: alsoAmong(then, armIds),
    ...(examples === undefined ? {} : { examples }),
    eachSeed: armIds.includes('tuned-2'),
  });
}
