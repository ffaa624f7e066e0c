/** One import: read, looked at, checked against the loaded model, and stored only when the person says so. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Incoming } from '../../../interchange/incoming';
import type { CompleteSet } from '../../../interchange/set-files';
import { StudioError } from '../../../lib/errors';
import type { NamedFile } from '../../../model/folder';
import { uniqueHandle } from '../../../project/handle';
import { chosenSoft } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { navigate, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { type Replay, replay } from './check-rows';
import { whyNotFit } from './fit';
import { loadInterchange } from './load-interchange';
import { formOf, readForm, type TaskField, type TaskForm } from './task-form';
import { storeWhole } from './whole-store';

/** How what was found stands to the model that is loaded. */
export type Check =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'replaying'; readonly done: number; readonly total: number }
  | { readonly kind: 'replayed'; readonly replay: Replay }
  /** It fits, and brings nothing to replay. */
  | { readonly kind: 'fits' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** There is no model to check it with. */
  | { readonly kind: 'unchecked'; readonly reason: string };

export interface ImportState {
  readonly isOpen: boolean;
  readonly reading: string | null;
  readonly error: { readonly file: string; readonly message: string } | null;
  readonly found: { readonly file: string; readonly what: Incoming } | null;
  readonly check: Check;
  readonly form: TaskForm;
  readonly formError: { readonly field: TaskField; readonly message: string } | null;
  /** What was stored last; said until it is closed. */
  readonly kept: { readonly setId: string; readonly name: string; readonly replay: Replay | null } | null;
  readonly open: () => void;
  readonly close: () => void;
  /** `name`: of the file, or of the folder. */
  readonly bring: (name: string, files: readonly NamedFile[]) => Promise<void>;
  readonly changeForm: (change: Partial<TaskForm>) => void;
  readonly takeTaskOf: (setId: string) => Promise<void>;
  readonly keep: () => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly dismiss: () => void;
}

export type ImportStore = StoreApi<ImportState>;

const NO_FORM: TaskForm = { name: '', template: '', words: '', placement: '', from: '' };
const NOTHING = { reading: null, error: null, found: null, formError: null, check: { kind: 'waiting' } } as const;

/** A first name for vectors: that of their file or folder. */
const nameFor = (files: string) =>
  /^\d+ files$/.test(files) ? 'PEFT prompt' : files.replace(/\.[^.]*$/, '').slice(0, 80);

const NOTHING_KEPT = 'Nothing was imported.';

const messageOf = (cause: unknown): string =>
  cause instanceof StudioError ? cause.message : `Something went wrong: ${String(cause)}`;

export function createImportStore(services: Services, session: SessionStore, project: ProjectStore): ImportStore {
  const { store: disk } = services;
  let mine: AbortController | null = null;
  let keeping = false;

  return createStore<ImportState>((set, get) => {
    const here = async () => ({
      id: crypto.randomUUID(),
      now: new Date().toISOString(),
      taken: (await disk.sets.list()).filter(({ deletedAt }) => deletedAt === null).map(({ handle }) => handle),
    });

    async function read(name: string, files: readonly NamedFile[]): Promise<Incoming> {
      const { LIMITS, readIncoming } = await loadInterchange();
      const contents = new Map<string, Uint8Array>();
      let total = 0;
      for (const file of files) {
        if (file.size !== undefined) total += file.size;
        if (total > LIMITS.totalBytes)
          throw new StudioError(
            'bad-input',
            `${name} has more than ${Math.round(LIMITS.totalBytes / 2 ** 20)} MB; a prompt or project has less. It was not read. Nothing was imported.`,
          );
        contents.set(file.path, await file.bytes());
      }
      const found = await readIncoming(contents, await here());
      if (!found.ok) {
        const { message } = found.error;
        throw new StudioError('bad-input', message.endsWith(NOTHING_KEPT) ? message : `${message} ${NOTHING_KEPT}`);
      }
      return found.value;
    }

    /** The open set, or the newest with answers: its task is proposed. */
    async function firstTask(): Promise<PromptSet | null> {
      const { set: open, sets } = project.getState();
      const newest = sets.find(({ labels }) => labels.length > 1);
      return open && open.words.length > 1 ? open : newest ? disk.sets.get(newest.id) : null;
    }

    async function checkFit(what: Incoming, { signal }: AbortController): Promise<void> {
      const show = (check: Check) => {
        if (!signal.aborted) set({ check });
      };
      if (what.kind === 'project') return show({ kind: 'fits' });
      show({ kind: 'waiting' });
      const info = await session
        .getState()
        .modelReady()
        .catch((cause: unknown) => show({ kind: 'unchecked', reason: messageOf(cause) }));
      if (!info) return;
      const reason = whyNotFit(what, info);
      if (reason !== null) return show({ kind: 'refused', reason });
      const soft = what.kind === 'prompt' ? chosenSoft(what.set)?.soft : null;
      if (what.kind !== 'prompt' || !soft) return show({ kind: 'fits' });
      show({ kind: 'replaying', done: 0, total: what.sidecar.parityRows.length });
      try {
        const result = await replay(services, what.sidecar, soft, {
          signal,
          onProgress: ({ done, total }) => show({ kind: 'replaying', done, total }),
        });
        show({ kind: 'replayed', replay: result });
      } catch (cause) {
        show({ kind: 'unchecked', reason: messageOf(cause) });
      }
    }

    /** Vectors with the task of the form, once its answer words can be told apart. */
    async function fromForm(what: Extract<Incoming, { kind: 'vectors' }>): Promise<PromptSet | null> {
      const { form } = get();
      const task = readForm(form);
      if (!task.ok) {
        set({ formError: { field: task.error.kind, message: task.error.message } });
        return null;
      }
      const info = await session.getState().modelReady();
      const { collisions } = await services.data.call('labelTokens', { words: task.value.words });
      const [collision] = collisions;
      if (collision) {
        const message = `The model cannot tell the answer words of ${collision.labels.join(' and ')} apart: they are the same tokens.`;
        set({ formError: { field: 'words', message } });
        return null;
      }
      const { now, taken, id } = await here();
      const { setFromVectors } = await loadInterchange();
      return setFromVectors(
        { id, runId: crypto.randomUUID(), now },
        {
          ...task.value,
          name: form.name,
          taken,
          table: what.table,
          source: what.source,
          model: { id: info.id, sha256: info.sha256, dtype: info.dtype },
        },
      );
    }

    async function wholeFor(what: Incoming): Promise<CompleteSet | null> {
      const nothing = { checkpoints: [], evaluations: [], writings: [], measurements: [] };
      if (what.kind === 'prompt') return { set: what.set, dataset: what.dataset, ...nothing };
      if (what.kind === 'vectors') {
        const made = await fromForm(what);
        return made && { set: made, dataset: null, ...nothing };
      }
      const { id, now, taken } = await here();
      const handle = uniqueHandle(what.set.name, taken);
      const asNew = { ...what, set: { ...what.set, handle, deletedAt: null, updatedAt: now } };
      if (!(await disk.sets.get(what.set.id))) return asNew;
      const { renewed } = await loadInterchange();
      return renewed(asNew, { id, handle, newId: () => crypto.randomUUID() });
    }

    return {
      isOpen: false,
      form: NO_FORM,
      kept: null,
      ...NOTHING,
      open: () => set({ isOpen: true, kept: null, ...NOTHING }),
      close: () => {
        mine?.abort();
        set({ isOpen: false, ...NOTHING });
      },
      bring: async (name, files) => {
        mine?.abort();
        const running = new AbortController();
        mine = running;
        set({ isOpen: true, kept: null, ...NOTHING, reading: name });
        try {
          const what = await read(name, files);
          if (running.signal.aborted) return;
          const placement = what.kind === 'vectors' ? (what.placement ?? '') : '';
          const like = what.kind === 'vectors' ? await firstTask() : null;
          const form: TaskForm = { ...NO_FORM, name: nameFor(name), placement };
          set({ reading: null, found: { file: name, what }, form: like ? { ...form, ...formOf(like) } : form });
          await checkFit(what, running);
        } catch (cause) {
          if (!running.signal.aborted) set({ ...NOTHING, error: { file: name, message: messageOf(cause) } });
        }
      },
      changeForm: (change) => set(({ form }) => ({ form: { ...form, ...change, from: '' }, formError: null })),
      takeTaskOf: async (setId) => {
        const like = await disk.sets.get(setId);
        if (like) set(({ form }) => ({ form: { ...form, ...formOf(like) }, formError: null }));
      },
      keep: async () => {
        const { found, check } = get();
        if (!found || check.kind === 'refused' || keeping) return;
        keeping = true;
        try {
          const whole = await wholeFor(found.what);
          if (!whole) return;
          const { set: made } = whole;
          await storeWhole(disk, whole);
          const examples = found.what.kind === 'prompt' ? found.what.examples : null;
          if (examples) await disk.settings.set(`examples:${made.id}`, examples);
          await project.getState().refresh();
          const result = check.kind === 'replayed' ? check.replay : null;
          get().close();
          set({ kept: { setId: made.id, name: made.name, replay: result } });
          if (examples) navigate(`${screenPath(made.id, 'playground')}?stage=open`);
        } catch (cause) {
          set({ error: { file: found.file, message: messageOf(cause) } });
        } finally {
          keeping = false;
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
    };
  });
}
