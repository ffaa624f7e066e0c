import { UNSTABLE_ToastQueue as ToastQueue } from 'react-aria-components/Toast';

export interface ToastContent {
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
