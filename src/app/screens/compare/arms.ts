/** The standard arms of a comparison, from what a prompt set has. Pure. */
import type { ArmKind } from '../../../evaluation/types';
import { chosenHard, chosenHybrid, chosenSoft, isWriting } from '../../../project/prompt-set';
import type { HardVersion, PromptSet, SoftVersion } from '../../../project/types';
import { seedsOf } from '../../../project/versions';
import type { Placement, SoftPrompt } from '../../../prompt/types';
import type { HardPrompt } from '../../../task/types';

const EXAMPLES = 8;
/** Where texts are written an example is two texts long. */
const WRITING_EXAMPLES = 3;

/** Training rows that stand before each row in the arm with examples. */
export const examplesOf = (set: PromptSet): number => (isWriting(set) ? WRITING_EXAMPLES : EXAMPLES);

export interface ArmPlan {
  /** `untuned`, `yours`, `yours-8` (or as many as there are examples), `tuned`, `hybrid`, `ensemble`, or `hand-<version>` for a further hand-written one. */
  readonly id: string;
  readonly name: string;
  readonly kind: Exclude<ArmKind, 'reference'>;
  readonly prompt: HardPrompt;
  readonly soft: SoftPrompt | null;
  /** Of an ensemble, the vectors whose answers are averaged; else empty. */
  readonly members: readonly SoftPrompt[];
  readonly placement: Placement | null;
  /** Of a further hand-written version, its id; it can be left out again. */
  readonly also: string | null;
}

export interface Contest {
  readonly arms: readonly ArmPlan[];
  readonly hard: HardVersion | null;
  readonly soft: SoftVersion | null;
  /** The first pair is the headline: A = hand-written, B = tuned. */
  readonly pairs: readonly (readonly [string, string])[];
}

const handArm = (version: Pick<HardVersion, 'id'>) => `hand-${version.id}`;

/** The hand-written versions besides Yours, newest first: what may be compared too. */
export const otherHands = (set: PromptSet): readonly HardVersion[] =>
  set.hard.filter(({ id }) => id !== chosenHard(set)?.id).toReversed();

/** The further hand-written versions among the arms of a comparison. */
export const alsoAmong = (set: PromptSet, armIds: readonly string[]): readonly string[] =>
  set.hard.flatMap((version) => (armIds.includes(handArm(version)) ? [version.id] : []));

/**
 * Untuned is the tuned prompt's exact text without its vectors, so that the two differ in nothing else.
 * @param also ids of further hand-written versions
 */
export function contestOf(set: PromptSet, also: readonly string[] = []): Contest {
  const hard = chosenHard(set);
  const soft = chosenSoft(set);
  const examples = examplesOf(set);
  const few = `yours-${examples}`;
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
    members: [],
    placement: vectors?.placement ?? null,
    also: null,
  });
  const arms: ArmPlan[] = [arm('untuned', 'Untuned', 'untuned', bare)];
  if (hard) {
    arms.push(arm('yours', 'Yours', 'zero-shot', { ...hard.prompt, shots: 0 }));
    arms.push(arm(few, `Yours + ${examples} examples`, 'few-shot', { ...hard.prompt, shots: examples }));
  }
  const others = otherHands(set).filter(({ id }) => also.includes(id));
  for (const version of others)
    arms.push({
      ...arm(handArm(version), version.name, 'zero-shot', { ...version.prompt, shots: 0 }),
      also: version.id,
    });
  if (soft?.soft) arms.push(arm('tuned', 'Tuned', 'tuned', bare, soft.soft));
  // the mean of several next-word choices is no text
  const seeds = soft && !isWriting(set) ? seedsOf(set, soft).flatMap((run) => run.soft ?? []) : [];
  if (soft?.soft && seeds.length > 1)
    arms.push({
      ...arm('ensemble', `Tuned, mean of ${seeds.length} seeds`, 'ensemble', bare),
      members: seeds,
      placement: soft.soft.placement,
    });
  const hybrid = chosenHybrid(set);
  if (hybrid?.soft)
    arms.push(arm('hybrid', 'Hybrid', 'hybrid', { template: hybrid.template, shots: 0, shotSeed: 0 }, hybrid.soft));
  const has = (id: string) => arms.some((a) => a.id === id);
  const pairs = (
    [
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
    ] as const
  ).filter(([a, b]) => has(a) && has(b));
  return { arms, hard, soft, pairs };
}

/** Pairs of what can only be made once the word counts and the tuned prompt have answered. */
export const COMBINED_PAIRS: Contest['pairs'] = [
  ['tuned', 'combined'],
  ['tfidf', 'combined'],
];
