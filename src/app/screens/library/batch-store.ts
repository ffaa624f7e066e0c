/** One version over a file of rows: answered piece by piece, stopped and gone on with, and taken away as a file. Nothing is kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { ofKind } from '../../../project/evaluations';
import { calibrationOf } from '../../../project/performance';
import { isWriting } from '../../../project/prompt-set';
import { promptFor, type ReadyPrompt, readyPrompt } from '../../../project/ready-prompt';
import { versionById, versionWords } from '../../../project/versions';
import type { BatchFile } from '../../../worker/protocol';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { longestAnswer } from '../../state/write-texts';
import { toastUndo } from '../../ui';
import { saveFile } from '../../ui/download';
import { type BatchAnswers, labelAnswers, type Told, textAnswers } from './batch-answers';
import type { BatchRun, BatchState } from './batch-state';
import { createRowsReader } from './rows-reader';
import { asTrouble } from './trouble';

export type BatchStore = StoreApi<BatchState>;

const STAGE = 'stage:';

interface Answered {
  /** Of the weights that answer: others would give other answers. */
  readonly model: string;
  readonly answers: BatchAnswers;
}

/** Numbers and names aside, so that reasons of one kind stand together. */
const kindOf = (reason: string) => reason.replace(/\d+/g, '…').replace(/“.*”/, '“…”');

function tallied(before: BatchRun['leftOut'], more: Told['leftOut']): BatchRun['leftOut'] {
  const kinds = new Map(before);
  for (const [, reason] of more) kinds.set(kindOf(reason), (kinds.get(kindOf(reason)) ?? 0) + 1);
  return [...kinds];
}

const held = (what: string) =>
  new StudioError(
    'bad-input',
    `${what}, since the answers of the last batch are still here. Download or discard them first.`,
  );

export function createBatchStore(services: Services, session: SessionStore, project: ProjectStore): BatchStore {
  const { store: disk, data } = services;
  const reader = createRowsReader(services, 'batch');
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

    function keep({ done, said, counts, leftOut, rowsPerSecond, secondsLeft }: Told): void {
      const { run } = get();
      if (!run || !answered) return;
      const first = [...run.first];
      const all = [...said, ...leftOut.map(([index, reason]) => [index, { kind: 'left-out', reason }] as const)];
      for (const [index, what] of all) if (index < first.length) first[index] = what;
      const reasons = tallied(run.leftOut, leftOut);
      set({ run: { ...run, done, rowsPerSecond, secondsLeft, counts, first, leftOut: reasons } });
      session.getState().updateJob({ fraction: done / run.total, secondsLeft });
    }

    async function begin({ rows, first }: BatchFile, model: string): Promise<BatchRun> {
      const { ready, who } = await chosen();
      const writes = isWriting(ready.set);
      const needsRows = writes || ready.prompt.shots > 0;
      const dataset = needsRows ? ((await disk.datasets.get(ready.set.id))?.dataset ?? null) : null;
      const calibration = writes
        ? null
        : calibrationOf(ofKind(await disk.evaluations.ofSet(ready.set.id), 'classify'), ready.of);
      await session.getState().tokenizerReady();
      const longest = writes ? await longestAnswer(services, ready.set, dataset) : null;
      await data.call('startBatch', {
        lane: 'batch',
        prompt: ready.prompt,
        words: ready.words,
        text: get().text ?? '',
        label: null,
        ...(longest === null ? {} : { longest }),
        dataset,
      });
      const using = { services, session, ready, rows };
      const answers = longest === null ? labelAnswers(using, calibration) : textAnswers(using, longest);
      answered = { model, answers };
      if (get().set) set({ set: ready.set });
      const labels = ready.words.map(({ label }) => label);
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
        first: first.map(() => null),
      };
    }

    return {
      set: null,
      which: null,
      file: null,
      reading: null,
      text: null,
      run: null,
      options: { format: 'csv', neutralise: true, bom: false, each: 'nothing' },
      error: null,
      chooseSet: async (setId, which) => {
        if (get().set?.id === setId && (which === undefined || which === get().which)) return;
        if (isHeld()) return set({ error: held('The other prompt was not chosen') });
        const open = project.getState().set;
        const found = open?.id === setId ? open : await disk.sets.get(setId);
        set({ set: found, which: which ?? null, error: null });
      },
      chooseWhich: (which) => {
        if (!isHeld()) set({ which, error: null });
      },
      openFile: async (file) => {
        if (isHeld()) return set({ error: held(`${file.name} was not opened`) });
        set({ file: null, text: null, error: null });
        try {
          const opened = await reader.read(file, (reading) => set({ reading }));
          if (opened) set({ reading: null, file: opened, text: opened.guess?.text ?? opened.columns[0] ?? null });
        } catch (cause) {
          set({ reading: null, error: asTrouble(cause, 'The file could not be read') });
        }
      },
      stopReading: () => {
        reader.stop();
        set({ reading: null });
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
          const run: BatchRun = goesOn ? { ...before, status: 'running' } : await begin(file, sha256);
          if (!answered || mine.signal.aborted) return;
          set({ run });
          session.getState().setJob({
            title: `Batch: ${run.who}`,
            screen: 'library?tab=batch',
            fraction: run.done / run.total,
            secondsLeft: null,
            stop: get().stop,
          });
          await answered.answers.answer({
            rowsAt: (from, count) => data.call('batchRows', { lane: 'batch', from, count }),
            from: run.done,
            total: run.total,
            signal: mine.signal,
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
          const { file: made } = await data.call('batchOutput', {
            lane: 'batch',
            answers: answered.answers.output(run.done, each),
            done: run.done,
            format,
            neutralise,
            bom,
          });
          const stem = file.format.fileName.replace(/\.[^.]*$/, '') || 'rows';
          saveFile(`${stem}-answered.${format}`, made, made.type);
        } catch (cause) {
          set({ error: asTrouble(cause, 'The file could not be made') });
        }
      },
      downloadLeftOut: async () => {
        const { run } = get();
        if (!run) return;
        try {
          const { file } = await data.call('batchLeftOut', { lane: 'batch', done: run.done });
          saveFile('rows-not-answered.csv', file, file.type);
        } catch (cause) {
          set({ error: asTrouble(cause, 'The list could not be made') });
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
