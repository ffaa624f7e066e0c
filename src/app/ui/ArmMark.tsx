import type { ReactNode } from 'react';
import './arm.css';

/** `a` = hand-written, `b` = tuned, `ref` = reference. */
export type ArmSide = 'a' | 'b' | 'ref';

const SHAPES: Readonly<Record<ArmSide, ReactNode>> = {
  a: <circle cx="6" cy="6" r="5" fill="var(--arm-a)" />,
  b: <path d="M6 0 12 6 6 12 0 6Z" fill="var(--arm-b)" />,
  ref: <path d="M0 6H12" stroke="var(--ref)" strokeWidth="3" strokeDasharray="3 2" />,
};

interface ArmMarkProps {
  readonly side: ArmSide;
  /** The prompt's name; the letter A or B always comes before it. */
  readonly children?: ReactNode;
}

/** Colour, shape and letter together: none of them alone says which prompt it is. */
export const ArmMark = ({ side, children }: ArmMarkProps) => (
  <span className={`arm arm-${side}`}>
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[side]}
    </svg>
    {side === 'ref' ? null : <span className="arm-letter">{side.toUpperCase()}</span>}
    {children ? <span>{children}</span> : null}
  </span>
);
