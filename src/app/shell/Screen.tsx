import { type ReactNode, useEffect, useRef } from 'react';
import { navigate, screenPath } from '../state/location';
import { usePromptSets } from '../state/studio';
import { Button, EmptyState } from '../ui';
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

interface NeedsRowsProps {
  readonly title: string;
  /** What is missing. */
  readonly missing: string;
  /** What the screen needs, and for what. */
  readonly children: ReactNode;
}

/** A screen before there are rows, with the way to open some. */
export function NeedsRows({ title, missing, children }: NeedsRowsProps) {
  const setId = usePromptSets((s) => s.set?.id ?? null);
  return (
    <ScreenFrame title={title}>
      <EmptyState
        title={missing}
        action={
          <Button variant="primary" onPress={() => navigate(screenPath(setId, 'data'))}>
            Open a CSV
          </Button>
        }
      >
        {children}
      </EmptyState>
    </ScreenFrame>
  );
}
