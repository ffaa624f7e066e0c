import { Text } from 'react-aria-components/Text';
import {
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components/Toast';
import { Button, IconButton } from './Button';
import { Cross } from './icons';
import { toasts } from './toast';
import './toast.css';

export const Toaster = () => (
  <ToastRegion queue={toasts} className="toasts" aria-label="Messages">
    {({ toast }) => (
      <Toast toast={toast} className={`toast${toast.content.tone === 'bad' ? ' toast-bad' : ''}`}>
        <ToastContent className="toast-text">
          <Text slot="title">{toast.content.title}</Text>
          {toast.content.detail ? (
            <Text slot="description" className="dim small">
              {toast.content.detail}
            </Text>
          ) : null}
        </ToastContent>
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
