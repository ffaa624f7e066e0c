/** The Batch tab: what answers which file, and what happens with the answers. */
import { createStore } from 'zustand/vanilla';
import type { LabelScore } from '../../../dataset/csv-out';
import { blockingIssue } from '../../../dataset/lint/define';
import type { Change, ColumnMapping, Dataset, Row } from '../../../dataset/types';
import { currentVersion, freshVersion } from '../../../dataset/versions';
import { asStudioError, badInput, type StudioError } from '../../../lib/errors';
import type { Choice } from '../../../prompt-set/planned';
import { stamp } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import type { UnsureRow } from '../../../workflow/batch';
import { type Labelled, labelledFrom, labelQueue } from '../../state/label-queue';
import { navigate } from '../../state/location';
import { type Resource, resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { choiceKey } from '../../state/version-words';
import { toastUndo } from '../../ui';
import { saveFile } from '../../ui/download';
import { type BatchRun, batchJob, batchSeconds, type Chosen } from './batch-run';
import { batchRows } from './rows-file';

export interface BatchOptions {
  readonly format: 'csv' | 'jsonl';
  readonly neutralise: boolean;
  readonly bom: boolean;
  readonly each: LabelScore | 'nothing';
}

interface BatchChoice extends Chosen {
  readonly options: BatchOptions;
  readonly refused: StudioError | null;
}

const OPTIONS: BatchOptions = { format: 'csv', neutralise: true, bom: false, each: 'nothing' };

export const batchSet = perStudio(
  ({ services, stores: { promptSets } }): Resource<string, PromptSet | null> =>
    resource(async (setId) => {
      const open = promptSets.getState().set;
      return open?.id === setId ? open : services.store.sets.get(setId);
    }),
);

function batchState(studio: Studio) {
  const rows = batchRows.of(studio);
  const choice = createStore<BatchChoice>(() => ({ setId: null, which: null, options: OPTIONS, refused: null }));
  const running = batchJob(studio, choice.getState);
  const refuse = (cause: unknown) => choice.setState({ refused: asStudioError(cause, 'This did not work') });
  return { rows, choice, running, refuse };
}

type State = ReturnType<typeof batchState>;

/** Choosing prompt and file, and answering. Answers to another choice are shown no longer; they are not asked again. */
function answering({ rows, choice, running }: State) {
  const change = (act: () => void) => {
    const isBusy = running.getState().running;
    choice.setState({ refused: isBusy ? badInput('The batch is running. Stop it first.') : null });
    if (isBusy) return;
    running.setState({ run: null, error: null });
    act();
  };
  const chooseSet = (setId: string, which: Choice | null = null) => {
    const before = choice.getState();
    const isSame = which === null || (before.which !== null && choiceKey(which) === choiceKey(before.which));
    if (before.setId === setId && isSame) return;
    change(() => choice.setState({ setId, which }));
  };
  return {
    chooseSet,
    show: (setId: string, which: Choice) => {
      chooseSet(setId, which);
      navigate(`${location.hash.slice(1).split('?')[0]}?tab=batch`);
    },
    chooseWhich: (which: Choice) => change(() => choice.setState({ which })),
    openFile: (file: File) => change(() => void rows.open(file)),
    chooseText: (text: string) => change(() => rows.choose(text)),
    closeFile: () => change(rows.close),
    /** From the first row, or from where it was stopped. */
    start: () => {
      choice.setState({ refused: null });
      return running.start(running.getState().run);
    },
  };
}

function output({ services: { workflow } }: Studio, { rows, choice, running, refuse }: State) {
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
    return save(`${stem}-${what}.${options.format}`, () => workflow.call('batchFile', { ...options, onlyReview }));
  };
  return {
    change: (options: Partial<BatchOptions>) =>
      choice.setState((before) => ({ options: { ...before.options, ...options } })),
    download: async () => {
      const isSaved = await saveAnswers('answered', false);
      if (isSaved) running.setState(({ run }) => ({ run: run && { ...run, isSaved } }));
    },
    downloadReview: () => saveAnswers('to-review', true),
    downloadLeftOut: () => save('rows-not-answered.csv', () => workflow.call('batchLeftOut', {})),
  };
}

