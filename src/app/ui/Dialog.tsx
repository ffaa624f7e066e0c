import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { IconButton } from './Button';
import { Cross } from './Marks';
import './dialog.css';

interface DialogProps {
  readonly title: ReactNode;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
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
        <DialogBody>{children}</DialogBody>
        {actions ? <footer className="row dialog-foot">{actions}</footer> : null}
      </AriaDialog>
    </Modal>
  </ModalOverlay>
);

const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled), [tabindex="0"]';

/** Takes the focus where it scrolls and nothing in it does, so that its end can be reached by keyboard. */
function DialogBody({ children }: Pick<DialogProps, 'children'>) {
  const body = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [isStop, setStop] = useState(false);
  useLayoutEffect(() => {
    if (!body.current || !content.current) return;
    const { current: outer } = body;
    const observer = new ResizeObserver(() =>
      setStop(outer.scrollHeight > outer.clientHeight && outer.querySelector(FOCUSABLE) === null),
    );
    observer.observe(outer);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={body} className="dialog-body" tabIndex={isStop ? 0 : undefined}>
      <div ref={content} className="stack">
        {children}
      </div>
    </div>
  );
}
