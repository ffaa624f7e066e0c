/** The export dialog: choosing a recipient makes the package, so that its contents and size are known before it is saved. */
import type { Exported } from '../../../interchange/exported';
import { badInput, StudioError } from '../../../lib/errors';
import { chosenTrained, chosenWritten } from '../../../prompt-set/make-versions';
import type { ExportRequest } from '../../../workflow';
import type { RowsDone } from '../../../workflow/check-rows';
import type { Order } from '../../../workflow/export-subjects';
import { resource } from '../../state/resource';
import { ActionStore, screenStore } from '../../state/studio';
import { toastError } from '../../ui';
import { saveFile } from '../../ui/download';
import { readStored } from './stored-set';
import { twinJob, twinSeconds } from './twin-job';

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

class Exporting extends ActionStore<ExportState> {
  #code: Formats | null = null;

  readonly stored = resource(async (setId: string): Promise<Order['stored']> => {
    const set = await readStored(this.services.store, setId);
    if (!set) throw badInput('This prompt set is no longer in the library.');
    return set;
  });

  readonly made = resource(async (choice: ExportChoice, signal): Promise<Exported> => {
    this.set({ progress: null });
    const { value } = this.stored.getState();
    if (!value) throw new StudioError('cancelled', 'Stopped.');
    const { EXPORTS } = await formats();
    if (EXPORTS[choice.recipient].needsModel) await this.session.modelReady();
    const onEvent = (progress: RowsDone) => {
      if (!signal.aborted) this.set({ progress });
    };
    const { model } = this.session;
    const order = { ...choice, stored: value, model: model.kind === 'ready' ? model.info : null };
    return this.services.workflow.call('exportPackage', order, { signal, onEvent });
  });

  readonly twinSeconds = twinSeconds(this.studio);

  readonly twin = twinJob(this.studio, async (setId, id) => {
    const { choice } = this.getState();
    if (!choice || this.stored.getState().key !== setId) return;
    await this.stored.reload();
    this.change({ subject: id, recipient: 'peft' });
  });

  #choose({ EXPORTS }: Formats, value: Order['stored'], choice: ExportChoice): void {
    const asks = EXPORTS[choice.recipient].asks({ ...choice, stored: value });
    this.set({ choice, asks });
    if (asks) this.made.clear();
    else void this.made.load(choice);
  }

  /** @param wanted a version's id, or an asked version's; left out = Tuned, else Yours */
  readonly open = async (setId: string, wanted?: string, recipient?: string) => {
    this.stored.clear();
    this.made.clear();
    const [code] = await Promise.all([formats(), this.stored.load(setId)]);
    this.#code = code;
    const { value, error } = this.stored.getState();
    if (value) this.#choose(code, value, firstChoice(code, value, wanted, recipient));
    else if (error) toastError('The prompt set cannot be exported', error.message);
  };

  /** At once, so that what was made for the choice before cannot be saved any more. */
  readonly change = (change: Partial<ExportChoice>) => {
    const { choice } = this.getState();
    const { value } = this.stored.getState();
    if (this.#code && choice && value)
      this.#choose(this.#code, value, changedChoice(this.#code, value, choice, change));
  };

  readonly close = () => {
    this.made.clear();
    this.set({ choice: null, asks: null });
  };

  readonly save = ({ name, content, type }: Exported) => {
    saveFile(name, content, type);
    this.close();
  };
}

export const useExport = screenStore((studio) => new Exporting(studio, { choice: null, progress: null, asks: null }));
