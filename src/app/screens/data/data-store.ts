/** From a file to a prepared data set: what was read, what was guessed, what the user changed. */
import { createStore } from 'zustand/vanilla';
import { MAX_BYTES } from '../../../dataset/limits';
import type { Change, ColumnMapping, Dataset, DataVersion, LintFinding, SplitBy, Table } from '../../../dataset/types';
import { currentVersion, freshVersion } from '../../../dataset/versions';
import { present } from '../../../lib/assert';
import { StudioError } from '../../../lib/errors';
import { changeTask } from '../../../project/prompt-set';
import type { Services } from '../../services';
import { NEW_PROJECT, navigate, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import { bytes as sizeWords } from '../../ui/format';
import { toastError, toastUndo } from '../../ui/toast';
import {
  type DataState,
  type DataStore,
  type MappingDraft,
  NOTHING,
  type Override,
  type Prepared,
  type Shares,
} from './data-state';
import { createSampleProject, findSample } from './sample-project';
import { nameFromFile, usedRows } from './words';

const SEED = 0;
const TRAIN_TO_VALIDATION = 0.5 / 0.65;

const complete = ({ text, label, id }: MappingDraft): ColumnMapping | null =>
  text !== null && label !== null ? { text, label, id } : null;

const sharesFor = (heldBack: number): Shares => ({
  train: (1 - heldBack) * TRAIN_TO_VALIDATION,
  validation: (1 - heldBack) * (1 - TRAIN_TO_VALIDATION),
  test: heldBack,
});

const isBlocked = (findings: readonly LintFinding[]) => findings.some(({ severity }) => severity === 'blocking');

export function createDataStore(services: Services, project: ProjectStore): DataStore {
  let bytes: Uint8Array | null = null;
  let turn = 0;

  const now = () => new Date().toISOString();
  /** Changes wait for each other: each is made on what the one before it left. */
  let changing: Promise<void> = Promise.resolve();

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
      how: {
        readonly shares?: Shares;
        readonly fixedSplit?: Dataset['split'];
        readonly seed?: number;
        readonly splitBy?: SplitBy;
        readonly labelOrder?: readonly string[];
        /** What the version is called, if the rows are others than before. */
        readonly what: string;
        readonly before?: readonly DataVersion[];
      },
    ): Promise<Prepared | null> {
      const mine = ++turn;
      set({ preparing: true });
      const { seed = SEED, what, before, ...rest } = how;
      const found = await services.data.call('prepare', { table, mapping, seed, ...rest });
      if (mine !== turn) return null; // a later change has overtaken this one
      const prepared = { ...found, dataset: freshVersion(found.dataset, what, now(), before) };
      set({ preparing: false, prepared, mapping });
      return prepared;
    }

    /** Keeps a prepared data set in the open project, or makes one for it. What is blocked makes none. */
    async function keep({ dataset, findings }: Prepared, how: { sameHeldBack?: boolean } = {}): Promise<void> {
      const { fileName } = dataset.table.format;
      const open = project.getState().set;
      if (isBlocked(findings)) return; // shown, with what to do; the project keeps the rows that it has
      if (open) {
        await project.getState().setDataset(dataset);
        const task = { datasetFingerprint: dataset.fingerprint, datasetName: fileName, ...how };
        await project.getState().update((s) => changeTask(s, task, now()));
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

    async function openNew(fileName: string, load: () => Uint8Array | Promise<Uint8Array>) {
      const opened = await read(fileName, load);
      if (!opened) return;
      project.getState().close();
      navigate(screenPath(NEW_PROJECT, 'data'));
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

    async function makeChange(change: Change) {
      const { prepared } = get();
      if (!prepared) return;
      const mine = ++turn;
      set({ preparing: true });
      try {
        const next = await services.data.call('edit', { dataset: prepared.dataset, change, now: now() });
        if (mine !== turn) return; // another file was opened meanwhile
        set({ preparing: false, prepared: next, table: next.dataset.table });
        await keep(next, { sameHeldBack: true });
        const made = currentVersion(next.dataset);
        if (made) toastUndo(made.what, () => void get().change({ kind: 'go-back', version: made.number - 1 }));
      } catch (cause) {
        if (mine === turn) set({ preparing: false });
        const isNothing = cause instanceof StudioError && cause.data?.kind === 'nothing-changed';
        if (!isNothing) toastError('Nothing was changed', cause instanceof StudioError ? cause.message : String(cause));
      }
    }

    // What is shown follows the open project: opened from the library, closed, or changed in another tab.
    project.subscribe((next, before) => {
      if (next.set === null && before.set !== null) {
        turn += 1;
        bytes = null;
        set({ ...NOTHING, failure: null });
      } else if (
        next.set &&
        next.dataset &&
        next.dataset !== before.dataset &&
        next.dataset !== get().prepared?.dataset
      )
        adopt(next.dataset).catch((cause: unknown) => failed(next.dataset?.table.format.fileName ?? 'The file', cause));
    });

    return {
      ...NOTHING,
      reading: null,
      failure: null,
      openFile: (file) => void openNew(file.name, () => bytesOf(file)),
      openText: (text) => void openNew('Pasted rows', () => new TextEncoder().encode(text)),
      replaceFile: (file) =>
        void replace(
          () => read(file.name, () => bytesOf(file)),
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
          const before = get().prepared?.dataset.versions ?? [];
          const what =
            before.length === 0 ? `${table.format.fileName} opened` : `Text is “${full.text}”, label “${full.label}”`;
          const prepared = await prepare(table, full, { what, before });
          if (prepared) await keep(prepared);
        } catch (cause) {
          failed(table.format.fileName, cause);
        }
      },
      split: async ({ heldBack, seed, by }) => {
        const { prepared, table } = get();
        if (!prepared || !table) return;
        const { dataset } = prepared;
        const n = usedRows(dataset);
        // what a column says has its own sizes; else those that were there stay, once they were chosen
        const wasByColumn = dataset.splitBy?.kind === 'column';
        const rows = heldBack ?? (wasByColumn ? null : dataset.split.test.length);
        try {
          const next = await prepare(table, dataset.mapping, {
            ...(rows === null ? {} : { shares: sharesFor(rows / n) }),
            splitBy: by ?? dataset.splitBy ?? { kind: 'seed' },
            seed: seed ?? dataset.seed,
            labelOrder: dataset.labels,
            what: 'Split anew',
            before: dataset.versions ?? [],
          });
          if (next) await keep(next);
        } catch (cause) {
          set({ preparing: false });
          toastError('The split stays as it was', cause instanceof StudioError ? cause.message : String(cause));
        }
      },
      change: (change) => {
        changing = changing.then(() => makeChange(change));
        return changing;
      },
      countTokens: async () => {
        const dataset = get().prepared?.dataset;
        if (!dataset || get().lengths?.fingerprint === dataset.fingerprint) return;
        const found = await services.data.call('textLengths', { dataset }).catch(() => null);
        if (found && get().prepared?.dataset.fingerprint === dataset.fingerprint)
          set({ lengths: { fingerprint: dataset.fingerprint, found } });
      },
      openSample: async () => {
        const sample = await services.loadSample();
        const kept = findSample(project.getState().sets, sample);
        if (kept) {
          await project.getState().open(kept.id);
          return present(project.getState().set, 'the sample’s project');
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
          ...(dataset.splitBy ? { splitBy: dataset.splitBy } : {}),
        })
        .then((found) => {
          // stored before there were versions: what is there now is the first one
          const known = dataset.versions
            ? dataset
            : freshVersion(dataset, `${dataset.table.format.fileName} opened`, now());
          const prepared = { ...found, dataset: known };
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
