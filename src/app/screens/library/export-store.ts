/** The export dialog: choosing a recipient makes the package, so that its contents and size are known before it is saved. */
import { createStore } from 'zustand/vanilla';
import type { Package } from '../../../interchange/package';
import type { Presented } from '../../../interchange/prompt-package';
import { StudioError } from '../../../lib/errors';
import { chosenSoft, isUsable } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Order } from '../../../workflow/exported-prompt';
import type { RecipientId } from '../../../workflow/exports';
import { resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { toastError } from '../../ui';
import { saveFile } from '../../ui/download';
import { readStored } from './stored-set';

export interface ExportChoice extends Omit<Order, 'stored'> {
  readonly recipient: RecipientId;
  /** The package cannot be made without the model. */
  readonly needsModel: boolean;
}

interface ExportState {
  /** Null while the dialog is closed. */
  readonly choice: ExportChoice | null;
  /** Check rows scored so far. */
  readonly progress: RowsDone | null;
}

/** What the dialog opens with: a tuned prompt for an engineer; the whole set for another browser if none is tuned. */
export function firstChoice(set: PromptSet, runId?: string): ExportChoice {
  const run = set.soft.find((version) => version.id === runId && isUsable(version)) ?? chosenSoft(set);
  return {
    runId: run?.id ?? null,
    recipient: run ? 'engineer' : 'browser',
    needsModel: run !== null,
    withRows: false,
  };
}

/** The choice after a change. Consent to include rows is given for one recipient only. */
export const changedChoice = (before: ExportChoice, change: Partial<ExportChoice>): ExportChoice => ({
  ...before,
  ...(change.recipient === undefined ? {} : { withRows: false }),
  ...change,
});

const storedOrder = ({ services: { store: disk } }: Studio) =>
  resource(async (setId: string): Promise<Order['stored']> => {
    const [set, examples] = await Promise.all([
      readStored(disk, setId),
      disk.settings.get<readonly Presented[]>(`examples:${setId}`),
    ]);
    if (!set) throw new StudioError('bad-input', 'This prompt set is no longer in the library.');
    return { ...set, examples: examples ?? [] };
  });

export const exporting = perStudio((studio) => {
  const { services, stores } = studio;
  const state = createStore<ExportState>(() => ({ choice: null, progress: null }));
  const stored = storedOrder(studio);
  const made = resource(async ({ needsModel, ...choice }: ExportChoice, signal): Promise<Package> => {
    state.setState({ progress: null });
    const { value } = stored.getState();
    if (!value) throw new StudioError('cancelled', 'Stopped.');
    if (needsModel) await stores.session.getState().modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) state.setState({ progress });
    };
    return services.workflow.call('exportPackage', { ...choice, stored: value }, { signal, onEvent });
  });
  const choose = (choice: ExportChoice) => {
    state.setState({ choice });
    void made.load(choice);
  };
  const close = () => {
    made.clear();
    state.setState({ choice: null });
  };
  return {
    state,
    stored,
    made,
    open: async (setId: string, runId?: string) => {
      stored.clear();
      made.clear();
      await stored.load(setId);
      const { value, error } = stored.getState();
      if (value) choose(firstChoice(value.set, runId));
      else if (error) toastError('The prompt set cannot be exported', error.message);
    },
    change: (change: Partial<ExportChoice>) => {
      const { choice } = state.getState();
      if (choice) choose(changedChoice(choice, change));
    },
    close,
    save: ({ name, content, type }: Package) => {
      saveFile(name, content, type);
      close();
    },
  };
});
