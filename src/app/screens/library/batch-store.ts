/** One version over a file of rows: answered piece by piece, stopped and gone on with, and taken away as a file. Nothing is kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { argmax } from '../../../metrics/classification';
import { calibrationOf } from '../../../project/performance';
import { isWriting } from '../../../project/prompt-set';
import { versionById, versionWords } from '../../../project/versions';
import { promptFor, type ReadyPrompt, readyPrompt } from '../../../project/wrapper';
import { saveFile } from '../../download';
import type { Services } from '../../services';
import { answerRows, type Piece } from '../../state/answering';
import type { ProjectStore } from '../../state/project-store';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { toastUndo } from '../../ui';
import type { BatchRun, BatchState } from './batch-state';
import { asTrouble } from './trouble';

export type BatchStore = StoreApi<BatchState>;

const STAGE = 'stage:';

/** What was answered so far; too much for a store's state. */
interface Answered {
  /** Of the weights that answer: others would give other answers. */
  readonly model: string;
  readonly ready: ReadyPrompt;
  readonly calibration: readonly number[] | null;
  readonly predictions: Int32Array;
  readonly confidences: Float32Array;
  readonly probabilities: Float32Array;
}

const held = (what: string) =>
  new StudioError(
    'bad-input',
    `${what}, since the answers of the last batch are still here. Download or discard them first.`,
  );

