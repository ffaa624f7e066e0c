/**
 * Stages: names such as `production` that point to one version and can be moved to another. Every move is kept; the last
 * one says where a stage points. Asking for a stage that does not exist fails; it never falls back to another version.
 */
import { assert } from '../lib/assert';
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { PromptSet, StageMove, StagePolicy, Version } from './types';
import { versionById } from './versions';

export const STANDARD_STAGES = ['production', 'staging'] as const;

export interface Stage {
  readonly name: string;
  readonly versionId: string;
  /** ISO time of the last move. */
  readonly since: string;
}

/** Stages in use: `production` and `staging` first, then the others by name. */
export function stagesOf(set: Pick<PromptSet, 'moves'>): readonly Stage[] {
  const last = new Map<string, StageMove>();
  for (const move of set.moves ?? []) last.set(move.stage, move);
  const rank = (name: string) => {
    const place = (STANDARD_STAGES as readonly string[]).indexOf(name);
    return place < 0 ? STANDARD_STAGES.length : place;
  };
  return [...last.values()]
    .flatMap(({ stage, to, at }) => (to === null ? [] : [{ name: stage, versionId: to, since: at }]))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

/** Names of the stages that point to a version. */
export const stagesAt = (set: Pick<PromptSet, 'moves'>, versionId: string): readonly string[] =>
  stagesOf(set).flatMap((stage) => (stage.versionId === versionId ? [stage.name] : []));

/** The standard stages that are not in use yet, to suggest for a new one. */
export const freeStages = (set: PromptSet): readonly string[] =>
  STANDARD_STAGES.filter((name) => !stagesOf(set).some((stage) => stage.name === name));

/** The version that the first stage points to, else the newest; null = the set has none. */
export function versionInUse(set: PromptSet): Version | null {
  const staged = stagesOf(set).map(({ versionId }) => versionById(set, versionId));
  return staged.find((version) => version !== null) ?? set.versions.at(-1) ?? null;
}

/** The version in production; null = there is none. */
export function productionOf(set: PromptSet): Version | null {
  const stage = stagesOf(set).find(({ name }) => name === STANDARD_STAGES[0]);
  return stage ? versionById(set, stage.versionId) : null;
}

/** `Production ` -> `production`. Letters of any script, digits, `-`, `_` and `.`, at most 40. */
export function readStageName(text: string): Result<string, Failure<'empty' | 'bad-name'>> {
  const name = text.trim().toLowerCase().replace(/\s+/g, '-');
  if (name === '') return fail('empty', 'Give the stage a name, such as production.');
  if (name.length > 40 || !/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}._-]*$/u.test(name))
    return fail('bad-name', 'A stage is one word of letters, digits, dots and dashes, at most 40 of them.');
  return ok(name);
}

/**
 * Points the stage to another version; `to` null removes it. A stage that already points to the version is left alone.
 * Moving back is a move like any other: the history keeps both.
 */
export function moveStage(
  set: PromptSet,
  move: { readonly stage: string; readonly to: string | null; readonly note?: string },
  now: string,
): PromptSet {
  assert(move.to === null || versionById(set, move.to), `no version ${move.to} that a stage can point to`);
  const from = stagesOf(set).find(({ name }) => name === move.stage)?.versionId ?? null;
  if (from === move.to) return set;
  const note = move.note?.trim().slice(0, 500) ?? '';
  const made: StageMove = { stage: move.stage, from, to: move.to, at: now, ...(note === '' ? {} : { note }) };
  return { ...set, moves: [...(set.moves ?? []), made], updatedAt: now };
}

/** The set with another answer to who answers for its stages. */
export const setPolicy = (set: PromptSet, policy: StagePolicy, now: string): PromptSet => ({
  ...set,
  policy: policy.kind === 'as-asked' ? undefined : policy,
  updatedAt: now,
});

type StageFailure = Failure<'no-stage' | 'version-gone'>;

/** The version that a stage points to. */
export function resolveStage(
  set: Pick<PromptSet, 'handle' | 'moves' | 'versions'>,
  name: string,
): Result<Version, StageFailure> {
  const stages = stagesOf(set);
  const stage = stages.find((each) => each.name === name);
  if (!stage) {
    const there = stages.map((each) => each.name).join(', ');
    return fail(
      'no-stage',
      `${set.handle} has no stage “${name}”${there === '' ? ', nor any other' : `; it has ${there}`}. Set it in the Library, or ask for another stage.`,
      { stage: name },
    );
  }
  const found = versionById(set, stage.versionId);
  return found
    ? ok(found)
    : fail(
        'version-gone',
        `The stage “${name}” of ${set.handle} points to a version that is not on this device. Point it to another version in the Library.`,
        { stage: name },
      );
}
