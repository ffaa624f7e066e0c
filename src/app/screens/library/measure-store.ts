/** One version asked again on labelled rows: those held back, or another file's; what came out is kept with its set. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { argmax } from '../../../metrics/classification';
import { calibrationOf, heldBackKey } from '../../../project/performance';
import { countLook } from '../../../project/prompt-set';
import type { Measurement, PromptSet } from '../../../project/types';
import { versionById } from '../../../project/versions';
import { type ReadyPrompt, readyPrompt } from '../../../project/wrapper';
import type { BatchFile } from '../../../worker/protocol';
import type { Services } from '../../services';
import { type Answering, answerRows, type Piece } from '../../state/answering';
import type { ProjectStore } from '../../state/project-store';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { toastUndo } from '../../ui';
import type { RepositoryStore } from './repository-store';
import { asTrouble } from './trouble';

export interface MeasureState {
  readonly file: BatchFile | null;
  readonly opening: boolean;
  /** Columns of the file. */
  readonly text: string | null;
  readonly label: string | null;
  readonly running: { readonly done: number; readonly total: number; readonly secondsLeft: number | null } | null;
  /** What came out last; it stands among the measurements too. */
  readonly last: string | null;
  readonly error: StudioError | null;
  readonly openFile: (file: File) => Promise<void>;
  readonly choose: (columns: { readonly text?: string; readonly label?: string }) => void;
  readonly closeFile: () => void;
  /** On the rows that the set holds back now. */
  readonly onHeldBack: (setId: string, versionId: string) => Promise<void>;
  readonly onFile: (setId: string, versionId: string) => Promise<void>;
  readonly stop: () => void;
  readonly remove: (measurement: Measurement) => Promise<void>;
}

export type MeasureStore = StoreApi<MeasureState>;

type Rows = Pick<Answering, 'rowsAt' | 'total'> & {
  /** What the rows are, once those that were answered are known. */
  readonly dataOf: (answered: readonly number[], gold: readonly number[]) => Promise<Measurement['data']>;
};

export function createMeasureStore(
  services: Services,
  session: SessionStore,
  project: ProjectStore,
  repository: RepositoryStore,
): MeasureStore {
  const { store: disk, data } = services;
  let aborter: AbortController | null = null;

  return createStore<MeasureState>((set, get) => {
    async function heldBack(of: PromptSet, ready: ReadyPrompt, dataset: Dataset | null): Promise<Rows> {
      if (!dataset || dataset.split.test.length === 0)
        throw new StudioError(
          'bad-input',
          'The rows of this prompt set are not in this browser, so none is held back. Measure on a file.',
        );
      const labels = ready.words.map(({ label }) => label);
      if (labels.some((label, i) => label !== dataset.labels[i]) || labels.length !== dataset.labels.length)
        throw new StudioError(
          'bad-input',
          'The rows have other labels by now than this version answers with. Measure on a file whose labels it knows.',
        );
      const ids = dataset.split.test;
      return {
        total: ids.length,
        rowsAt: async (from, count) => {
          const asked = ids.slice(from, from + count);
          const { prompt, words } = ready;
          const { rows, tooLong } = await data.call('tokenRows', { dataset, prompt, words, split: asked });
          const place = new Map(asked.map((id, i) => [id, from + i]));
          return {
            rows: rows.map((row) => ({ ...row, rowId: String(place.get(row.rowId)) })),
            leftOut: tooLong.map((id) => [place.get(id) ?? 0, 'it is too long'] as const),
          };
        },
        dataOf: async (answered, gold) => {
          // it is about to be seen how the version does on them
          await project.getState().updateById(of.id, (s) => countLook(s, new Date().toISOString()));
          const asked = answered.flatMap((i) => ids[i] ?? []);
          return { kind: 'held-back', name: of.datasetName ?? 'a file', fingerprint: heldBackKey(asked, gold, labels) };
        },
      };
    }

    async function ofFile(ready: ReadyPrompt, dataset: Dataset | null): Promise<Rows> {
      const { file, text, label } = get();
      if (!file || text === null || label === null || text === label)
        throw new StudioError('bad-input', 'Choose the file’s column with the texts, and another one with the labels.');
      const { prompt, words } = ready;
      await data.call('startBatch', {
        lane: 'measure',
        prompt,
        words,
        text,
        label,
        dataset: prompt.shots > 0 ? dataset : null,
      });
      return {
        total: file.rows,
        rowsAt: (from, count) => data.call('batchRows', { lane: 'measure', from, count }),
        dataOf: async () => ({
          kind: 'file',
          name: file.format.fileName,
          fingerprint: (await data.call('batchFingerprint', { lane: 'measure' })).fingerprint,
        }),
      };
    }

    async function measure(
      setId: string,
      versionId: string,
      rowsFor: (of: PromptSet, ready: ReadyPrompt, dataset: Dataset | null) => Promise<Rows>,
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
        const [of, dataset, evaluations] = await Promise.all([
          disk.sets.get(setId),
          disk.datasets.get(setId),
          disk.evaluations.ofSet(setId),
        ]);
        const version = of && versionById(of, versionId);
        if (!version) throw new StudioError('bad-input', 'This version is not in the library any more.');
        const ready = readyPrompt(of, version);
        const calibration = calibrationOf(evaluations, version);
        const rows = await rowsFor(of, ready, dataset?.dataset ?? null);
        const answers: { index: number; gold: number; prediction: number }[] = [];
        let leftOut = 0;
        const onPiece = (piece: Piece) => {
          for (const { index, gold, probabilities } of piece.answered)
            if (gold === null) leftOut++;
            else answers.push({ index, gold, prediction: argmax(probabilities) });
          leftOut += piece.leftOut.length;
          const { done, secondsLeft } = piece;
          set({ running: { done, total: rows.total, secondsLeft } });
          session.getState().updateJob({ fraction: done / rows.total, secondsLeft });
        };
        const { rowsAt, total } = rows;
        await answerRows(services, session, {
          ready,
          calibration,
          rowsAt,
          from: 0,
          total,
          signal: mine.signal,
          onPiece,
        });
        if (answers.length === 0)
          throw new StudioError('bad-input', 'No row of this file has a text and a label that this version knows.');
        answers.sort((a, b) => a.index - b.index);
        const gold = answers.map((answer) => answer.gold);
        const measurement: Measurement = {
          id: crypto.randomUUID(),
          setId,
          versionId,
          createdAt: new Date().toISOString(),
          data: await rows.dataOf(
            answers.map(({ index }) => index),
            gold,
          ),
          labels: ready.words.map(({ label }) => label),
          gold,
          predictions: answers.map(({ prediction }) => prediction),
          leftOut,
          calibrated: calibration !== null,
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
      opening: false,
      text: null,
      label: null,
      running: null,
      last: null,
      error: null,
      openFile: async (file) => {
        set({ opening: true, error: null, file: null });
        try {
          const opened = await data.call('openBatch', { lane: 'measure', file, name: file.name });
          set({ file: opened, text: opened.guess?.text ?? null, label: opened.guess?.label ?? null });
        } catch (cause) {
          set({ error: asTrouble(cause, 'The file could not be read') });
        } finally {
          set({ opening: false });
        }
      },
      choose: (columns) => set(columns),
      closeFile: () => {
        set({ file: null, text: null, label: null, error: null });
        void data.call('closeBatch', { lane: 'measure' }).catch(() => undefined);
      },
      onHeldBack: (setId, versionId) => measure(setId, versionId, heldBack),
      onFile: (setId, versionId) => measure(setId, versionId, (_, ready, dataset) => ofFile(ready, dataset)),
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