export function createBatchStore(services: Services, session: SessionStore, project: ProjectStore): BatchStore {
  const { store: disk, data } = services;
  let aborter: AbortController | null = null;
  let answered: Answered | null = null;

  return createStore<BatchState>((set, get) => {
    /** While there are answers, neither rows nor prompt change under them. */
    const isHeld = () => get().run !== null;

    /** The prompt that was chosen, as it is now: a stage may have moved since it was. @throws StudioError why there is none */
    async function chosen(): Promise<{ readonly ready: ReadyPrompt; readonly who: string }> {
      const { set: of, which } = get();
      const now = of && (await disk.sets.get(of.id));
      if (!now || now.deletedAt !== null || which === null)
        throw new StudioError('bad-input', 'This prompt set is not in the library any more. Choose another.');
      if (which.startsWith(STAGE)) {
        const stage = which.slice(STAGE.length);
        const found = promptFor([now], { handle: now.handle, stage });
        if (!found.ok) throw new StudioError('bad-input', found.error.message);
        return { ready: found.value, who: `${now.handle}, ${stage} (${versionWords(found.value.of)})` };
      }
      const version = versionById(now, which);
      if (!version) throw new StudioError('bad-input', 'This version is not in the library any more. Choose another.');
      return { ready: readyPrompt(now, version), who: `${now.handle}, ${versionWords(version)}` };
    }

    function keep({ done, answered: rows, leftOut, rowsPerSecond, secondsLeft }: Piece): void {
      const { run } = get();
      if (!run || !answered) return;
      const classes = run.labels.length;
      const counts = [...run.counts];
      const first = [...run.first];
      for (const { index, probabilities } of rows) {
        const best = argmax(probabilities);
        answered.predictions[index] = best;
        answered.confidences[index] = probabilities[best] ?? 0;
        answered.probabilities.set(probabilities, index * classes);
        counts[best] = (counts[best] ?? 0) + 1;
        if (index < first.length)
          first[index] = { label: run.labels[best] ?? '', confidence: probabilities[best] ?? 0 };
      }
      set({
        run: { ...run, done, rowsPerSecond, secondsLeft, counts, first, leftOut: [...run.leftOut, ...leftOut] },
      });
      session.getState().updateJob({ fraction: done / run.total, secondsLeft });
    }

    async function begin(rows: number, first: number, model: string): Promise<BatchRun> {
      const { ready, who } = await chosen();
      const { set: of, text } = get();
      const evaluations = await disk.evaluations.ofSet(ready.set.id);
      const calibration = calibrationOf(evaluations, ready.of);
      const dataset = ready.prompt.shots > 0 ? ((await disk.datasets.get(ready.set.id))?.dataset ?? null) : null;
      await session.getState().tokenizerReady();
      await data.call('startBatch', {
        lane: 'batch',
        prompt: ready.prompt,
        words: ready.words,
        text: text ?? '',
        label: null,
        dataset,
      });
      const labels = ready.words.map(({ label }) => label);
      answered = {
        model,
        ready,
        calibration,
        predictions: new Int32Array(rows).fill(-1),
        confidences: new Float32Array(rows),
        probabilities: new Float32Array(rows * labels.length),
      };
      if (of) set({ set: ready.set });
      return {
        who,
        status: 'running',
        done: 0,
        total: rows,
        rowsPerSecond: 0,
        secondsLeft: null,
        labels,
        counts: labels.map(() => 0),
        leftOut: [],
        calibrated: calibration !== null,
        first: Array.from({ length: first }, () => null),
      };
    }

    return {
      set: null,
      which: null,
      file: null,
      opening: false,
      text: null,
      run: null,
      options: { format: 'csv', neutralise: true, bom: false, each: 'nothing' },
      error: null,
      chooseSet: async (setId, which) => {
        if (get().set?.id === setId && (which === undefined || which === get().which)) return;
        if (isHeld()) return set({ error: held('The other prompt was not chosen') });
        const open = project.getState().set;
        const found = open?.id === setId ? open : await disk.sets.get(setId);
        if (found && isWriting(found)) {
          const why = 'It writes texts, and a batch answers with labels. Its export for an engineer writes a column.';
          return set({ error: new StudioError('bad-input', `“${found.name}” was not chosen. ${why}`) });
        }
        set({ set: found, which: which ?? null, error: null });
      },
      chooseWhich: (which) => {
        if (!isHeld()) set({ which, error: null });
      },
      openFile: async (file) => {
        if (isHeld()) return set({ error: held(`${file.name} was not opened`) });
        set({ opening: true, file: null, text: null, error: null });
        try {
          const opened = await data.call('openBatch', { lane: 'batch', file, name: file.name });
          set({ file: opened, text: opened.guess?.text ?? opened.columns[0] ?? null });
        } catch (cause) {
          set({ error: asTrouble(cause, 'The file could not be read') });
        } finally {
          set({ opening: false });
        }
      },
      chooseText: (text) => {
        if (!isHeld()) set({ text, error: null });
      },
      start: async () => {
        const { file, run: before } = get();
        if (!file || before?.status === 'running' || session.getState().job) return;
        const mine = new AbortController();
        aborter = mine;
        try {
          set({ error: null });
          const { sha256 } = await session.getState().modelReady();
          const goesOn = before?.status === 'stopped' && answered?.model === sha256;
          const run: BatchRun = goesOn
            ? { ...before, status: 'running' }
            : await begin(file.rows, file.first.length, sha256);
          if (!answered || mine.signal.aborted) return;
          set({ run });
          session.getState().setJob({
            title: `Batch: ${run.who}`,
            screen: 'library?tab=batch',
            fraction: run.done / run.total,
            secondsLeft: null,
            stop: get().stop,
          });
          const { ready, calibration } = answered;
          const { signal } = mine;
          await answerRows(services, session, {
            ready,
            calibration,
            rowsAt: (from, count) => data.call('batchRows', { lane: 'batch', from, count }),
            from: run.done,
            total: run.total,
            signal,
            onPiece: keep,
          });
          set(({ run: now }) => ({ run: now && { ...now, status: 'done', secondsLeft: null } }));
        } catch (cause) {
          const error = asTrouble(cause, 'The batch stopped');
          if (isEngineGone(error)) session.getState().engineLost(error);
          set(({ run: now }) => ({
            run: now && now.done > 0 ? { ...now, status: 'stopped', secondsLeft: null } : null,
            error: error.code === 'cancelled' ? null : error,
          }));
        } finally {
          if (aborter === mine) aborter = null;
          session.getState().setJob(null);
        }
      },
      stop: () => aborter?.abort(),
      change: (options) => set((state) => ({ options: { ...state.options, ...options } })),
      download: async () => {
        const { run, file, options } = get();
        if (!run || !file || !answered) return;
        const { format, neutralise, bom, each } = options;
        try {
          const { bytes } = await data.call('batchOutput', {
            lane: 'batch',
            labels: run.labels,
            predictions: answered.predictions.slice(0, run.done),
            confidences: answered.confidences.slice(0, run.done),
            each:
              each === 'nothing'
                ? null
                : { as: each, values: answered.probabilities.slice(0, run.done * run.labels.length) },
            leftOut: run.leftOut,
            format,
            neutralise,
            bom,
          });
          const stem = file.format.fileName.replace(/\.[^.]*$/, '') || 'rows';
          saveFile(`${stem}-answered.${format}`, bytes, format === 'csv' ? 'text/csv' : 'application/x-ndjson');
        } catch (cause) {
          set({ error: asTrouble(cause, 'The file could not be made') });
        }
      },
      discard: () => {
        const { run, file } = get();
        const before = answered;
        if (!run || run.status === 'running') return;
        answered = null;
        set({ run: null, error: null });
        toastUndo(`${run.done} answers were discarded`, () => {
          // a file that was opened since has other rows
          if (isHeld() || get().file !== file) return;
          answered = before;
          set({ run });
        });
      },
      clear: () => {
        if (isHeld()) return;
        set({ file: null, text: null, error: null });
        void data.call('closeBatch', { lane: 'batch' }).catch(() => undefined);
      },
    };
  });
}
