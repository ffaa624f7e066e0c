import type { ReactNode } from 'react';
import './panel.css';

interface EmptyStateProps {
  readonly title: string;
  /** What belongs here. */
  readonly children?: ReactNode;
  /** What to do next. */
  readonly action?: ReactNode;
  readonly center?: boolean;
}

export const EmptyState = ({ title, children, action, center }: EmptyStateProps) => (
  <div className={`empty${center ? ' empty-center' : ''}`}>
    <h2>{title}</h2>
    {children ? <p>{children}</p> : null}
    {action ? <div className="row">{action}</div> : null}
  </div>
);
