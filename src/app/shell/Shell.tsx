import { Component, lazy, type ReactNode, Suspense, useEffect } from 'react';
import { Link } from 'wouter';
import { isCodeMissing } from '../../lib/errors';
import { screenPath } from '../state/location';
import { type StepId, stepMarks } from '../state/session-state';
import { useOpen, usePromptSets, useSession } from '../state/studio';
import { useWholeRun } from '../state/whole-run';
import { Button } from '../ui/Button';
import { EmptyState, ProgressBar } from '../ui/Panel';
import { Toaster } from '../ui/toast';
import { ModelFailed } from './ModelStatus';
import { ScreenFrame } from './Screen';
import { Step } from './Stages';
import { SaveTrouble } from './Storage';
import { TopBar } from './TopBar';
import { Tour } from './Tour';
import './shell.css';
import './rail.css';

const ReadAhead = lazy(() => import('./ReadAhead'));

interface ShellProps extends RailEntries {
  readonly current: string | null;
  readonly children: ReactNode;
}

export function Shell({ current, steps, tools, children }: ShellProps) {
  const { look } = useWholeRun.use();
  useEffect(look, [look]);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={toContent}>
        To the content
      </button>
      <TopBar places={[...steps, ...tools]} />
      <Rail current={current} steps={steps} tools={tools} />
      <main id="main" className="main" tabIndex={-1}>
        <SaveTrouble />
        <ModelFailed live />
        <Tour screen={current} />
        <ErrorBoundary key={current}>
          <Suspense fallback={<ProgressBar label="Opening" />}>{children}</Suspense>
        </ErrorBoundary>
        <Suspense>
          <ReadAhead screen={current} />
        </Suspense>
      </main>
      <Toaster />
    </div>
  );
}

/** Not a link to `#main`: the hash says which screen is open. */
const toContent = () => document.querySelector('main')?.focus();

/** A bug in one screen must not take the page away: saved work stays, and the other screens keep working. */
class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    // React asks once for the code of a screen: only another page asks again
    const isMissing = isCodeMissing(error.message);
    return (
      <ScreenFrame title={isMissing ? 'This screen did not load' : 'This screen failed'}>
        <EmptyState
          title={isMissing ? 'Its code could not be fetched' : 'Your saved work is safe, and the other screens work'}
          action={
            <>
              {isMissing ? null : (
                <Button variant="primary" onPress={() => this.setState({ error: null })}>
                  Open it again
                </Button>
              )}
              <Button variant={isMissing ? 'primary' : 'plain'} onPress={() => location.reload()}>
                Reload the page
              </Button>
            </>
          }
        >
          {isMissing
            ? 'Check the connection, then reload the page. Your saved work is safe, and screens that were open before work.'
            : `The reason: ${error.message}`}
        </EmptyState>
      </ScreenFrame>
    );
  }
}

interface RailEntries {
  readonly steps: readonly { readonly id: StepId; readonly number: number; readonly title: string }[];
  readonly tools: readonly { readonly id: string; readonly title: string; readonly icon: ReactNode }[];
}

function Rail({ current, steps, tools }: RailEntries & { readonly current: string | null }) {
  const { set, dataset } = useOpen();
  const kept = usePromptSets((s) => s.sets.length);
  const job = useSession((s) => s.job);
  const marks = stepMarks(set, dataset, job);
  const link = (id: string) => ({
    className: 'rail-link',
    href: screenPath(set?.id ?? null, id),
    'aria-current': current === id ? ('page' as const) : undefined,
  });
  return (
    <nav className="rail" aria-label="Steps and tools">
      <ol className="stack rail-list">
        {steps.map(({ id, number, title }) => {
          const mark = marks[id];
          return (
            <li key={id}>
              <Link {...link(id)} data-state={mark.state}>
                <Step {...mark} number={number} title={title} />
              </Link>
            </li>
          );
        })}
      </ol>
      <ul className="stack rail-list rail-tools">
        {tools.map(({ id, title, icon }) => (
          <li key={id}>
            <Link {...link(id)}>
              <span className="rail-icon">{icon}</span>
              <span>{title}</span>
              {id === 'library' && kept > 0 ? <small>{kept}</small> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/**
 * Keeps the keyboard focus where the user works. A control that disappears or is disabled while it has the focus would send
 * it to the beginning of the page; instead the element around the control gets it, until the control can be used again.
 */

/** What may hold the focus for a control, the nearest first. */
const PLACES = 'td, li, form, fieldset, section, article, [role="dialog"], [role="tabpanel"]';

const isUsable = (element: Element) => element.isConnected && !element.matches(':disabled, [aria-disabled="true"]');

function ancestorsOf(element: Element): readonly HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at = element.parentElement; at; at = at.parentElement) if (at.matches(PLACES)) found.push(at);
  return found;
}

/** @returns stops it */
export function keepFocus(page: Document): () => void {
  let last: { readonly control: Element; readonly places: readonly HTMLElement[] } | null = null;
  let holding: { readonly place: HTMLElement; readonly control: Element } | null = null;

  const noticed = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement) || target === holding?.place) return;
    holding = null;
    last = { control: target, places: ancestorsOf(target) };
  };
  const look = () => {
    const { activeElement } = page;
    if (holding && activeElement === holding.place && isUsable(holding.control)) {
      (holding.control as HTMLElement).focus({ preventScroll: true });
      return;
    }
    if (!last || (activeElement !== page.body && activeElement !== null) || isUsable(last.control)) return;
    const place = last.places.find((each) => each.isConnected && !each.closest('[inert], [hidden]'));
    if (!place) return;
    holding = { place, control: last.control };
    if (!place.hasAttribute('tabindex')) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  };
  // after the frame: code that closes something may set the focus itself
  let frame = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(look);
  });
  page.addEventListener('focusin', noticed);
  observer.observe(page.body, { childList: true, subtree: true, attributeFilter: ['disabled', 'aria-disabled'] });
  return () => {
    cancelAnimationFrame(frame);
    page.removeEventListener('focusin', noticed);
    observer.disconnect();
  };
}