interface LabellingState {
  /** The answers that the labelled rows are of. */
  readonly of: BatchRun | null;
  /** The sentence of the version that the last ones made. */
  readonly added: string | null;
}

/** Rows that are asked about at a time: what a person labels in a few minutes. */
export const MOST_UNSURE = 20;

/** The rows of a prompt set, open or not. @throws StudioError `bad-input` where they are not in this browser */
function rowsOfSet({ services, stores }: Studio) {
  const datasetOf = async (setId: string): Promise<Dataset> => {
    const { set, dataset } = stores.promptSets.getState();
    const found = set?.id === setId ? dataset : (await services.store.datasets.get(setId))?.dataset;
    // stored before there were versions: going back needs a first one
    if (found)
      return found.versions ? found : freshVersion(found, `${found.table.format.fileName} opened`, stamp().now);
    throw badInput(
      'The rows of this prompt set are not in this browser, so none can be added. Open a file for it on Data.',
    );
  };
  /** Makes a change of the set's rows; test rows stay as they are. */
  const edit = async (setId: string, what: Change): Promise<Dataset> => {
    const before = await datasetOf(setId);
    const { now } = stamp();
    const { dataset, issues } = await services.workflow.call('edit', { dataset: before, change: what, now });
    const blocking = blockingIssue(issues);
    if (blocking) throw badInput(`${blocking.title}. ${blocking.advice}`);
    await stores.promptSets.getState().setRows(setId, dataset, { sameTestRows: true });
    return dataset;
  };
  return { datasetOf, edit };
}

const cellsOf = (labelled: Labelled<UnsureRow>, mapping: ColumnMapping): readonly Row[] =>
  labelledFrom(labelled).map(([{ index, line, cells, text }, label]) => ({
    id: String(index + 1),
    line,
    cells: { ...cells, [mapping.text]: text, [mapping.label]: label },
  }));

/** The rows that the prompt was least sure of: labelled by a person, and added to the training rows of its set. */
function labelling(studio: Studio, { rows, choice, running, refuse }: State) {
  const { workflow } = studio.services;
  const state = createStore<LabellingState>(() => ({ of: null, added: null }));
  const queue = labelQueue<UnsureRow>();
  const { datasetOf, edit } = rowsOfSet(studio);
  return {
    labelling: state,
    queue,
    label: async () => {
      const { setId } = choice.getState();
      const of = running.getState().run;
      if (setId === null || !of) return;
      try {
        const dataset = await datasetOf(setId);
        const found = await workflow.call('batchUnsure', {
          text: rows.column().text ?? '',
          dataset,
          most: MOST_UNSURE,
        });
        if (found.rows.length === 0) throw badInput('All answered texts are among the rows of the prompt set already.');
        queue.start(found.rows, dataset.labels);
        state.setState({ of, added: null });
      } catch (cause) {
        refuse(cause);
      }
    },
    /** The labelled rows as training rows, as one version of the data that names the file and who answered it. */
    add: async () => {
      const { of } = state.getState();
      const { setId } = choice.getState();
      const { value: file } = rows.source.getState();
      if (!of || setId === null || !file) return;
      queue.setState({ saving: true });
      try {
        const { mapping, table } = await datasetOf(setId);
        const from = `${file.format.fileName} (answered by ${of.who})`;
        const columns = [...file.columns.filter((name) => table.columns.includes(name)), mapping.text, mapping.label];
        const version = currentVersion(
          await edit(setId, { kind: 'add-rows', rows: cellsOf(queue.getState(), mapping), columns, from }),
        );
        queue.leave();
        state.setState({ added: version?.what ?? null });
        if (version)
          toastUndo(version.what, () => {
            state.setState({ added: null });
            return edit(setId, { kind: 'go-back', version: version.number - 1 }).catch(refuse);
          });
      } catch (cause) {
        queue.setState({ saving: false });
        refuse(cause);
      }
    },
  };
}

export const batch = perStudio((studio) => {
  const state = batchState(studio);
  const { choice, running } = state;
  const acts = { ...answering(state), ...output(studio, state), ...labelling(studio, state) };
  return { choice, running, seconds: batchSeconds(studio), ...acts };
});
