/** The import dialog: read, checked with the loaded model, and stored only when the person says so. */
import { createStore } from 'zustand/vanilla';
import type { Replay } from '../../../interchange/check-rows';
import type { TaskField, TaskForm } from '../../../interchange/from-vectors';
import type { Incoming } from '../../../interchange/incoming';
import { StudioError } from '../../../lib/errors';
import type { NamedFile } from '../../../model/folder';
import type { PromptSet } from '../../../project/types';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Check } from '../../../workflow/import';
import { navigate, screenPath } from '../../state/location';
import { resource } from '../../state/resource';
import { screenStore } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { storeSet } from './stored-set';

interface Brought {
  /** Of the file, or of the folder. */
  readonly name: string;
  readonly files: readonly NamedFile[];
}

interface Kept {
  readonly setId: string;
  readonly name: string;
  readonly replay: Replay | null;
}

interface ImportState {
  readonly isOpen: boolean;
  readonly form: TaskForm;
  readonly formError: { readonly field: TaskField; readonly message: string } | null;
  /** Check rows replayed so far, while they are. */
  readonly progress: RowsDone | null;
  readonly isStoring: boolean;
  readonly storeError: string | null;
  /** What was stored last, until its note is closed. */
  readonly kept: Kept | null;
  readonly open: () => void;
  readonly close: () => void;
  readonly bring: (name: string, files: readonly NamedFile[]) => Promise<void>;
  readonly changeForm: (change: Partial<TaskForm>) => void;
  readonly takeTaskOf: (setId: string) => Promise<void>;
  readonly keep: () => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly dismiss: () => void;
}

/** Of all files together, unpacked. */
const MOST_BYTES = 160 * 2 ** 20;
const NO_FORM: TaskForm = { name: '', template: '', words: '', placement: '', from: '' };
const NOTHING = { form: NO_FORM, formError: null, progress: null, storeError: null } as const;

/** A first name for vectors: that of their file or folder. */
const nameFor = (files: string) =>
  /^\d+ files$/.test(files) ? 'PEFT prompt' : files.replace(/\.[^.]*$/, '').slice(0, 80);

/** The task of a set that is already here, for the form. */
const formOf = (set: PromptSet): Pick<TaskForm, 'template' | 'words' | 'from'> => ({
  template: set.baseTemplate,
  words: set.words.map(({ label, word }) => `${label} = ${word.trim()}`).join('\n'),
  from: set.id,
});

async function contentsOf({ name, files }: Brought): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  let total = 0;
  for (const file of files) {
    total += file.size ?? 0;
    if (total > MOST_BYTES)
      throw new StudioError(
        'bad-input',
        `${name} has more than ${MOST_BYTES / 2 ** 20} MB, more than a prompt or prompt set needs. It was not read. Nothing was imported.`,
      );
    contents.set(file.path, await file.bytes());
  }
  return contents;
}

function createImportStore({ services, stores: { session, project } }: Studio) {
  const { store: disk, workflow } = services;
  const taken = async () =>
    (await disk.listings.list()).filter(({ deletedAt }) => deletedAt === null).map(({ handle }) => handle);

  /** What was brought, with the name of its file. */
  const found = resource(async (brought: Brought, signal) => {
    const files = await contentsOf(brought);
    const what = await workflow.call('readImport', { files, taken: await taken() }, { signal });
    return { file: brought.name, what };
  });

  /** How it agrees with the loaded model; fails where there is no model to check it with. */
  const check = resource(async (what: Incoming, signal): Promise<Check> => {
    store.setState({ progress: null });
    if (what.kind === 'set') return { kind: 'fits' };
    await session.getState().modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) store.setState({ progress });
    };
    return workflow.call('checkImport', what, { signal, onEvent });
  });

  /** The open set, or the newest with labels: its task is proposed. */
  async function firstTask(): Promise<PromptSet | null> {
    const { set: open, sets } = project.getState();
    const newest = sets.find(({ labels }) => labels.length > 1);
    return open && open.words.length > 1 ? open : newest ? disk.sets.get(newest.id) : null;
  }

  /** Stores what the verb proposes; null where the form is not complete. */
  async function storeProposed(what: Incoming): Promise<PromptSet | null> {
    const { form } = store.getState();
    if (what.kind === 'vectors') await session.getState().modelReady();
    const isHere = what.kind === 'set' && (await disk.sets.get(what.set.id)) !== null;
    const proposed = await workflow.call('proposeImport', { what, form, taken: await taken(), isHere });
    if (!proposed.ok) {
      const { kind: field, message } = proposed.error;
      store.setState({ formError: { field, message } });
      return null;
    }
    const { set } = proposed.value;
    await storeSet(disk, proposed.value);
    const examples = what.kind === 'prompt' ? what.examples : null;
    if (examples) await disk.settings.set(`examples:${set.id}`, examples);
    await project.getState().refresh();
    return set;
  }

  const clear = () => {
    found.clear();
    check.clear();
  };

  const store = createStore<ImportState>((set, get) => ({
    ...NOTHING,
    isOpen: false,
    isStoring: false,
    kept: null,
    open: () => {
      clear();
      set({ ...NOTHING, isOpen: true, kept: null });
    },
    close: () => {
      clear();
      set({ ...NOTHING, isOpen: false });
    },
    bring: async (name, files) => {
      get().open();
      await found.load({ name, files });
      const what = found.getState().value?.what;
      if (!what) return;
      const checked = check.load(what);
      if (what.kind === 'vectors') {
        const like = await firstTask();
        set({ form: { ...NO_FORM, name: nameFor(name), placement: what.placement ?? '', ...(like && formOf(like)) } });
      }
      await checked;
    },
    changeForm: (change) => set(({ form }) => ({ form: { ...form, ...change, from: '' }, formError: null })),
    takeTaskOf: async (setId) => {
      const like = await disk.sets.get(setId);
      if (like) set(({ form }) => ({ form: { ...form, ...formOf(like) }, formError: null }));
    },
    keep: async () => {
      const { value } = found.getState();
      const checked = check.getState().value;
      if (!value || checked?.kind === 'refused' || get().isStoring) return;
      set({ isStoring: true, storeError: null });
      try {
        const made = await storeProposed(value.what);
        if (!made) return;
        get().close();
        set({
          kept: { setId: made.id, name: made.name, replay: checked?.kind === 'replayed' ? checked.replay : null },
        });
        const isDemo = value.what.kind === 'prompt' && value.what.examples !== null;
        if (isDemo) navigate(`${screenPath(made.id, 'playground')}?stage=open`);
      } catch (cause) {
        set({ storeError: cause instanceof StudioError ? cause.message : `Something went wrong: ${String(cause)}` });
      } finally {
        set({ isStoring: false });
      }
    },
    undo: async () => {
      const { kept } = get();
      if (!kept) return;
      await disk.sets.remove(kept.setId);
      await project.getState().refresh();
      set({ kept: null });
    },
    dismiss: () => set({ kept: null }),
  }));
  return Object.assign(store, { found, check });
}

export const useImport = screenStore(createImportStore);
