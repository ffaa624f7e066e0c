/**
 * From rows to the verdict with one press. A reload loses nothing: Train goes on to the comparison that the tab remembers,
 * Compare begins where the test rows were used as often as its address says.
 */
import { useEffect } from 'react';
import type { PromptSet } from '../../prompt-set/types';
import {
  aboutRange,
  aboutTime,
  comparisonSeconds,
  guessedSpeed,
  runsSeconds,
  type Speed,
  type Work,
} from '../../training/estimate';
import { DEFAULT_PRESET, PRESETS, type TrainingSettings } from '../../training/settings';
import type { RowsOfRun } from '../../workflow/run-rows';
import { attempted } from '../ui/toast';
import { navigate, screenPath } from './location';
import { speedKey } from './models-store';
import { steadyResource, useResource } from './resource';
import { tabMemory } from './storage';
import { perStudio, screenStore, useModel, useOpen, useSession, useStores } from './studio';

/** The comparison that follows once the set has more runs. */
const comparison = tabMemory<{ readonly setId: string; readonly runs: number } | null>('then compare', null);

/** Goes on to the comparison that was asked for together with the run. One that is stopped ends there. */
export function useThen(set: PromptSet, busy: boolean): void {
  const run = set.runs.at(-1);
  const due = comparison.read();
  const isOver = due?.setId === set.id && set.runs.length > due.runs && !busy;
  const status = isOver ? run?.status : undefined;
  useEffect(() => {
    if (status === undefined || status === 'running' || status === 'paused') return;
    comparison.write(null);
    if (status === 'finished' || status === 'early') navigate(firstComparison(set), { replace: true });
  }, [status, set]);
}

/** Left out: as Train would train it. */
export function useTrainAndCompare(): (set: PromptSet, change?: Partial<TrainingSettings>) => void {
  const { intents } = useStores();
  return (set, change) => {
    comparison.write({ setId: set.id, runs: set.runs.length });
    navigate(screenPath(set.id, 'train'));
    void attempted('The prompt was not trained', () => intents.carriers.train(change));
  };
}

export const firstComparison = ({ id, testLooks }: PromptSet): string =>
  `${screenPath(id, 'compare')}?start=${testLooks}`;

const useSpeedStore = screenStore(({ services }) =>
  steadyResource((key: string) => services.store.settings.get<Speed>(key).catch(() => null)),
);

const rowCounts = perStudio(({ services, stores: { session } }) =>
  steadyResource(async (rows: RowsOfRun, signal) => {
    await session.getState().tokenizerReady();
    return services.workflow.call('countRows', rows, { signal });
  }),
);

export const useRowCounts = (rows: RowsOfRun | null) => useResource(rowCounts.use(), rows);

/** Of the open set and its rows. */
export function useWholeTime(): string | null {
  const { set, dataset } = useOpen();
  const time = useTimeWords();
  const { baseTemplate: template = '', words = [] } = set ?? {};
  const rows = useRowCounts(template !== '' && dataset ? { dataset, template, words } : null).value;
  const takesKeys = (useModel()?.keys ?? null) !== null;
  if (!rows || !dataset) return null;
  const { settings } = PRESETS[set?.kind === 'classify' ? DEFAULT_PRESET : 'standard'];
  return time(settings, { ...rows, cachedRows: 0, takesKeys, testRows: dataset.split.test.length });
}

interface WholeWork extends Work {
  readonly testRows: number;
}

/** A range before this machine was measured. */
export function useTimeWords(): (settings: TrainingSettings, work: WholeWork) => string {
  const key = useSession((s) => (s.model.kind === 'ready' ? speedKey(s.model.info) : null));
  const speed = useResource(useSpeedStore.use(), key).value;
  const threads = useSession((s) => s.capabilities.threads);
  return (settings, work) => wholeTime(settings, work, speed, threads);
}

/** Three prompts read the text, two of them with vectors after it. */
const PROMPTS = { texts: 3, vectors: 2 };

export function wholeTime(settings: TrainingSettings, work: WholeWork, speed: Speed | null, threads: number): string {
  const tokens = PROMPTS.texts * work.meanTokens + PROMPTS.vectors * settings.virtualTokens;
  const compared = (work.testRows + work.validationRows) * tokens;
  const by = speed ?? guessedSpeed(threads);
  const seconds = runsSeconds([settings], work, by) + comparisonSeconds(compared, by);
  return speed ? aboutTime(seconds) : aboutRange(seconds);
}
