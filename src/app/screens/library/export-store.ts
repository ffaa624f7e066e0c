/** The export dialog: a package is made as soon as a recipient is chosen, so that its contents and size are known before it is saved. */
import { createStore } from 'zustand/vanilla';
import type { Package } from '../../../interchange/package';
import { StudioError } from '../../../lib/errors';
import { chosenSoft, isUsable } from '../../../project/prompt-set';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Order } from '../../../workflow/exported-prompt';
import type { RecipientId } from '../../../workflow/exports';
import { resource } from '../../state/resource';
import { screenStore } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { saveFile } from '../../ui/download';
import { readStored } from './stored-set';

interface Choice extends Omit<Order, 'stored'> {
  readonly setId: string;
  readonly recipient: RecipientId;
  /** It cannot be made without the model. */
  readonly needsModel: boolean;
}

interface ExportState {
  /** Null while the dialog is closed. */
  readonly choice: Choice | null;
  /** Check rows scored so far, while they are. */
  readonly progress: RowsDone | null;
  readonly openExport: (setId: string, runId?: string) => Promise<void>;
  readonly changeExport: (change: Partial<Omit<Choice, 'setId'>>) => void;
  readonly closeExport: () => void;
  readonly save: () => void;
}

function createExportStore({ services, stores: { session } }: Studio) {
  const { store: disk } = services;

  const stored = resource(async (setId: string): Promise<Order['stored']> => {
    const [set, examples] = await Promise.all([
      readStored(disk, setId),
      disk.settings.get<readonly string[]>(`examples:${setId}`),
    ]);
    if (!set) throw new StudioError('bad-input', 'This prompt set is no longer in the library.');
    return { ...set, examples: examples ?? [] };
  });

  const made = resource(async ({ setId, needsModel, ...choice }: Choice, signal): Promise<Package> => {
    store.setState({ progress: null });
    await stored.load(setId);
    const { value, error } = stored.getState();
    if (!value) throw error ?? new StudioError('cancelled', 'Stopped.');
    if (needsModel) await session.getState().modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) store.setState({ progress });
    };
    return services.workflow.call('exportPackage', { ...choice, stored: value }, { signal, onEvent });
  });

  const store = createStore<ExportState>((set, get) => {
    const choose = (choice: Choice) => {
      set({ choice });
      void made.load(choice);
    };
    return {
      choice: null,
      progress: null,
      openExport: async (setId, runId) => {
        stored.clear();
        made.clear();
        await stored.load(setId);
        const open = stored.getState().value?.set;
        if (!open) return;
        const run = open.soft.find((version) => version.id === runId && isUsable(version)) ?? chosenSoft(open);
        choose({
          setId,
          runId: run?.id ?? null,
          recipient: run ? 'engineer' : 'browser',
          needsModel: run !== null,
          withRows: false,
        });
      },
      changeExport: (change) => {
        const { choice } = get();
        // consent to include rows is given for one recipient only
        const agreed = change.recipient === undefined ? {} : { withRows: false };
        if (choice) choose({ ...choice, ...agreed, ...change });
      },
      closeExport: () => {
        made.clear();
        set({ choice: null });
      },
      save: () => {
        const { value } = made.getState();
        if (!value) return;
        saveFile(value.name, value.content, value.type);
        get().closeExport();
      },
    };
  });
  return Object.assign(store, { stored, made });
}

export const useExport = screenStore(createExportStore);
