import { Component, type ReactNode, Suspense } from 'react';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/Panel';
import { ProgressBar } from '../ui/ProgressBar';
import { Toaster } from '../ui/Toaster';
import { Rail, type RailEntries } from './Rail';
import { SaveTrouble } from './SaveTrouble';
import { TopBar } from './TopBar';
import './shell.css';

interface ShellProps extends RailEntries {
  readonly current: string | null;
  readonly children: ReactNode;
}

export function Shell({ current, steps, tools, children }: ShellProps) {
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={toContent}>
        To the content
      </button>
      <TopBar />
      <Rail current={current} steps={steps} tools={tools} />
      <main id="main" className="main" tabIndex={-1}>
        <SaveTrouble />
        <ErrorBoundary key={current}>
          <Suspense fallback={<ProgressBar label="Opening" value={null} />}>{children}</Suspense>
        </ErrorBoundary>
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
    return (
      <EmptyState
        title="This screen failed"
        action={<Button onPress={() => this.setState({ error: null })}>Open it again</Button>}
      >
        {`${error.message}. Your saved work is safe, and the other screens work. If it fails again, reload the page.`}
      </EmptyState>
    );
  }
}
