/** Opening rows: a file, pasted text, the bundled sample; in a project of their own or in the place of those that are open. */
import type { StoreApi } from 'zustand/vanilla';
import type { Dataset, DataVersion } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { NEW_PROJECT, navigate, readPath, screenOfNew, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import { secondsLeft } from '../../state/rate';
import type { Services } from '../../state/services';
import { toastUndo } from '../../ui/toast';
import { type DataState, NOTHING, type Override } from './data-state';
import { notTooLarge } from './file-size';
import type { Preparing } from './prepare-rows';
import { createSampleProject, findSample } from './sample-project';

type Source = Uint8Array | Blob;
/** What is to be read. @throws StudioError when it is not */
type Load = () => Source;
type Opening = Pick<DataState, 'stopReading' | 'openFile' | 'openText' | 'replaceFile' | 'reread' | 'openSample'>;

export function openingRows(
  services: Services,
  project: ProjectStore,
  { prepare, keep, adopt, failed }: Preparing,
  { set, get }: { readonly set: StoreApi<DataState>['setState']; readonly get: () => DataState },
): Opening & { readonly forgetBytes: () => void } {
  let bytes: Source | null = null;
  let aborter = new AbortController();

  /** The table in a file; null when it cannot be read, which is said, and what was open stays open. */
  async function read(fileName: string, load: Load, override?: Override) {
    aborter.abort(); // another file that was being read is given up
    aborter = new AbortController();
    const { signal } = aborter;
    set({ reading: fileName, readingShare: null, failure: null });
    const startedAt = performance.now();
    try {
      const found = load();
      const params = { fileName, bytes: found, ...(override ? { override } : {}) };
      const { guess, ...table } = await services.data.call('parse', params, {
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
    set({ ...NOTHING, table, canReread: true, mapping: guess ?? NOTHING.mapping });
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

  /** Puts other rows in the place of those that are open, and offers the way back. */
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
        `${fileName} read anew`,
        () => `${fileName} was read anew`,
      );
    },
    openSample: async () => {
      const sample = await services.loadSample();
      const kept = findSample(project.getState().sets, sample);
      if (kept) {
        await project.getState().open(kept.id);
        const { set: opened, openError } = project.getState();
        if (opened?.id !== kept.id)
          throw openError ?? new StudioError('cancelled', 'Another project was opened meanwhile.');
        return opened;
      }
      project.getState().close();
      const { guess: _, ...table } = await services.data.call('parse', sample.csv);
      bytes = null;
      set({ table, canReread: false, failure: null });
      const mapping = { text: sample.textColumn, label: sample.labelColumn, id: sample.idColumn };
      const what = `${sample.csv.fileName} opened`;
      const prepared = await prepare(table, mapping, { fixedSplit: sample.split, seed: sample.seed, what });
      if (!prepared) throw new StudioError('cancelled', 'Another file was opened meanwhile.');
      const made = await createSampleProject(project.getState(), sample, prepared.dataset);
      void services.store.persist();
      return made;
    },
  };
}
