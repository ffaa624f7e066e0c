import { type ReactNode, Suspense } from 'react';
import { ProgressBar } from '../ui/ProgressBar';
import { Toaster } from '../ui/Toaster';
import { ErrorBoundary } from './ErrorBoundary';
import { Rail, type RailEntries } from './Rail';
import { SaveTrouble } from './SaveTrouble';
import './shell.css';
import { TopBar } from './TopBar';

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
