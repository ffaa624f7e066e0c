/** From a file to a prepared data set: what was read, what was guessed, what the user changed. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { MAX_BYTES } from '../../../dataset/limits';
import type { ColumnMapping, Dataset, LintFinding, SourceFormat, SplitName, Table } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { changeTask } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import type { DataMethods } from '../../../worker/protocol';
import type { Services } from '../../services';
import { NEW_PROJECT, navigate, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import { bytes as sizeWords } from '../../ui/format';
import { toastError, toastUndo } from '../../ui/toast';
import { createSampleProject, findSample } from './sample-project';
import { nameFromFile, usedRows } from './words';

export type Prepared = ReturnType<DataMethods['prepare']>;
type Shares = Readonly<Record<SplitName, number>>;
type Override = Partial<Pick<SourceFormat, 'delimiter' | 'encoding'>>;

/** A mapping that may still lack its text or label column. */
interface MappingDraft {
  readonly text: string | null;
  readonly label: string | null;
  readonly id: string | null;
}

export interface DataState {
  /** The file that is being read, or null. */
  readonly reading: string | null;
  readonly preparing: boolean;
  /** Why the last file could not be opened; what was open before stays open. */
  readonly failure: { readonly title: string; readonly message: string } | null;
  readonly table: Table | null;
  readonly mapping: MappingDraft;
  readonly prepared: Prepared | null;
  /** The bytes are there, so that delimiter and encoding can be overridden (not after a reload). */
  readonly canReread: boolean;
  readonly openFile: (file: File) => void;
  readonly replaceFile: (file: File) => void;
  readonly openText: (text: string) => void;
  readonly reread: (override: Override) => Promise<void>;
  readonly map: (change: Partial<MappingDraft>) => Promise<void>;
  /** How many rows are held back; the rest is shared 50 : 15 between training and validation. */
  readonly holdBack: (rows: number) => Promise<void>;
  /** Opens the bundled sample as a project (the one there is, if there is one). */
  readonly openSample: () => Promise<PromptSet>;
  readonly dismissFailure: () => void;
}

export type DataStore = StoreApi<DataState>;

const NOTHING: Pick<DataState, 'table' | 'mapping' | 'prepared' | 'canReread' | 'preparing'> = {
  table: null,
  mapping: { text: null, label: null, id: null },
  prepared: null,
  canReread: false,
  preparing: false,
};
const SEED = 0;
const TRAIN_TO_VALIDATION = 0.5 / 0.65;

const complete = ({ text, label, id }: MappingDraft): ColumnMapping | null =>
  text !== null && label !== null ? { text, label, id } : null;

const isBlocked = (findings: readonly LintFinding[]) => findings.some(({ severity }) => severity === 'blocking');

