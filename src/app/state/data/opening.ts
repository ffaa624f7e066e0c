/** Opening rows: a file, pasted text, the bundled sample; as a new prompt set, or replacing the rows that are open. */
import type { StoreApi } from 'zustand/vanilla';
import { draftOf, NO_MAPPING } from '../../../dataset/columns';
import { MAX_BYTES } from '../../../dataset/limits';
import type { Dataset, DataVersion } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { addHardVersion, stamp } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { bytes as sizeWords } from '../../ui/format';
import { toastUndo } from '../../ui/toast';
import { NEW_PROJECT, navigate, readPath, screenOfNew, screenPath } from '../location';
import type { ProjectState, ProjectStore } from '../project-store';
import { secondsLeft } from '../rate';
import type { SampleProject, Services } from '../services';
import { type DataState, NOTHING, type Override } from './data-state';
import type { Preparing } from './preparing';

type Source = Uint8Array | Blob;
/** What is to be read. @throws StudioError when it is not */
type Load = () => Source;
type Opening = Pick<DataState, 'stopReading' | 'openFile' | 'openText' | 'replaceFile' | 'reread' | 'openSample'>;

/** The file. @throws StudioError `bad-input` where it is too large, before it is read */
function notTooLarge(file: File): File {
  if (file.size <= MAX_BYTES) return file;
  throw new StudioError(
    'bad-input',
    `It has ${sizeWords(file.size)}; files up to ${sizeWords(MAX_BYTES)} are read. A few thousand labelled rows are plenty: save a sample of it and open that.`,
  );
}

/** The bundled sample with its split, its answer words and both of its hand-written prompts. */
async function createSample(project: ProjectState, sample: SampleProject, dataset: Dataset): Promise<PromptSet> {
  await project.create({
    name: sample.name,
    dataset,
    datasetName: sample.csv.fileName,
    words: sample.words,
    baseTemplate: sample.template,
  });
  const versions = sample.prompts.map((prompt) => ({ ...prompt, at: stamp() }));
  return project.update((set) =>
    versions.reduce(
      (sum, { name, template, at }) =>
        addHardVersion(sum, at, { name, prompt: { template, shots: 0, shotSeed: 0 } }).set,
      set,
    ),
  );
}

export function openingRows(
  services: Services,
  project: ProjectStore,
  { prepare, keep, adopt, failed }: Preparing,
  { set, get }: { readonly set: StoreApi<DataState>['setState']; readonly get: () => DataState },
): Opening & { readonly forgetBytes: () => void } {
  let bytes: Source | null = null;
  let aborter = new AbortController();

  /** The table in a file; null when it cannot be read: the screen says why, and the open rows stay open. */
  async function read(fileName: string, load: Load, override?: Override) {
    aborter.abort(); // another file that was being read is given up
    aborter = new AbortController();
    const { signal } = aborter;
    set({ reading: fileName, readingShare: null, failure: null });
    const startedAt = performance.now();
    try {
      const found = load();
      const params = { fileName, bytes: found, ...(override ? { override } : {}) };
      const { guess, ...table } = await services.workflow.call('parse', params, {
        signal,
        onEvent: ({ done, total }) => {
          const left = secondsLeft(done, total, (performance.now() - startedAt) / 1000);
          if (!signal.aborted) set({ readingShare: { done: done / total, secondsLeft: left } });
        },
      });
      if (signal.aborted) return null;
      set({ reading: null });
      return { found, guess, table };
    } catch (cause) {
      if (signal.aborted) return null;
      failed(fileName, cause);
      return null;
    }
  }

  /** Puts a table on the screen, with what can be guessed of it, and keeps it where it can be used. */
  async function install(
    { found, guess, table }: NonNullable<Awaited<ReturnType<typeof read>>>,
    what: string,
    before?: readonly DataVersion[],
  ) {
    bytes = found;
    set({ ...NOTHING, table, canReread: true, mapping: guess ? draftOf(guess) : NO_MAPPING });
    try {
      const prepared = guess && (await prepare(table, guess, { what, ...(before ? { before } : {}) }));
      if (prepared) await keep(prepared);
    } catch (cause) {
      failed(table.format.fileName, cause);
    }
  }

  async function openNew(fileName: string, load: Load) {
    const from = readPath();
    const opened = await read(fileName, load);
    if (!opened) return;
    project.getState().close();
    // who chose another screen for these rows meanwhile stays on it
    if (readPath() === from || screenOfNew() === null) navigate(screenPath(NEW_PROJECT, 'data'));
    await install(opened, `${fileName} opened`);
  }

  /** Replaces the open rows and offers to undo it. */
  async function replace(load: () => ReturnType<typeof read>, what: string, done: (before: Dataset) => string) {
    const before = project.getState().dataset;
    const opened = await load();
    if (!opened) return;
    await install(opened, what, get().prepared?.dataset.versions);
    if (before && project.getState().dataset !== before)
      toastUndo(done(before), () => void adopt(before).then((prepared) => keep(prepared)));
  }

  return {
    forgetBytes: () => {
      bytes = null;
    },
    stopReading: () => {
      aborter.abort();
      set({ reading: null });
    },
    openFile: (file) => void openNew(file.name, () => notTooLarge(file)),
    openText: (text) => void openNew('Pasted rows', () => new TextEncoder().encode(text)),
    replaceFile: (file) =>
      void replace(
        () => read(file.name, () => notTooLarge(file)),
        `Replaced by ${file.name}`,
        (before) => `${before.table.format.fileName} was replaced`,
      ),
    reread: async (override) => {
      const { table } = get();
      const kept = bytes;
      if (!kept || !table) return;
      const { fileName } = table.format;
      await replace(
        () => read(fileName, () => kept, override),
        `${fileName} read again`,
        () => `${fileName} was read again`,
      );
    },
    openSample: async () => {
      const sample = await services.loadSample();
      const kept = project
        .getState()
        .sets.find(({ datasetName, hard }) => datasetName === sample.csv.fileName && hard > 0);
      if (kept) {
        await project.getState().open(kept.id);
        const { set: opened, openError } = project.getState();
        if (opened?.id !== kept.id)
          throw openError ?? new StudioError('cancelled', 'Another prompt set was opened meanwhile.');
        return opened;
      }
      project.getState().close();
      const { guess: _, ...table } = await services.workflow.call('parse', sample.csv);
      bytes = null;
      set({ table, canReread: false, failure: null });
      const mapping = { text: sample.textColumn, label: sample.labelColumn, id: sample.idColumn };
      const what = `${sample.csv.fileName} opened`;
      const prepared = await prepare(table, mapping, { fixedSplit: sample.split, seed: sample.seed, what });
      if (!prepared) throw new StudioError('cancelled', 'Another file was opened meanwhile.');
      const made = await createSample(project.getState(), sample, prepared.dataset);
      void services.store.persist();
      return made;
    },
  };
}
