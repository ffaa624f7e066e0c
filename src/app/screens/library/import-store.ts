/** The import dialog: files are read, checked with the loaded model, and stored only when the user agrees. */
import type { TaskForm, TaskFormFailure } from '../../../interchange/from-vectors';
import type { Incoming } from '../../../interchange/incoming';
import { badInput } from '../../../lib/errors';
import type { Result } from '../../../lib/result';
import type { NamedFile } from '../../../model/card';
import type { PromptSet } from '../../../prompt-set/types';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Check } from '../../../workflow/import';
import { resource } from '../../state/resource';
import { ActionStore, type Studio, screenStore } from '../../state/studio';
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

type Stored = Result<PromptSet, TaskFormFailure>;

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

class Imports extends ActionStore<ImportState> {
  readonly found = resource(async (brought: Brought, signal) => {
    const request = { files: await contentsOf(brought), taken: await takenHandles(this.studio) };
    return { file: broughtWords(brought), what: await this.services.workflow.call('readImport', request, { signal }) };
  });

  /** Fails if there is no model to check it with. */
  readonly check = resource(async (what: Incoming, signal): Promise<Check> => {
    this.set({ progress: null });
    if (what.kind === 'set') return { kind: 'fits' };
    await this.session.modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) this.set({ progress });
    };
    return this.services.workflow.call('checkImport', what, { signal, onEvent });
  });

  readonly stored = resource(
    async ({ what, form }: { readonly what: Incoming; readonly form: TaskForm }): Promise<Stored> => {
      const { store: disk, workflow } = this.services;
      if (what.kind === 'vectors') await this.session.modelReady();
      const isHere = what.kind === 'set' && (await disk.sets.get(what.set.id)) !== null;
      const request = { what, form, taken: await takenHandles(this.studio), isHere };
      const proposed = await workflow.call('proposeImport', request);
      if (!proposed.ok) return proposed;
      await storeSet(disk, proposed.value);
      await this.sets.refresh();
      return { ok: true, value: proposed.value.set };
    },
  );

  #show(isOpen: boolean): void {
    for (const step of [this.found, this.check, this.stored]) step.clear();
    this.set({ ...NOTHING, isOpen });
  }

  readonly open = () => {
    this.#show(true);
    this.dismiss();
  };

  readonly close = () => this.#show(false);

  readonly bring = async (name: string | null, files: readonly NamedFile[]) => {
    this.open();
    await this.found.load({ name, files });
    const what = this.found.getState().value?.what;
    if (!what) return;
    const checked = this.check.load(what);
    if (what.kind === 'vectors') this.set({ form: await firstForm(this.studio, name, what.placement ?? '') });
    await checked;
  };

  readonly changeForm = (change: Partial<TaskForm>) =>
    this.set(({ form }) => ({ form: { ...form, ...change, from: '' }, formError: null }));

  readonly takeTaskOf = async (setId: string) => {
    const task = await this.services.store.sets.get(setId);
    if (task) this.set(({ form }) => ({ form: { ...form, ...formOf(task) }, formError: null }));
  };

  readonly keep = async () => {
    const what = this.found.getState().value?.what;
    const checked = this.check.getState().value;
    if (!what || checked?.kind === 'refused' || this.stored.getState().status === 'loading') return;
    this.stored.clear();
    await this.stored.load({ what, form: this.getState().form });
    const { value: made } = this.stored.getState();
    if (made && !made.ok) this.set({ formError: made.error });
    if (!made?.ok) return;
    const { id: setId, name } = made.value;
    this.close();
    this.set({ imported: { setId, name, replay: checked?.kind === 'replayed' ? checked.replay : null } });
  };

  readonly undo = async ({ setId }: Imported) => {
    await this.services.store.sets.remove(setId);
    await this.sets.refresh();
    this.dismiss();
  };

  readonly dismiss = () => this.set({ imported: null });
}

export const useImports = screenStore((studio) => new Imports(studio, { ...NOTHING, isOpen: false, imported: null }));
