import { Text } from 'react-aria-components/Text';
import {
  UNSTABLE_ToastContent as AriaToastContent,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components/Toast';
import { asStudioError } from '../../lib/errors';
import { Button, IconButton } from './Button';
import { Cross } from './Marks';
import './toast.css';

interface ToastContent {
  readonly title: string;
  readonly detail?: string;
  readonly tone?: 'plain' | 'bad';
  readonly action?: { readonly label: string; readonly run: () => void };
}

export const toasts = new ToastQueue<ToastContent>({ maxVisibleToasts: 3 });

/** A change that can be taken back. What its `undo` changes is recorded too, so that it can be made again. */
interface Undoable {
  readonly title: string;
  readonly undo: () => unknown;
}

/** The newest last. While one is taken back, what that changes goes to `undone`: it is the way forward again. */
const done: Undoable[] = [];
const undone: Undoable[] = [];
let recorded = done;
let isBusy = false;
/** The message that offers to undo the newest change; a later change makes it void. */
let offer = '';
const MOST = 100;

export function undoable(title: string, undo: () => unknown): Undoable {
  if (!isBusy) {
    undone.length = 0;
    toasts.close(offer);
  }
  const entry = { title, undo };
  recorded.push(entry);
  if (recorded.length > MOST) recorded.shift();
  return entry;
}

/** Takes one change back, or makes it again. One after the other: a press meanwhile does nothing. */
async function step(entry: Undoable | undefined, from: Undoable[]): Promise<boolean> {
  if (!entry || isBusy) return false;
  from.splice(from.indexOf(entry), 1);
  isBusy = true;
  recorded = from === done ? undone : done;
  try {
    await entry.undo();
    return true;
  } catch (cause) {
    toastError(`Not changed: ${entry.title}`, cause instanceof Error ? cause.message : String(cause));
    return false;
  } finally {
    isBusy = false;
    recorded = done;
  }
}

/** For a key, where nothing on the screen says which change it was. */
async function stepByKey(from: Undoable[], words: string): Promise<void> {
  const entry = from.at(-1);
  if (await step(entry, from)) toasts.add({ title: `${words}: ${entry?.title}` }, { timeout: 6000 });
}

export const undoLast = () => stepByKey(done, 'Taken back');
export const redoLast = () => stepByKey(undone, 'Made again');

/**
 * Reports an action and offers to undo it: our "are you sure?". Ctrl-Z does the same, also when the message is gone, unless
 * the action is final by then (`whileShown`).
 */
export function toastUndo(title: string, undo: () => unknown, { whileShown = false } = {}): void {
  let key: string | null = null;
  const entry = undoable(title, () => {
    if (key !== null) toasts.close(key);
    return undo();
  });
  if (isBusy) return;
  const forget = () => {
    const at = done.indexOf(entry);
    if (at >= 0) done.splice(at, 1);
  };
  key = toasts.add(
    { title, action: { label: 'Undo', run: () => void step(entry, done) } },
    { timeout: 12_000, ...(whileShown ? { onClose: forget } : {}) },
  );
  if (!whileShown) offer = key;
}

const errors = new Map<string, string>();

const closeError = (title: string) => {
  const key = errors.get(title);
  errors.delete(title);
  if (key !== undefined) toasts.close(key);
};

/** Stays until closed, or reported again: what happened, to which thing, what to do now. */
export function toastError(title: string, detail?: string): string {
  closeError(title);
  const key = toasts.add({ title, tone: 'bad', ...(detail ? { detail } : {}) });
  errors.set(title, key);
  return key;
}

/** Does what can be done again: it reports under this title why it failed, until it has been done. False = it failed or was stopped. */
export async function attempted(title: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    closeError(title);
    return true;
  } catch (cause) {
    const { code, message } = asStudioError(cause);
    if (code !== 'cancelled') toastError(title, message);
    return false;
  }
}

export const Toaster = () => (
  <ToastRegion queue={toasts} className="toasts" aria-label="Messages">
    {({ toast }) => (
      <Toast toast={toast} className={`toast${toast.content.tone === 'bad' ? ' toast-bad' : ''}`}>
        <AriaToastContent className="toast-text">
          <Text slot="title">{toast.content.title}</Text>
          {toast.content.detail ? (
            <Text slot="description" className="dim small">
              {toast.content.detail}
            </Text>
          ) : null}
        </AriaToastContent>
        {toast.content.action ? (
          <Button size="s" onPress={toast.content.action.run}>
            {toast.content.action.label}
          </Button>
        ) : null}
        <IconButton label="Close this message" onPress={() => toasts.close(toast.key)}>
          <Cross />
        </IconButton>
      </Toast>
    )}
  </ToastRegion>
);