export function createDataStore(services: Services, project: ProjectStore): DataStore {
  let bytes: Uint8Array | null = null;
  let turn = 0;

  const store = createStore<DataState>((set, get) => {
    const failed = (fileName: string, cause: unknown) => {
      const message = cause instanceof StudioError ? cause.message : `It could not be read (${String(cause)}).`;
      const title = `${fileName} was not opened`;
      set({ reading: null, preparing: false, failure: { title, message } });
      // the start and the Data screen show it in their place
      if (!/^#?\/?$|\/data\b/.test(location.hash)) toastError(title, message);
    };

    async function prepare(
      table: Table,
      mapping: ColumnMapping,
      how: { readonly shares?: Shares; readonly fixedSplit?: Dataset['split']; readonly seed?: number },
    ): Promise<Prepared | null> {
      const mine = ++turn;
      set({ preparing: true });
      const { seed = SEED, ...rest } = how;
      const prepared = await services.data.call('prepare', { table, mapping, seed, ...rest });
      if (mine !== turn) return null; // a later change has overtaken this one
      set({ preparing: false, prepared, mapping });
      return prepared;
    }

    /** Keeps a prepared data set in the open project, or makes one for it. What is blocked makes none. */
    async function keep({ dataset, findings }: Prepared): Promise<void> {
      const { fileName } = dataset.table.format;
      const open = project.getState().set;
      if (isBlocked(findings)) return; // shown, with what to do; the project keeps the rows that it has
      if (open) {
        await project.getState().setDataset(dataset);
        const now = new Date().toISOString();
        await project
          .getState()
          .update((s) => changeTask(s, { datasetFingerprint: dataset.fingerprint, datasetName: fileName }, now));
      } else {
        const made = await project.getState().create({ name: nameFromFile(fileName), dataset, datasetName: fileName });
        navigate(screenPath(made.id, 'data'), { replace: true });
        void services.store.persist();
      }
    }

    /** The table in a file; null when it cannot be read, which is said, and what was open stays open. */
    async function read(fileName: string, load: () => Uint8Array | Promise<Uint8Array>, override?: Override) {
      set({ reading: fileName, failure: null });
      try {
        const found = await load();
        const params = { fileName, bytes: found, ...(override ? { override } : {}) };
        const { guess, ...table } = await services.data.call('parse', params);
        set({ reading: null });
        return { found, guess, table };
      } catch (cause) {
        failed(fileName, cause);
        return null;
      }
    }

    /** Puts a table on the screen, with what can be guessed of it, and keeps it where it can be used. */
    async function install({ found, guess, table }: NonNullable<Awaited<ReturnType<typeof read>>>) {
      bytes = found;
      set({ ...NOTHING, table, canReread: true, mapping: guess ?? NOTHING.mapping });
      try {
        const prepared = guess && (await prepare(table, guess, {}));
        if (prepared) await keep(prepared);
      } catch (cause) {
        failed(table.format.fileName, cause);
      }
    }

    async function openNew(fileName: string, load: () => Uint8Array | Promise<Uint8Array>) {
      const opened = await read(fileName, load);
      if (!opened) return;
      project.getState().close();
      navigate(screenPath(NEW_PROJECT, 'data'));
      await install(opened);
    }

    async function replace(file: File) {
      const before = project.getState().dataset;
      const opened = await read(file.name, () => bytesOf(file));
      if (!opened) return;
      await install(opened);
      if (before && project.getState().dataset !== before)
        toastUndo(`${before.table.format.fileName} was replaced`, () => void adopt(before).then(keep));
    }

    // What is shown follows the open project: opened from the library, closed, or changed in another tab.
    project.subscribe((now, before) => {
      if (now.set === null && before.set !== null) {
        turn += 1;
        bytes = null;
        set({ ...NOTHING, failure: null });
      } else if (now.set && now.dataset && now.dataset !== before.dataset && now.dataset !== get().prepared?.dataset)
        adopt(now.dataset).catch((cause: unknown) => failed(now.dataset?.table.format.fileName ?? 'The file', cause));
    });

    return {
      ...NOTHING,
      reading: null,
      failure: null,
      openFile: (file) => void openNew(file.name, () => bytesOf(file)),
      openText: (text) => void openNew('Pasted rows', () => new TextEncoder().encode(text)),
      replaceFile: (file) => void replace(file),
      reread: async (override) => {
        const { table } = get();
        const kept = bytes;
        const opened = kept && table && (await read(table.format.fileName, () => kept, override));
        if (opened) await install(opened);
      },
      map: async (change) => {
        const mapping = { ...get().mapping, ...change };
        // choosing for one role the column that has the other one swaps them
        if (change.text && change.text === mapping.label) Object.assign(mapping, { label: get().mapping.text });
        if (change.label && change.label === mapping.text) Object.assign(mapping, { text: get().mapping.label });
        set({ mapping });
        const { table } = get();
        const full = complete(mapping);
        if (!table || !full) return;
        try {
          const prepared = await prepare(table, full, {});
          if (prepared) await keep(prepared);
        } catch (cause) {
          failed(table.format.fileName, cause);
        }
      },
      holdBack: async (rows) => {
        const { prepared, table } = get();
        if (!prepared || !table) return;
        const n = usedRows(prepared.dataset);
        const left = 1 - rows / n;
        const shares = {
          train: left * TRAIN_TO_VALIDATION,
          validation: left * (1 - TRAIN_TO_VALIDATION),
          test: rows / n,
        };
        const next = await prepare(table, prepared.dataset.mapping, { shares, seed: prepared.dataset.seed });
        if (next) await keep(next);
      },
      openSample: async () => {
        const sample = await services.loadSample();
        const kept = findSample(project.getState().sets, sample);
        if (kept) {
          await project.getState().open(kept.id);
          return kept;
        }
        project.getState().close();
        const { guess: _, ...table } = await services.data.call('parse', sample.csv);
        bytes = null;
        set({ table, canReread: false, failure: null });
        const mapping = { text: sample.textColumn, label: sample.labelColumn, id: sample.idColumn };
        const prepared = await prepare(table, mapping, { fixedSplit: sample.split, seed: sample.seed });
        if (!prepared) throw new StudioError('cancelled', 'Another file was opened meanwhile.');
        const made = await createSampleProject(project.getState(), sample, prepared.dataset);
        void services.store.persist();
        return made;
      },
      dismissFailure: () => set({ failure: null }),
    };

    /** Shows a data set that came from the disk or from another tab: its findings are found again, its split stays. */
    function adopt(dataset: Dataset): Promise<Prepared> {
      turn += 1;
      const mine = turn;
      set({ table: dataset.table, mapping: dataset.mapping, canReread: false, preparing: true });
      return services.data
        .call('prepare', {
          table: dataset.table,
          mapping: dataset.mapping,
          seed: dataset.seed,
          fixedSplit: dataset.split,
        })
        .then((found) => {
          const prepared = { ...found, dataset };
          if (mine === turn) set({ prepared, preparing: false });
          return prepared;
        });
    }
  });

  return store;
}

async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > MAX_BYTES)
    throw new StudioError(
      'bad-input',
      `It has ${sizeWords(file.size)}; files up to ${sizeWords(MAX_BYTES)} are read. A few thousand labelled rows are plenty: save a sample of it and open that.`,
    );
  return new Uint8Array(await file.arrayBuffer());
}
