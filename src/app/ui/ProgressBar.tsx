import type { ReactNode } from 'react';
import { ProgressBar as AriaProgressBar } from 'react-aria-components/ProgressBar';
import './panel.css';

interface ProgressBarProps {
  readonly label: string;
  /** 0 to 1; null while it cannot be known. */
  readonly value: number | null;
  /** Rate and time left, in words. */
  readonly detail?: ReactNode;
  readonly hideLabel?: boolean;
}

export const ProgressBar = ({ label, value, detail, hideLabel }: ProgressBarProps) => (
  <AriaProgressBar className="progress" aria-label={label} value={(value ?? 0) * 100} isIndeterminate={value === null}>
    {hideLabel && !detail ? null : (
      <div className="row spread small">
        {hideLabel ? null : <span>{label}</span>}
        {detail ? <span className="dim">{detail}</span> : null}
      </div>
    )}
    <div className={`bar${value === null ? ' bar-unknown' : ''}`}>
      <div className="bar-fill" style={value === null ? {} : { width: `${value * 100}%` }} />
    </div>
  </AriaProgressBar>
);
