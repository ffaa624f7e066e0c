import type { ReactNode } from 'react';
import { Warning } from './icons';
import './panel.css';

interface NoteProps {
  /** What happened, to which thing. */
  readonly title: ReactNode;
  /** What it means. */
  readonly children?: ReactNode;
  /** What to do now: a link button. */
  readonly action?: ReactNode;
  readonly tone?: 'warning' | 'bad' | 'info';
  /** Read out when it appears; for what the user did not ask for. */
  readonly live?: boolean;
}

export const Note = ({ title, children, action, tone = 'warning', live }: NoteProps) => (
  <div className={`note note-${tone}`} role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}>
    {tone === 'info' ? null : <Warning />}
    <div className="note-text">
      <strong>{title}</strong>
      {children ? <div className="dim">{children}</div> : null}
      {action ? <div className="row">{action}</div> : null}
    </div>
  </div>
);
