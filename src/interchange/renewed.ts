import type { ClassifyEvaluation, SoftVersion } from '../project/types';
import type { WholeProject } from './whole';

/**
 * The same project under new ids, for a browser that has it already: a copy beside the original, never over it.
 * @param newId a fresh id at each call
 */
export function renewed(
  { set, dataset, checkpoints, evaluations, writings, measurements }: WholeProject,
  here: { readonly id: string; readonly handle: string; readonly newId: () => string },
): WholeProject {
  const runIds = new Map(set.soft.map(({ id }) => [id, here.newId()]));
  const runId = <T extends string | null>(id: T) => (id === null ? id : (runIds.get(id) ?? id)) as T;
  const compared = <T extends Pick<ClassifyEvaluation, 'softVersion'>>(evaluation: T): T => ({
    ...evaluation,
    id: here.newId(),
    setId: here.id,
    softVersion: runId(evaluation.softVersion),
  });
  return {
    set: {
      ...set,
      id: here.id,
      handle: here.handle,
      chosenSoft: runId(set.chosenSoft),
      ...(set.moves
        ? { moves: set.moves.map((move) => ({ ...move, from: runId(move.from), to: runId(move.to) })) }
        : {}),
      soft: set.soft.map((run) => ({ ...run, id: runId(run.id), settings: renewedStart(run.settings, runId) })),
    },
    dataset,
    checkpoints: checkpoints.map((kept) => ({ ...kept, setId: here.id, runId: runId(kept.runId) })),
    evaluations: evaluations.map(compared),
    writings: writings.map(compared),
    measurements: measurements.map((measurement) => ({
      ...measurement,
      id: here.newId(),
      setId: here.id,
      versionId: runId(measurement.versionId),
    })),
  };
}

function renewedStart(settings: SoftVersion['settings'], runId: (id: string) => string): SoftVersion['settings'] {
  const { initialisation } = settings;
  if (initialisation.kind !== 'prompt') return settings;
  return { ...settings, initialisation: { ...initialisation, runId: runId(initialisation.runId) } };
}
