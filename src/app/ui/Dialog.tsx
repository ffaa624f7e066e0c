import type { ReactNode } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { IconButton } from './Button';
import { Cross } from './icons';
import './dialog.css';

interface DialogProps {
  readonly title: ReactNode;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons, the primary one last. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

/** Modal, closed by Escape, a click outside or the cross; focus returns where it was. */
export const Dialog = ({ title, isOpen, onClose, children, actions, wide }: DialogProps) => (
  <ModalOverlay className="scrim" isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable>
    <Modal className={`modal${wide ? ' modal-wide' : ''}`}>
      <AriaDialog className="dialog">
        <header className="dialog-head">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          <IconButton label="Close" onPress={onClose}>
            <Cross />
          </IconButton>
        </header>
        <div className="dialog-body">{children}</div>
        {actions ? <footer className="dialog-foot">{actions}</footer> : null}
      </AriaDialog>
    </Modal>
  </ModalOverlay>
);
