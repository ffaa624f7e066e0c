/** The import dialog: files are read, checked with the loaded model, and stored only when the user agrees. */
import { createStore } from 'zustand/vanilla';
import type { TaskForm, TaskFormFailure } from '../../../interchange/from-vectors';
import type { Incoming } from '../../../interchange/incoming';
import { badInput } from '../../../lib/errors';
import type { Result } from '../../../lib/result';
import type { NamedFile } from '../../../model/card';
import type { PromptSet } from '../../../prompt-set/types';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Check } from '../../../workflow/import';
import { resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { storeSet } from './stored-set';

interface Imported {
  readonly setId: string;
  readonly name: string;
  readonly replay: Extract<Check, { readonly kind: 'replayed' }>['replay'] | null;
}

interface ImportState {
  readonly isOpen: boolean;
  readonly form: TaskForm;
  readonly formError: TaskFormFailure | null;
  readonly progress: RowsDone | null;
  readonly imported: Imported | null;
}

/** Of all files together, unpacked. */
const MOST_BYTES = 160 * 2 ** 20;
const NO_FORM: TaskForm = { name: '', template: '', words: '', placement: '', from: '' };
const NOTHING = { form: NO_FORM, formError: null, progress: null } as const;

interface Brought {
  /** Null = several files of no folder. */
  readonly name: string | null;
  readonly files: readonly NamedFile[];
}

/** What is imported, in words. */
export const broughtWords = ({ name, files }: Brought): string => name ?? `${files.length} files`;

const formOf = (set: PromptSet): Pick<TaskForm, 'template' | 'words' | 'from'> => ({
  template: set.baseTemplate,
  words: set.words.map(({ label, word }) => `${label} = ${word.trim()}`).join('\n'),
  from: set.id,
});

async function contentsOf(brought: Brought): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  let total = 0;
  for (const file of brought.files) {
    total += file.size ?? 0;
    if (total > MOST_BYTES)
      throw badInput(
        `${broughtWords(brought)} has more than ${MOST_BYTES / 2 ** 20} MB, more than a prompt or prompt set needs. It was not read. Nothing was imported.`,
      );
    contents.set(file.path, await file.bytes());
  }
  return contents;
}

async function takenHandles({ services: { store: disk } }: Studio): Promise<readonly string[]> {
  const all = await disk.listings.list();
  return all.filter(({ deletedAt }) => deletedAt === null).map(({ handle }) => handle);
}

/** The form for vectors, with the task of the open set, or of the newest with labels. */
async function firstForm({ services, stores }: Studio, file: string | null, placement: TaskForm['placement']) {
  const { set: open, sets } = stores.promptSets.getState();
  const newest = sets.find(({ labels }) => labels.length > 1);
  const like = open && open.words.length > 1 ? open : newest ? await services.store.sets.get(newest.id) : null;
  const name = file?.replace(/\.[^.]*$/, '').slice(0, 80) ?? 'PEFT prompt';
  return { ...NO_FORM, name, placement, ...(like && formOf(like)) };
}

async function storeImport(
  studio: Studio,
  what: Incoming,
  form: TaskForm,
): Promise<Result<PromptSet, TaskFormFailure>> {
  const { services, stores } = studio;
  const { store: disk, workflow } = services;
  if (what.kind === 'vectors') await stores.session.getState().modelReady();
  const isHere = what.kind === 'set' && (await disk.sets.get(what.set.id)) !== null;
  const proposed = await workflow.call('proposeImport', { what, form, taken: await takenHandles(studio), isHere });
  if (!proposed.ok) return proposed;
  const { set } = proposed.value;
  await storeSet(disk, proposed.value);
  await stores.promptSets.getState().refresh();
  return { ok: true, value: set };
}

function importSteps(studio: Studio, onProgress: (progress: RowsDone | null) => void) {
  const { services, stores } = studio;
  const { workflow } = services;
  const found = resource(async (brought: Brought, signal) => {
    const request = { files: await contentsOf(brought), taken: await takenHandles(studio) };
    return { file: broughtWords(brought), what: await workflow.call('readImport', request, { signal }) };
  });
  /** Fails if there is no model to check it with. */
  const check = resource(async (what: Incoming, signal): Promise<Check> => {
    onProgress(null);
    if (what.kind === 'set') return { kind: 'fits' };
    await stores.session.getState().modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) onProgress(progress);
    };
    return workflow.call('checkImport', what, { signal, onEvent });
  });
  const stored = resource(({ what, form }: { readonly what: Incoming; readonly form: TaskForm }) =>
    storeImport(studio, what, form),
  );
  const clear = () => {
    for (const step of [found, check, stored]) step.clear();
  };
  return { found, check, stored, clear };
}

export const imports = perStudio((studio) => {
  const { store: disk } = studio.services;
  const state = createStore<ImportState>(() => ({ ...NOTHING, isOpen: false, imported: null }));
  const { found, check, stored, clear } = importSteps(studio, (progress) => state.setState({ progress }));
  const open = () => {
    clear();
    state.setState({ ...NOTHING, isOpen: true, imported: null });
  };
  const close = () => {
    clear();
    state.setState({ ...NOTHING, isOpen: false });
  };
  return {
    state,
    found,
    check,
    stored,
    open,
    close,
    bring: async (name: string | null, files: readonly NamedFile[]) => {
      open();
      await found.load({ name, files });
      const what = found.getState().value?.what;
      if (!what) return;
      const checked = check.load(what);
      if (what.kind === 'vectors') state.setState({ form: await firstForm(studio, name, what.placement ?? '') });
      await checked;
    },
    changeForm: (change: Partial<TaskForm>) =>
      state.setState(({ form }) => ({ form: { ...form, ...change, from: '' }, formError: null })),
    takeTaskOf: async (setId: string) => {
      const task = await disk.sets.get(setId);
      if (task) state.setState(({ form }) => ({ form: { ...form, ...formOf(task) }, formError: null }));
    },
    keep: async () => {
      const what = found.getState().value?.what;
      const checked = check.getState().value;
      if (!what || checked?.kind === 'refused' || stored.getState().status === 'loading') return;
      stored.clear();
      await stored.load({ what, form: state.getState().form });
      const { value: made } = stored.getState();
      if (made && !made.ok) state.setState({ formError: made.error });
      if (!made?.ok) return;
      const { id: setId, name } = made.value;
      close();
      state.setState({ imported: { setId, name, replay: checked?.kind === 'replayed' ? checked.replay : null } });
    },
    undo: async ({ setId }: Imported) => {
      await disk.sets.remove(setId);
      await studio.stores.promptSets.getState().refresh();
      state.setState({ imported: null });
    },
    dismiss: () => state.setState({ imported: null }),
  };
});
