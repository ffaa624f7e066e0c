/** What the next run would read, how fast this machine is, and so how long the run would take. */
import { useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import { templateOf } from '../../../workflow/runs';
import { cacheKeyOf } from '../../../workflow/training-rows';
import { resource, useResource } from '../../state/resource';
import { perStudio } from '../../state/screen-store';
import { useProject, useSession } from '../../state/studio';
import { type SecondsOf, secondsOf, useNextRun } from './next-run';
import { useTraining } from './training-store';

interface Rows {
  readonly dataset: Dataset;
  readonly template: string;
  readonly words: PromptSet['words'];
}

const rowCounts = perStudio(({ services, stores: { session } }) =>
  resource(
    async (rows: Rows, signal) => {
      await session.getState().tokenizerReady();
      return services.workflow.call('countRows', rows, { signal });
    },
    { keepPrevious: true },
  ),
);

const machineSpeed = perStudio((studio) =>
  resource(async ({ model: _, ...rows }: Rows & { readonly model: string }, signal) => {
    const { knownSpeed, measureSpeed } = useTraining.of(studio);
    if (!(await knownSpeed())) await measureSpeed(rows, signal);
  }),
);

/** The rows that the next run would read; null until they can be counted. */
function useRows(): Rows | null {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const hybrid = useNextRun((s) => s.hybrid);
  if (!set || !dataset || set.baseTemplate === '' || !sameLabels(set.words, dataset.labels)) return null;
  return { dataset, template: templateOf(set, hybrid), words: set.words };
}

export function useRunRows() {
  return useResource(rowCounts.use(), useRows());
}

/** Measures this machine where that was never done, a few rows at a time. */
export function useMachineSpeed(): void {
  const rows = useRows();
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info.sha256 : null));
  const isCounted = useRunRows().status === 'ready';
  useResource(machineSpeed.use(), rows && model && isCounted ? { ...rows, model } : null);
}

export function useSecondsOf(): SecondsOf {
  const { value } = useRunRows();
  const rows = useRows();
  const speed = useTraining((s) => s.speed);
  const cachedRows = useTraining((s) =>
    rows ? (s.rowsInCache.get(cacheKeyOf(rows.dataset.fingerprint, rows.template)) ?? 0) : 0,
  );
  return useMemo(() => secondsOf(value && { ...value, cachedRows }, speed), [value, cachedRows, speed]);
}
