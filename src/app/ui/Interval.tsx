import { percent, points } from './format';
import './arm.css';

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
