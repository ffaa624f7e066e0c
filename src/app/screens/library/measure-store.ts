/** Measures a version again on test rows or on a labelled file, and stores the result with its set. */
import { StudioError } from '../../../lib/errors';
import { countLook } from '../../../prompt-set/prompt-set';
import type { Measurement } from '../../../prompt-set/types';
import { seenParts } from '../../../prompt-set/versions';
import type { MeasureRequest } from '../../../workflow/measure';
import { job } from '../../state/job';
import { perStudio, type Studio } from '../../state/studio';
import { setDetail } from './library-store';
import { columnsOf, measureRows } from './rows-file';
import { chosenVersion, storedVersion } from './stored-set';

interface Progress {
  readonly done: number;
  readonly total: number;
  /** Id of the newest measurement. */
  readonly last: string | null;
}

const NOTHING: Progress = { done: 0, total: 0, last: null };

export type MeasuredOn = MeasureRequest['on']['kind'];

function fileColumns(studio: Studio): MeasureRequest['on'] {
  const { source, columns } = measureRows.of(studio);
  const { text, label } = columnsOf(source.getState().value, columns.getState());
  if (text === null || label === null || text === label)
    throw new StudioError(
      'bad-input',
      'Choose the file’s column with the texts, and another one with the expected answers.',
    );
  return { kind: 'file', text, label };
}

export const measuring = perStudio((studio) => {
  const { services, stores } = studio;
  const { store } = services;
  return job(stores.session, {
    title: 'Measuring a version',
    screen: (setId: string, _versionId: string, _kind: MeasuredOn) => `library?set=${setId}`,
    initial: NOTHING,
    run: async ({ signal, report }, setId: string, versionId: string, kind: MeasuredOn) => {
      report(NOTHING);
      await stores.session.getState().modelReady();
      const { ready } = await chosenVersion(store, setId, versionId);
      const version = await storedVersion(store, ready, true);
      const on = kind === 'file' ? fileColumns(studio) : { kind, name: ready.set.datasetName ?? 'a file' };
      const seen = seenParts(ready.set, ready.of, version.dataset);
      const measured = await services.workflow.call(
        'measure',
        { version, on, seen },
        {
          signal,
          onEvent: ({ done, total, secondsLeft }) => report({ done, total, fraction: done / total, secondsLeft }),
        },
      );
      const createdAt = new Date().toISOString();
      // before the result is shown: the test rows have then been used once more
      if (kind === 'held-back')
        await stores.promptSets.getState().updateById(setId, (set) => countLook(set, new Date().toISOString()));
      const measurement: Measurement = { id: crypto.randomUUID(), setId, versionId, createdAt, ...measured };
      await store.measurements.put(measurement);
      await setDetail.of(studio).reload();
      report({ last: measurement.id });
    },
  });
});
