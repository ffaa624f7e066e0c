/** A version that PEFT can load, made of one that it cannot: how long that takes here, and the job. */
import { addRun } from '../../../prompt-set/make-versions';
import { versionById } from '../../../prompt-set/versions';
import { runSeconds, stepTokens } from '../../../training/estimate';
import type { DistilEvent } from '../../../workflow/distil';
import type { RunRows } from '../../../workflow/run-rows';
import { FOR_PEFT, forSmaller } from '../../../workflow/runs';
import type { TwinRequest } from '../../../workflow/twin';
import { job } from '../../state/job';
import { createSpeedometer } from '../../state/models-store';
import { resource } from '../../state/resource';
import type { Studio } from '../../state/studio';

const SETTINGS = forSmaller(FOR_PEFT);

/** Measured on a few rows where this machine was never measured; null = it could not be. */
export const twinSeconds = ({ services, stores: { session } }: Studio) => {
  const speedometer = createSpeedometer(services, () => undefined);
  return resource(async ({ set, dataset, of }: TwinRequest, signal): Promise<number | null> => {
    const info = await session.getState().modelReady();
    const rows = { dataset, template: set.baseTemplate, words: set.words };
    const work = await services.workflow.call('countRows', rows, { signal });
    if (!(await speedometer.known(info)))
      await speedometer.learnTokens(info, await services.workflow.call('timeTokens', rows, { signal }));
    const speed = await speedometer.known(info);
    const voices = versionById(set, of)?.prompt.voices.length ?? 1;
    const answered = voices * (work.trainRows + work.validationRows) * work.meanTokens;
    return speed && (answered * speed.tokenMs) / 1000 + runSeconds(SETTINGS, { ...work, cachedRows: 0 }, speed);
  });
};

/** @param onMade with the new version's id, once it is stored */
export const twinJob = (
  { services, stores: { session, promptSets } }: Studio,
  onMade: (setId: string, id: string) => Promise<void>,
) => {
  const speedometer = createSpeedometer(services, () => undefined);
  return job(session, {
    title: 'A version for PEFT',
    screen: 'library',
    initial: {},
    run: async ({ signal, report }, asked: TwinRequest) => {
      report({ note: 'Getting the model ready' });
      const info = await session.getState().trainingReady();
      let rows: RunRows | null = null;
      const onEvent = (event: DistilEvent) => {
        if (event.kind === 'rows') rows = event.facts;
        if (event.kind === 'teacher')
          report({ note: 'The prompt answers the texts', fraction: event.done / event.total });
        if (event.kind !== 'step') return;
        const { point, stepsTotal, secondsLeft } = event;
        report({ note: 'Learning these answers', fraction: point.step / stepsTotal, secondsLeft });
      };
      const { added, checkpoint } = await services.workflow.call('twin', asked, { signal, onEvent });
      const times = checkpoint.steps.map(({ ms }) => ms);
      if (rows) await speedometer.learnSteps(info, SETTINGS.placement, times, stepTokens(SETTINGS, rows));
      await services.store.checkpoints.put({ runId: added.run.id, setId: asked.set.id, checkpoint });
      await promptSets.getState().updateById(asked.set.id, (set, { now }) => addRun(set, added, now));
      await onMade(asked.set.id, added.run.id);
    },
  });
};
