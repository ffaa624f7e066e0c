/** One version answers a file of rows: it can be stopped, continued, and saved as a file. A reload loses no answer. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { LabelScore } from '../../../dataset/predictions-out';
import { fileBytes, sha256 } from '../../../lib/bytes';
import { asStudioError, StudioError } from '../../../lib/errors';
import type { PromptSet } from '../../../project/types';
import type { BatchProgress, BatchRequest } from '../../../workflow/batch';
import { type JobContext, job } from '../../state/job';
import { navigate } from '../../state/location';
import { type Resource, resource } from '../../state/resource';
import { perStudio } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { toastUndo } from '../../ui';
import { saveFile } from '../../ui/download';
import { type Kept, KeptAnswers } from './kept-answers';
import { batchRows, columnsOf } from './rows-file';
import { answeringVersion, chosenVersion } from './stored-set';

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

export interface BatchOptions {
  readonly format: 'csv' | 'jsonl';
  readonly neutralise: boolean;
  readonly bom: boolean;
  /** Further columns for each label. */
  readonly each: LabelScore | 'nothing';
}

interface Choice {
  readonly setId: string | null;
  /** `stage:production`, or a version's id; null = not chosen yet. */
  readonly which: string | null;
  readonly options: BatchOptions;
  /** Why the last request was refused. */
  readonly refused: StudioError | null;
}

/** No row answered yet. */
export const NOT_STARTED: BatchProgress = {
  done: 0,
  total: 0,
  rowsPerSecond: 0,
  secondsLeft: null,
  counts: [],
  leftOut: [],
  first: [],
};

const OPTIONS: BatchOptions = { format: 'csv', neutralise: true, bom: false, each: 'nothing' };

/** The set that answers, as it is stored. */
export const batchSet = perStudio(
  ({ services, stores: { project } }): Resource<string, PromptSet | null> =>
    resource(async (setId) => {
      const open = project.getState().set;
      return open?.id === setId ? open : services.store.sets.get(setId);
    }),
);

const held = (what: string) =>
  new StudioError(
    'bad-input',
    `${what}, because the answers of the last batch are still here. Download or discard them first.`,
  );

type Context = JobContext<{ readonly run: BatchRun | null }>;

async function freshRun({ services, stores }: Studio, setId: string, which: string, text: string): Promise<BatchRun> {
  const { sha256 } = await stores.session.getState().modelReady();
  await stores.session.getState().tokenizerReady();
  const { ready, who } = await chosenVersion(services.store, setId, which);
  const version = await answeringVersion(services.store, ready, false);
  const { task, words } = version;
  return {
    who,
    model: sha256,
    labels: words.map(({ label }) => label),
    calibrated: task.kind === 'classify' && task.calibration !== null,
    request: { version, text, from: 0 },
    progress: NOT_STARTED,
    isSaved: false,
  };
}

/** Answers the rows of a run and reports its progress; a run without any answer is dropped. */
async function answer(
  { services }: Studio,
  kept: KeptAnswers,
  run: BatchRun,
  { signal, report }: Context,
): Promise<void> {
  const { done } = run.progress;
  report({ run, title: `Batch: ${run.who}` });
  let last = run.progress;
  try {
    await services.workflow.call(
      'batch',
      { ...run.request, from: done },
      {
        signal,
        onEvent: ({ progress, answers, leftOut }) => {
          last = progress;
          kept.add({ done: progress.done, answers, leftOut });
          const { secondsLeft } = progress;
          report({ run: { ...run, progress, isSaved: false }, fraction: progress.done / progress.total, secondsLeft });
        },
      },
    );
  } finally {
    if (last.done === 0) report({ run: null });
  }
}

async function saved(name: string, make: () => Promise<{ readonly file: Blob }>): Promise<void> {
  const { file } = await make();
  saveFile(name, file, file.type);
}

type Rows = ReturnType<typeof batchRows.of>;

/** The checksum of a file: nothing else of it is kept. */
const checksumOf = async (file: File): Promise<string> => sha256((await fileBytes(file)) as Uint8Array<ArrayBuffer>);

const batchJob = (studio: Studio, rows: Rows, choice: StoreApi<Choice>, kept: KeptAnswers) =>
  job(studio.stores.session, {
    title: 'Batch',
    screen: 'library?tab=batch',
    initial: { run: null as BatchRun | null },
    run: async (context, before: BatchRun | null) => {
      const { setId, which } = choice.getState();
      const { key, value: file } = rows.source.getState();
      const { text } = columnsOf(file, rows.columns.getState());
      if (!key || !file || setId === null || which === null || text === null) return;
      const { sha256 } = await studio.stores.session.getState().modelReady();
      const continued = before?.model === sha256 ? before : null;
      const run = continued ?? (await freshRun(studio, setId, which, text));
      if (!continued) {
        const { who, model, labels, calibrated, request } = run;
        const { task, prompt, words } = request.version;
        const of = { fileName: key.file.name, file: await checksumOf(key.file), text, rows: file.rows };
        const by = { setId, which, who, model, labels, calibrated, version: { task, prompt, words } };
        await kept.begin({ id: crypto.randomUUID(), ...by, ...of });
      }
      await answer(studio, kept, run, context);
    },
  });

