import { Link } from 'wouter';
import { STEPS, TOOLS } from '../screens/registry';
import { type StepMark, type StepState, stepMarks } from '../state/step-marks';
import { useProject, useSession } from '../state/studio';
import { Books, Check, Spark } from '../ui/icons';
import { screenPath } from './location';
import './rail.css';

const SAID: Readonly<Record<StepState, string>> = {
  empty: 'not yet',
  ready: 'ready',
  running: 'running',
  done: 'done',
};

const TOOL_ICONS = { playground: <Spark />, library: <Books /> };

/** The journey as four numbered steps, and the tools. Below 760 px it is the bar at the bottom. */
export function Rail({ current }: { readonly current: string | null }) {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const kept = useProject((s) => s.sets.length);
  const job = useSession((s) => s.job);
  const marks = stepMarks(set, dataset, job);
  return (
    <nav className="rail" aria-label="Steps and tools">
      <ol className="rail-list">
        {STEPS.map(({ id, number, title, Screen }) =>
          Screen ? (
            <li key={id}>
              <StepLink
                href={screenPath(set?.id ?? null, id)}
                number={number}
                title={title}
                mark={marks[id]}
                isCurrent={current === id}
              />
            </li>
          ) : null,
        )}
      </ol>
      <ul className="rail-list rail-tools">
        {TOOLS.map(({ id, title, Screen }) =>
          Screen ? (
            <li key={id}>
              <Link
                className="rail-link"
                href={screenPath(set?.id ?? null, id)}
                aria-current={current === id ? 'page' : undefined}
              >
                <span className="rail-icon">{TOOL_ICONS[id]}</span>
                <span>{title}</span>
                {id === 'library' && kept > 0 ? <small>{kept}</small> : null}
              </Link>
            </li>
          ) : null,
        )}
      </ul>
    </nav>
  );
}

interface StepLinkProps {
  readonly href: string;
  readonly number: number;
  readonly title: string;
  readonly mark: StepMark;
  readonly isCurrent: boolean;
}

const StepLink = ({ href, number, title, mark, isCurrent }: StepLinkProps) => (
  <Link className="rail-link" href={href} aria-current={isCurrent ? 'page' : undefined} data-state={mark.state}>
    <span className="rail-mark" aria-hidden="true">
      {mark.state === 'done' ? <Check /> : number}
    </span>
    <span>{title}</span>
    <span className="visually-hidden">, {SAID[mark.state]}</span>
    {mark.note ? <small>{mark.note}</small> : null}
  </Link>
);
