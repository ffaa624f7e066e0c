import { type ReactNode, useId } from 'react';
import './panel.css';

interface PanelProps {
  /** For charts: the finding, in words. */
  readonly title: ReactNode;
  /** Units, counts, one quiet action. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Columns of the 12-column grid. */
  readonly span?: 3 | 4 | 5 | 6 | 7 | 8 | 12;
}

export function Panel({ title, aside, children, span }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel${span ? ` c${span}` : ''}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside ? <div className="panel-aside">{aside}</div> : null}
      </header>
      {children}
    </section>
  );
}

interface ScrollRegionProps {
  readonly label: string;
  readonly className: string;
  readonly children: ReactNode;
}

/** A part of a panel that scrolls: it can be reached by keyboard. */
export const ScrollRegion = ({ label, className, children }: ScrollRegionProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
  <section className={className} aria-label={label} tabIndex={0}>
    {children}
  </section>
);
