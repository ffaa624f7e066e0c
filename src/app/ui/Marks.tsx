import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Tooltip as AriaTooltip, TooltipTrigger } from 'react-aria-components/Tooltip';
import { percent, points } from '../../lib/format';
import './marks.css';
import './table.css';

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

interface IntervalProps {
  /** Shares between 0 and 1; any number where it is shown plain. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** `percent` for a share, `points` for a difference of shares, `plain` for any other number, or how to print it. */
  readonly as?: keyof typeof FORMS | ((value: number) => string);
}

const FORMS = { percent, points, plain: (value: number) => String(Number(value.toPrecision(3))) };

/** A number is never shown without its 95% interval where it has one. */
export const Interval = ({ value, low, high, as = 'percent' }: IntervalProps) => {
  const form = typeof as === 'function' ? as : FORMS[as];
  return (
    <span className="interval">
      {form(value)}{' '}
      <span className="interval-range">
        <span className="visually-hidden">95% interval </span>
        {`(${form(low)} to ${form(high)})`}
      </span>
    </span>
  );
};

interface LabelTagProps {
  readonly children: string;
  /** Right and wrong are said by a sign too, not by colour alone. */
  readonly verdict?: 'right' | 'wrong';
}

/** A class label as a tag. */
export const LabelTag = ({ children, verdict }: LabelTagProps) => (
  <span className={`lab${verdict ? ` lab-${verdict}` : ''}`} title={children}>
    {verdict === 'right' ? <span aria-hidden="true">✓ </span> : null}
    {verdict === 'wrong' ? <span aria-hidden="true">✕ </span> : null}
    {children}
    {verdict ? <span className="visually-hidden">{verdict === 'right' ? ', right' : ', wrong'}</span> : null}
  </span>
);

interface TermProps {
  /** One sentence that explains the word to a newcomer. */
  readonly means: string;
  readonly children: ReactNode;
}

/** A word that a newcomer may not know, explained on hover, focus and tap. It is not part of the field whose label contains it. */
export const Term = ({ means, children }: TermProps) => (
  <TooltipTrigger delay={200} closeDelay={80} shouldCloseOnPress={false}>
    <Button slot={null} className="term">
      {children}
    </Button>
    <AriaTooltip className="tooltip" offset={6}>
      {means}
    </AriaTooltip>
  </TooltipTrigger>
);
