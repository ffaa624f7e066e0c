import { percent, points } from './format';
import './arm.css';

interface IntervalProps {
  /** Shares between 0 and 1. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** `percent` for a share, `points` for a difference of shares. */
  readonly as?: 'percent' | 'points';
}

/** A number is never shown without its 95% interval where it has one. */
export const Interval = ({ value, low, high, as = 'percent' }: IntervalProps) => {
  const form = as === 'percent' ? percent : points;
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
