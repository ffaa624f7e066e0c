import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Tooltip as AriaTooltip, TooltipTrigger } from 'react-aria-components/Tooltip';
import { percent, points } from '../../lib/format';
import { TermPicture } from './TermPicture';
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
  <span className={`arm side-${side}`}>
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

export const LabelTag = ({ children, verdict }: LabelTagProps) => (
  <span className={`lab${verdict ? ` lab-${verdict}` : ''}`} title={children}>
    {verdict ? <span aria-hidden="true">{verdict === 'right' ? '✓ ' : '✕ '}</span> : null}
    {children}
    {verdict ? <span className="visually-hidden">{verdict === 'right' ? ', right' : ', wrong'}</span> : null}
  </span>
);

interface TermProps {
  /** One sentence that explains the word to a newcomer; left out: the word alone. */
  readonly means: string | undefined;
  readonly children: ReactNode;
}

/** A word that a newcomer may not know, explained on hover, focus and tap. It is not part of the field whose label contains it. */
export const Term = ({ means, children }: TermProps) =>
  means === undefined ? (
    children
  ) : (
    <TooltipTrigger delay={200} closeDelay={80} shouldCloseOnPress={false}>
      <Button slot={null} className="term">
        {children}
      </Button>
      <AriaTooltip className="tooltip" offset={6}>
        {typeof children === 'string' ? <TermPicture of={children} /> : null}
        {means}
      </AriaTooltip>
    </TooltipTrigger>
  );

const icon =
  (d: string, fill = 'none') =>
  () => (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill={fill}
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={d} />
    </svg>
  );

export const Books = icon('M2 2.500h3v11H2zM5 4h3v9.500H5zM8.600 4.200l2.800-.8 2.600 9.600-2.900.8z');
export const Check = icon('m3.500 8.500 3 3 6-7');
export const ChevronDown = icon('m4 6 4 4 4-4');
export const Cross = icon('m4 4 8 8m0-8-8 8');
export const HalfMoon = icon('M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 0v12m2.500-11.400v10.800m2-9v7.200');
export const MagnifyingGlass = icon(
  'M11.500 7A4.500 4.500 0 1 1 2.500 7a4.500 4.500 0 0 1 9 0Zm-1.300 3.200 3.800 3.800',
);
export const Moon = icon('M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z');
export const Scales = icon('M8 2v11M5 13h6M3 5h10M3 5 1.500 9h3L3 5Zm10 0-1.500 4h3L13 5Z');
export const Spark = icon('M2 11c2-6 3.500-6 5-2.500S11 12 14 6');
export const StopSquare = icon('M5 4h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Z', 'currentColor');
export const Sun = icon(
  'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
);
export const Warning = icon('M8 2 1.500 13.500h13L8 2Zm0 4.500v3.500m0 1.800v.1');

export const Logo = () => (
  <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
    <rect x="1" y="1" width="20" height="20" rx="6" fill="var(--accent)" />
    <path
      d="M5 14c2.500-7 4-7 6-3s3.500 4 6-3"
      fill="none"
      stroke="var(--accent-ink)"
      strokeWidth="2"
      strokeLinecap="round"
    />
  </svg>
);
