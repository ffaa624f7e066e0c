import { Text } from 'react-aria-components/Text';
import {
  UNSTABLE_ToastContent as AriaToastContent,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components/Toast';
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

/** Reports an action and offers to undo it: our "are you sure?". */
export function toastUndo(title: string, undo: () => void): void {
  const key = toasts.add(
    {
      title,
      action: {
        label: 'Undo',
        run: () => {
          toasts.close(key);
          undo();
        },
      },
    },
    { timeout: 12_000 },
  );
}

/** Stays until closed: what happened, to which thing, what to do now. */
export const toastError = (title: string, detail?: string, action?: ToastContent['action']): string =>
  toasts.add({ title, tone: 'bad', ...(detail ? { detail } : {}), ...(action ? { action } : {}) });

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
