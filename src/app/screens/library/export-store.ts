/** The export dialog: choosing a recipient makes the package, so that its contents and size are known before it is saved. */
import { createStore } from 'zustand/vanilla';
import type { Exported } from '../../../interchange/exported';
import { badInput, StudioError } from '../../../lib/errors';
import { chosenTrained, chosenWritten } from '../../../prompt-set/make-versions';
import type { ExportRequest } from '../../../workflow';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Order } from '../../../workflow/export-subjects';
import { resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { toastError } from '../../ui';
import { saveFile } from '../../ui/download';
import { readStored } from './stored-set';

export type ExportChoice = Omit<ExportRequest, 'stored'>;

interface ExportState {
  readonly choice: ExportChoice | null;
  readonly progress: RowsDone | null;
  /** What the user must agree to before the package can be made; null = nothing. */
  readonly asks: string | null;
}

/** Loaded later, because it needs the code of all formats. */
const formats = () => import('../../../workflow/exports');
type Formats = Awaited<ReturnType<typeof formats>>;

const fitting = ({ EXPORTS, RECIPIENTS, subjectOf }: Formats, stored: Order['stored'], id: string | null) => {
  const subject = id === null ? null : subjectOf(stored, id);
  return RECIPIENTS.filter((recipient) => EXPORTS[recipient].whyNot(subject, stored) === null);
};

/** What the dialog opens with: the prompt that was asked for, else Tuned, else Yours, for the first that it fits. */
export function firstChoice(code: Formats, stored: Order['stored'], wanted = '', recipient = ''): ExportChoice {
  const { set } = stored;
  const asked = code.subjectOf(stored, wanted);
  const subject = asked?.version.id ?? chosenTrained(set)?.id ?? chosenWritten(set)?.id ?? null;
  const fits = fitting(code, stored, subject);
  const chosen = fits.find((each) => each === recipient) ?? fits[0] ?? 'browser';
  return { subject, recipient: chosen, withRows: false };
}

/** The choice after a change. Consent to include rows, and what is shown of them, is for one recipient and one prompt only. */
export function changedChoice(
  code: Formats,
  stored: Order['stored'],
  before: ExportChoice,
  change: Partial<ExportChoice>,
): ExportChoice {
  const isOther = change.recipient !== undefined || change.subject !== undefined;
  const { audience: _words, ...others } = before;
  const after = { ...(isOther ? { ...others, withRows: false } : before), ...change };
  const fits = fitting(code, stored, after.subject);
  return fits.includes(after.recipient) ? after : { ...after, recipient: fits[0] ?? 'browser' };
}

const storedOrder = ({ services: { store: disk } }: Studio) =>
  resource(async (setId: string): Promise<Order['stored']> => {
    const set = await readStored(disk, setId);
    if (!set) throw badInput('This prompt set is no longer in the library.');
    return set;
  });

export const exporting = perStudio((studio) => {
  const { services, stores } = studio;
  const state = createStore<ExportState>(() => ({ choice: null, progress: null, asks: null }));
  const stored = storedOrder(studio);
  let code: Formats | null = null;
  const made = resource(async (choice: ExportChoice, signal): Promise<Exported> => {
    state.setState({ progress: null });
    const { value } = stored.getState();
    if (!value) throw new StudioError('cancelled', 'Stopped.');
    const { EXPORTS } = await formats();
    if (EXPORTS[choice.recipient].needsModel) await stores.session.getState().modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) state.setState({ progress });
    };
    const { model } = stores.session.getState();
    const order = { ...choice, stored: value, model: model.kind === 'ready' ? model.info : null };
    return services.workflow.call('exportPackage', order, { signal, onEvent });
  });
  const choose = ({ EXPORTS }: Formats, value: Order['stored'], choice: ExportChoice) => {
    const asks = EXPORTS[choice.recipient].asks({ ...choice, stored: value });
    state.setState({ choice, asks });
    if (asks) made.clear();
    else void made.load(choice);
  };
  const close = () => {
    made.clear();
    state.setState({ choice: null, asks: null });
  };
  return {
    state,
    stored,
    made,
    /** @param wanted a version's id, or an asked version's; left out = Tuned, else Yours */
    open: async (setId: string, wanted?: string, recipient?: string) => {
      stored.clear();
      made.clear();
      [code] = await Promise.all([formats(), stored.load(setId)]);
      const { value, error } = stored.getState();
      if (value) choose(code, value, firstChoice(code, value, wanted, recipient));
      else if (error) toastError('The prompt set cannot be exported', error.message);
    },
    /** At once, so that what was made for the choice before cannot be saved any more. */
    change: (change: Partial<ExportChoice>) => {
      const { choice } = state.getState();
      const { value } = stored.getState();
      if (code && choice && value) choose(code, value, changedChoice(code, value, choice, change));
    },
    close,
    save: ({ name, content, type }: Exported) => {
      saveFile(name, content, type);
      close();
    },
  };
});
