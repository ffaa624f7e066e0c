/** One version answers a file of rows: from the first row, or from where it was stopped. What is known is not asked again. */

import { allUsed } from '../../../dataset/account';
import { generates } from '../../../dataset/task-facts';
import { labelsOf } from '../../../prompt/prompt';
import { type Choice, firstOf } from '../../../prompt-set/planned';
import { writingSeconds } from '../../../training/estimate';
import type { BatchEvent, BatchProgress, BatchRequest } from '../../../workflow/batch';
import { job } from '../../state/job';
import { createSpeedometer } from '../../state/models-store';
import { resource } from '../../state/resource';
import type { Studio } from '../../state/studio';
import { batchRows } from './rows-file';
import { chosenVersion } from './stored-set';

export interface BatchRun {
  /** "SUPPORT_TONE, production (tuned 3)". */
  readonly who: string;
  /** SHA-256 of the weights that answered: others would answer differently. */
  readonly model: string;
  /** Empty where texts are generated. */
  readonly labels: readonly string[];
  readonly calibrated: boolean;
  readonly request: BatchRequest;
  readonly progress: BatchProgress;
  /** Its answers so far were downloaded. */
  readonly isSaved: boolean;
}

export interface Chosen {
  readonly setId: string | null;
  /** Null = not chosen yet. */
  readonly which: Choice | null;
}

export const NOT_STARTED: BatchProgress = {
  done: 0,
  total: 0,
  rowsPerSecond: 0,
  secondsLeft: null,
  counts: [],
  unsure: 0,
  account: allUsed(0),
  routed: '',
  first: [],
};

async function freshRun({ services, stores }: Studio, setId: string, which: Choice, text: string): Promise<BatchRun> {
  const { sha256 } = await stores.session.getState().modelReady();
  await stores.session.getState().tokenizerReady();
  const { plan, who } = await chosenVersion(services.store, setId, which);
  const { prompt } = firstOf(plan);
  return {
    who,
    model: sha256,
    labels: labelsOf(prompt),
    calibrated: prompt.calibration !== null,
    request: { plan, text, from: 0 },
    progress: NOT_STARTED,
    isSaved: false,
  };
}

/** Seconds that answering the open file will take here; null where nothing was measured, or no rows can be answered. */
export const batchSeconds = (studio: Studio) => {
  const speedometer = createSpeedometer(studio.services, () => undefined);
  return resource(
    async ({ setId, which, text }: { readonly setId: string; readonly which: Choice; readonly text: string }) => {
      const { request } = await freshRun(studio, setId, which, text);
      const speed = await speedometer.known(await studio.stores.session.getState().modelReady());
      const tokens = await studio.services.workflow.call('batchTokens', request);
      const isLabels = !generates(firstOf(request.plan).prompt.task.kind);
      return speed && (isLabels ? (tokens * speed.tokenMs) / 1000 : writingSeconds(tokens, speed));
    },
  );
};

export const batchJob = (studio: Studio, chosen: () => Chosen) =>
  job(studio.stores.session, {
    title: 'Batch',
    screen: 'library?tab=batch',
    initial: { run: null as BatchRun | null },
    run: async ({ signal, report }, before: BatchRun | null) => {
      const { setId, which } = chosen();
      const { text } = batchRows.of(studio).column();
      if (setId === null || which === null || text === null) return;
      const { sha256 } = await studio.stores.session.getState().modelReady();
      const run = before?.model === sha256 ? before : await freshRun(studio, setId, which, text);
      let last = run.progress;
      report({ run, title: `Batch: ${run.who}` });
      const request = { ...run.request, from: last.done };
      const onEvent = ({ progress }: BatchEvent) => {
        last = progress;
        const { done, total, secondsLeft } = progress;
        report({ run: { ...run, progress, isSaved: false }, fraction: done / total, secondsLeft });
      };
      await studio.services.workflow.call('batch', request, { signal, onEvent }).finally(() => {
        if (last.done === 0) report({ run: null });
      });
    },
  });
