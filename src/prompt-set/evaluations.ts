/** Comparisons of both kinds in one list; where they are stored, the table or folder gives the kind. */
import type { TaskKind } from '../dataset/kind';
import type { Evaluation, Kept } from './types';

type OfKind<K extends TaskKind> = Extract<Evaluation, { readonly kind: K }>;

export const ofKind = <K extends TaskKind>(evaluations: readonly Evaluation[], kind: K): readonly OfKind<K>[] =>
  evaluations.filter((evaluation): evaluation is OfKind<K> => evaluation.kind === kind);

export const withKind = <K extends TaskKind>(kept: Kept<OfKind<K>>, kind: K): OfKind<K> =>
  ({ ...kept, kind }) as OfKind<K>;

export function kept<E extends Evaluation>({ kind: _kind, ...rest }: E): Kept<E> {
  return rest;
}
