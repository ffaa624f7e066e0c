/** The Batch tab: what answers which file, and what happens with the answers. */
import { createStore } from 'zustand/vanilla';
import type { LabelScore } from '../../../dataset/predictions-out';
import { asStudioError, StudioError } from '../../../lib/errors';
import type { PromptSet } from '../../../prompt-set/types';
import { navigate } from '../../state/location';
import { type Resource, resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { toastUndo } from '../../ui';
import { saveFile } from '../../ui/download';
import { batchJob, type Chosen, checksumOf, earlierRun, KeptAnswers } from './batch-run';
import { batchRows } from './rows-file';

interface BatchOptions {
  readonly format: 'csv' | 'jsonl';
  readonly neutralise: boolean;
  readonly bom: boolean;
  /** Further columns for each label. */
  readonly each: LabelScore | 'nothing';
}

interface Choice extends Chosen {
  readonly options: BatchOptions;
  /** Why the last request was refused. */
  readonly refused: StudioError | null;
}

const OPTIONS: BatchOptions = { format: 'csv', neutralise: true, bom: false, each: 'nothing' };

/** The set that answers, as it is stored. */
export const batchSet = perStudio(
  ({ services, stores: { promptSets } }): Resource<string, PromptSet | null> =>
    resource(async (setId) => {
      const open = promptSets.getState().set;
      return open?.id === setId ? open : services.store.sets.get(setId);
    }),
);

const held = (what: string) =>
  new StudioError(
    'bad-input',
    `${what}, because the answers of the last batch are still here. Download or discard them first.`,
  );

/** The state of the tab, and what its actions need. */
function batchState(studio: Studio) {
  const rows = batchRows.of(studio);
  const choice = createStore<Choice>(() => ({ setId: null, which: null, options: OPTIONS, refused: null }));
  const kept = new KeptAnswers(studio.services.store.settings);
  /** From before a reload, while their file is not open. */
  const earlier = resource((_: 'batch') => kept.read());
  const running = batchJob(studio, choice.getState, kept);
  const refuse = (cause: unknown) => choice.setState({ refused: asStudioError(cause, 'This did not work') });
  return { rows, choice, kept, earlier, running, refuse };
}

type State = ReturnType<typeof batchState>;

/** Opens a file. If it has answers from before a reload, they are shown again. */
async function openFile(studio: Studio, { rows, choice, earlier, running }: State, file: File): Promise<void> {
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
}

/** Choosing prompt and file, and answering. While there are answers, neither prompt nor rows may change. */
function answering(studio: Studio, state: State) {
  const { rows, choice, earlier, running, refuse } = state;
  let opening: Promise<void> = Promise.resolve();
  const unlessHeld = (what: string, act: () => void) => {
    const isHeld = running.getState().run !== null;
    choice.setState({ refused: isHeld ? held(what) : null });
    if (!isHeld) act();
  };
  const chooseSet = (setId: string, which: string | null = null) => {
    const before = choice.getState();
    if (before.setId === setId && (which === null || which === before.which)) return;
    unlessHeld('The other prompt was not chosen', () => choice.setState({ setId, which }));
  };
  return {
    chooseSet,
    /** Opens the Batch tab with a version or stage chosen. */
    show: (setId: string, which: string) => {
      chooseSet(setId, which);
      navigate(`${location.hash.slice(1).split('?')[0]}?tab=batch`);
    },
    chooseWhich: (which: string) => unlessHeld('The other version was not chosen', () => choice.setState({ which })),
    openFile: (file: File) =>
      unlessHeld(`${file.name} was not opened`, () => {
        opening = openFile(studio, state, file).catch(refuse);
      }),
    chooseText: (text: string) => unlessHeld('The other column was not chosen', () => rows.choose({ text })),
    closeFile: () => unlessHeld('The file was not closed', rows.close),
    /** From the first row, or from where it was stopped. */
    start: async () => {
      await opening; // the file may have answers from before a reload
      choice.setState({ refused: null });
      earlier.set(null);
      return running.start(running.getState().run);
    },
  };
}

/** Saving the answers as files, and discarding them. */
function output({ services: { workflow } }: Studio, { rows, choice, kept, earlier, running, refuse }: State) {
  const save = async (name: string, make: () => Promise<{ readonly file: Blob }>): Promise<boolean> => {
    try {
      const { file } = await make();
      saveFile(name, file, file.type);
      return true;
    } catch (cause) {
      refuse(cause);
      return false;
    }
  };
  const saveAnswers = (what: string, onlyReview: boolean) => {
    const { fileName } = rows.source.getState().value?.format ?? { fileName: '' };
    const { options } = choice.getState();
    const stem = fileName.replace(/\.[^.]*$/, '') || 'rows';
    const request = { ...options, onlyReview };
    return save(`${stem}-${what}.${options.format}`, () => workflow.call('batchFile', request));
  };
  return {
    change: (options: Partial<BatchOptions>) =>
      choice.setState((before) => ({ options: { ...before.options, ...options } })),
    download: async () => {
      const isSaved = await saveAnswers('answered', false);
      if (isSaved) running.setState(({ run }) => ({ run: run && { ...run, isSaved } }));
    },
    /** Only the rows that a person should look at. */
    downloadReview: () => saveAnswers('to-review', true),
    /** The rows that were not answered, and why, as a file. */
    downloadLeftOut: () => save('rows-not-answered.csv', () => workflow.call('batchLeftOut', {})),
    /** Discards the answers, so that another prompt or file can be chosen; with an undo. */
    discard: () => {
      const { run, running: isRunning } = running.getState();
      const { value: file } = rows.source.getState();
      if (!run || isRunning) return;
      running.setState({ run: null, error: null });
      choice.setState({ refused: null });
      const discarded = kept.discard();
      toastUndo(`${run.progress.done} answers were discarded`, () => {
        // a file that was opened since has other rows
        if (running.getState().run !== null || rows.source.getState().value !== file) return;
        running.setState({ run });
        void discarded.then((before) => before && kept.restore(before));
      });
    },
    discardEarlier: () => {
      earlier.set(null);
      void kept.discard();
    },
  };
}

export const batch = perStudio((studio) => {
  const state = batchState(studio);
  const { choice, running, earlier } = state;
  return { choice, running, earlier, ...answering(studio, state), ...output(studio, state) };
});