/** The run that the kept answers belong to. If its version or its weights have changed since, it can only be downloaded. */
async function earlierRun(studio: Studio, { batch, pieces }: Kept): Promise<BatchRun> {
  const { setId, which, who, model, labels, calibrated, text } = batch;
  const now = await freshRun(studio, setId, which, text).catch(() => null);
  const { task, prompt, words } = now?.request.version ?? batch.version;
  const isSame = now?.model === model && JSON.stringify({ task, prompt, words }) === JSON.stringify(batch.version);
  const version = now && isSame ? now.request.version : { ...batch.version, soft: null, model: null, dataset: null };
  const progress = await studio.services.workflow.call('batchAgain', { version, pieces });
  const request = { version, text, from: 0 };
  return { who, model: isSame ? model : '', labels, calibrated, request, progress, isSaved: false };
}

/** The actions of the Batch tab, except reading its file. */
export const batch = perStudio((studio) => {
  const { services } = studio;
  const rows = batchRows.of(studio);
  const choice = createStore<Choice>(() => ({ setId: null, which: null, options: OPTIONS, refused: null }));
  const kept = new KeptAnswers(services.store.settings);
  /** From before a reload, while their file is not open. */
  const earlier = resource((_: 'batch') => kept.read());
  const running = batchJob(studio, rows, choice, kept);
  const isHeld = () => running.getState().run !== null;
  /** While there are answers, neither rows nor prompt may change. */
  const unlessHeld = (what: string, act: () => void) => {
    choice.setState({ refused: isHeld() ? held(what) : null });
    if (!isHeld()) act();
  };
  const refuse = (cause: unknown) => choice.setState({ refused: asStudioError(cause, 'This did not work') });
  let opening: Promise<void> = Promise.resolve();
  const open = async (file: File) => {
    await rows.open(file);
    await earlier.load('batch');
    const found = earlier.getState().value;
    if (!found || rows.source.getState().status !== 'ready' || (await checksumOf(file)) !== found.batch.file) return;
    const { setId, which, text } = found.batch;
    choice.setState({ setId, which });
    rows.choose({ text });
    const run = await earlierRun(studio, found);
    earlier.set(null);
    running.setState({ run });
  };
  const save = (name: string, make: () => Promise<{ readonly file: Blob }>) =>
    saved(name, make).catch((cause: unknown) => choice.setState({ refused: asStudioError(cause, 'Not saved') }));

  const chooseSet = (setId: string, which: string | null = null) => {
    const before = choice.getState();
    if (before.setId === setId && (which === null || which === before.which)) return;
    unlessHeld('The other prompt was not chosen', () => choice.setState({ setId, which }));
  };

  return {
    choice,
    running,
    earlier,
    chooseSet,
    /** Opens the Batch tab with a version or stage chosen. */
    show: (setId: string, which: string) => {
      chooseSet(setId, which);
      navigate(`${location.hash.slice(1).split('?')[0]}?tab=batch`);
    },
    chooseWhich: (which: string) => unlessHeld('The other version was not chosen', () => choice.setState({ which })),
    openFile: (file: File) =>
      unlessHeld(`${file.name} was not opened`, () => {
        opening = open(file).catch(refuse);
      }),
    chooseText: (text: string) => unlessHeld('The other column was not chosen', () => rows.choose({ text })),
    closeFile: () => unlessHeld('The file was not closed', rows.close),
    change: (options: Partial<BatchOptions>) =>
      choice.setState((before) => ({ options: { ...before.options, ...options } })),
    /** From the first row, or from where it was stopped. */
    start: async () => {
      await opening; // it may have answers from before a reload
      choice.setState({ refused: null });
      earlier.set(null);
      return running.start(running.getState().run);
    },
    download: async () => {
      const { fileName } = rows.source.getState().value?.format ?? { fileName: '' };
      const { options } = choice.getState();
      const stem = fileName.replace(/\.[^.]*$/, '') || 'rows';
      await save(`${stem}-answered.${options.format}`, async () => {
        const made = await services.workflow.call('batchFile', options);
        running.setState(({ run }) => ({ run: run && { ...run, isSaved: true } }));
        return made;
      });
    },
    /** The rows that were not answered, and why, as a file. */
    downloadLeftOut: () => save('rows-not-answered.csv', () => services.workflow.call('batchLeftOut', {})),
    /** Discards the answers, so that another prompt or file can be chosen; with an undo. */
    discard: () => {
      const { run } = running.getState();
      const { value: file } = rows.source.getState();
      if (!run || running.getState().running) return;
      running.setState({ run: null, error: null });
      choice.setState({ refused: null });
      const discarded = kept.discard();
      toastUndo(`${run.progress.done} answers were discarded`, () => {
        // a file that was opened since has other rows
        if (isHeld() || rows.source.getState().value !== file) return;
        running.setState({ run });
        void discarded.then((before) => before && kept.restore(before));
      });
    },
    discardEarlier: () => {
      earlier.set(null);
      void kept.discard();
    },
  };
});
