import { type ReactNode, useEffect, useRef } from 'react';
import './screen.css';

interface ScreenProps {
  /** The state of the work, in words. */
  readonly title: string;
  /** What that is based on, in one or two sentences. */
  readonly lead?: ReactNode;
  /** Buttons; exactly one of them primary, and last. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** The head that every screen has: one headline, one primary action. The headline is announced when it changes. */
export function ScreenFrame({ title, lead, actions, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Focus follows the user to the new screen, unless it is in use already (autofocus in a field).
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${title} · Softprompt Studio`;
  }, [title]);
  return (
    <>
      <div className="screen-head">
        <div className="screen-words">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead ? <div className="screen-lead">{lead}</div> : null}
        </div>
        {actions ? <div className="screen-actions">{actions}</div> : null}
      </div>
      {children}
    </>
  );
}
