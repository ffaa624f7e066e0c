import { type ReactNode, useId } from 'react';
import { ProgressBar as AriaProgressBar } from 'react-aria-components/ProgressBar';
import { duration } from '../../lib/format';
import { Button } from './Button';
import { Term, Warning } from './Marks';
import './panel.css';

interface PanelProps {
  readonly title: ReactNode;
  readonly means?: string;
  /** Units, counts, one quiet action. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Columns of twelve, in a grid. */
  readonly span?: 4 | 5 | 6 | 7 | 8 | 12;
  readonly stack?: boolean;
}

export function Panel({ title, means, aside, children, span = 12, stack }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel c${span}`} aria-labelledby={id}>
      <header className="row spread panel-head">
        <h2 id={id}>
          <Term means={means}>{title}</Term>
        </h2>
        {aside ? <div className="row panel-aside">{aside}</div> : null}
      </header>
      {stack ? <div className="stack">{children}</div> : children}
    </section>
  );
}

interface ScrollRegionProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

export const ScrollRegion = ({ label, className = '', children }: ScrollRegionProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
  <section className={`scrolls ${className}`} aria-label={label} tabIndex={0}>
    {children}
  </section>
);

type Actions = Readonly<Record<string, (() => unknown) | null>>;

interface NoteProps {
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: Actions;
  /** In the name of each action, where several notes offer the same. */
  readonly about?: string;
  readonly isDisabled?: boolean;
  /** Buttons that do more than a press. */
  readonly action?: ReactNode;
  readonly tone?: 'warning' | 'bad' | 'info';
  /** What it is behind its title. */
  readonly folds?: boolean;
  /** Read out when it appears; for what the user did not ask for. */
  readonly live?: boolean;
}

export function Note(props: NoteProps) {
  const { title, children, actions = {}, about, isDisabled = false, action, tone = 'warning', folds, live } = props;
  const head = <strong>{title}</strong>;
  const text = children ? <div className="dim">{children}</div> : null;
  const links = Object.entries(actions).flatMap(([label, run]) => (run ? [{ label, run }] : []));
  return (
    <div className={`note note-${tone}`} role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}>
      {tone === 'info' ? null : <Warning />}
      <div className="stack note-text">
        {folds && text ? (
          <details className="fold">
            <summary>{head}</summary>
            {text}
          </details>
        ) : (
          <>
            {head}
            {text}
          </>
        )}
        {links.length > 0 || action ? (
          <div className="row">
            {links.map(({ label, run }) => (
              <Button
                key={label}
                variant="link"
                isDisabled={isDisabled}
                {...(about && { 'aria-label': `${label}: ${about}` })}
                onPress={() => void run()}
              >
                {label}
              </Button>
            ))}
            {action}
          </div>
        ) : null}
      </div>
    </div>
  );
}

export interface Found
  extends Pick<NoteProps, 'title' | 'tone' | 'folds' | 'actions' | 'action' | 'about' | 'isDisabled'> {
  readonly id: string;
  readonly advice: ReactNode;
}

export const FoundList = ({ of }: { readonly of: readonly Found[] }) =>
  of.map(({ id, advice, ...found }) => (
    <Note key={id} {...found}>
      {advice}
    </Note>
  ));

interface FailedProps extends Pick<NoteProps, 'actions' | 'action'> {
  readonly title: string;
  readonly error: { readonly message: string } | null;
  readonly onRetry?: () => void;
  readonly children?: ReactNode;
}

export const Failed = ({ title, error, onRetry, actions = {}, action, children }: FailedProps) =>
  error ? (
    <Note tone="bad" live title={title} actions={onRetry ? { 'Try again': onRetry } : actions} action={action}>
      {error.message}
      {children ? <> {children}</> : null}
    </Note>
  ) : null;

interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly center?: boolean;
}

export const EmptyState = ({ title, children, action, center }: EmptyStateProps) => (
  <div className={`stack empty${center ? ' empty-center' : ''}`}>
    <h2>{title}</h2>
    {children ? <p>{children}</p> : null}
    {action ? <div className="row">{action}</div> : null}
  </div>
);

interface ProgressBarProps {
  readonly label: string;
  /** 0 to 1; left out, or null: nobody knows. */
  readonly value?: number | null;
  readonly detail?: ReactNode;
  readonly hideLabel?: boolean;
}

export const ProgressBar = ({ label, value = null, detail, hideLabel }: ProgressBarProps) => (
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

interface StoppableProps {
  readonly label: string;
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly pace?: string;
  readonly stop?: string;
  readonly onStop: () => void;
}

export function Stoppable({ label, fraction, secondsLeft, pace = '', stop = 'Stop', onStop }: StoppableProps) {
  const left = secondsLeft === null ? '' : `${duration(secondsLeft)} left`;
  return (
    <>
      <ProgressBar label={label} value={fraction} detail={[pace, left].filter(Boolean).join(' · ')} />
      <div className="row">
        <Button onPress={onStop}>{stop}</Button>
      </div>
    </>
  );
}
