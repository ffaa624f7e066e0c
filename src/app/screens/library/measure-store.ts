/** One version asked again on labelled rows: those held back, or another file's; what came out is kept with its set. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { ofKind } from '../../../project/evaluations';
import { calibrationOf } from '../../../project/performance';
import { isWriting } from '../../../project/prompt-set';
import { readyPrompt } from '../../../project/ready-prompt';
import type { Measurement } from '../../../project/types';
import { versionById } from '../../../project/versions';
import type { BatchFile } from '../../../worker/protocol';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { longestAnswer } from '../../state/write-texts';
import { toastUndo } from '../../ui';
import { fileRows, heldBackRows, type MeasuredRows, type Measuring } from './measure-rows';
import { measureOn } from './measuring';
import type { RepositoryStore } from './repository-store';
import { createRowsReader, type Reading } from './rows-reader';
import { asTrouble } from './trouble';

export interface MeasureState {
  readonly file: BatchFile | null;
  /** The file that is being read. */
  readonly reading: Reading | null;
  /** Columns of the file; `label`: of the labels, or of the wanted texts. */
  readonly text: string | null;
  readonly label: string | null;
  readonly running: { readonly done: number; readonly total: number; readonly secondsLeft: number | null } | null;
  /** What came out last; it stands among the measurements too. */
  readonly last: string | null;
  readonly error: StudioError | null;
  readonly openFile: (file: File) => Promise<void>;
  readonly stopReading: () => void;
  readonly choose: (columns: { readonly text?: string; readonly label?: string }) => void;
  readonly closeFile: () => void;
  /** On the rows that the set holds back now. */
  readonly onHeldBack: (setId: string, versionId: string) => Promise<void>;
  readonly onFile: (setId: string, versionId: string) => Promise<void>;
  readonly stop: () => void;
  readonly remove: (measurement: Measurement) => Promise<void>;
}

export type MeasureStore = StoreApi<MeasureState>;

export function createMeasureStore(
  services: Services,
  session: SessionStore,
  project: ProjectStore,
  repository: RepositoryStore,
): MeasureStore {
  const { store: disk, data } = services;
  const reader = createRowsReader(services, 'measure');
  let aborter: AbortController | null = null;

  return createStore<MeasureState>((set, get) => {
    async function measure(
      setId: string,
      versionId: string,
      rowsFor: (measuring: Measuring) => MeasuredRows | Promise<MeasuredRows>,
    ): Promise<void> {
      if (get().running || session.getState().job) return;
      const mine = new AbortController();
      aborter = mine;
      set({ running: { done: 0, total: 0, secondsLeft: null }, error: null, last: null });
      session.getState().setJob({
        title: 'Measuring a version',
        screen: `library?set=${setId}`,
        fraction: null,
        secondsLeft: null,
        stop: get().stop,
      });
      try {
        const info = await session.getState().modelReady();
        const [of, stored, evaluations] = await Promise.all([
          disk.sets.get(setId),
          disk.datasets.get(setId),
          disk.evaluations.ofSet(setId),
        ]);
        const version = of && versionById(of, versionId);
        if (!version) throw new StudioError('bad-input', 'This version is not in the library any more.');
        const dataset = stored?.dataset ?? null;
        const longest = isWriting(of) ? await longestAnswer(services, of, dataset) : null;
        const measuring: Measuring = { of, ready: readyPrompt(of, version), dataset, longest };
        const rows = await rowsFor(measuring);
        const found = await measureOn({
          services,
          session,
          measuring,
          rows,
          calibration: longest === null ? calibrationOf(ofKind(evaluations, 'classify'), version) : null,
          signal: mine.signal,
          onDone: (done, secondsLeft) => {
            set({ running: { done, total: rows.total, secondsLeft } });
            session.getState().updateJob({ fraction: done / rows.total, secondsLeft });
          },
        });
        const measurement: Measurement = {
          id: crypto.randomUUID(),
          setId,
          versionId,
          createdAt: new Date().toISOString(),
          ...found,
          model: { id: info.id, sha256: info.sha256 },
        };
        await disk.measurements.put(measurement);
        set({ last: measurement.id });
        await repository.getState().measured();
      } catch (cause) {
        const error = asTrouble(cause, 'The measurement stopped');
        if (isEngineGone(error)) session.getState().engineLost(error);
        if (error.code !== 'cancelled') set({ error });
      } finally {
        if (aborter === mine) aborter = null;
        set({ running: null });
        session.getState().setJob(null);
      }
    }

    return {
      file: null,
      reading: null,
      text: null,
      label: null,
      running: null,
      last: null,
      error: null,
      openFile: async (file) => {
        set({ error: null, file: null });
        try {
          const opened = await reader.read(file, (reading) => set({ reading }));
          if (!opened) return;
          const { text = null, label = null } = opened.guess ?? {};
          set({ reading: null, file: opened, text, label });
        } catch (cause) {
          set({ reading: null, error: asTrouble(cause, 'The file could not be read') });
        }
      },
      stopReading: () => {
        reader.stop();
        set({ reading: null });
      },
      choose: (columns) => set(columns),
      closeFile: () => {
        set({ file: null, text: null, label: null, error: null });
        void data.call('closeBatch', { lane: 'measure' }).catch(() => undefined);
      },
      onHeldBack: (setId, versionId) => measure(setId, versionId, (asked) => heldBackRows(services, project, asked)),
      onFile: (setId, versionId) => measure(setId, versionId, (asked) => fileRows(services, asked, get())),
      stop: () => aborter?.abort(),
      remove: async (measurement) => {
        await disk.measurements.remove(measurement);
        await repository.getState().measured();
        toastUndo('The measurement was taken away', () => {
          void disk.measurements.put(measurement).then(() => repository.getState().measured());
        });
      },
    };
  });
}
