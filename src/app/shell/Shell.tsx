import { type ReactNode, Suspense } from 'react';
import { useProject, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { Toaster } from '../ui/Toaster';
import { ErrorBoundary } from './ErrorBoundary';
import { Rail } from './Rail';
import './shell.css';
import { TopBar } from './TopBar';

interface ShellProps {
  readonly current: string | null;
  readonly children: ReactNode;
}

export function Shell({ current, children }: ShellProps) {
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={toContent}>
        To the content
      </button>
      <TopBar />
      <Rail current={current} />
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

function SaveTrouble() {
  const error = useProject((s) => s.saveError);
  const { project } = useStores();
  if (!error) return null;
  return (
    <div className="save-trouble">
      <Note
        live
        tone="bad"
        title="The last change is not saved yet"
        action={<Button onPress={() => void project.getState().saveAgain()}>Save again</Button>}
      >
        {error.message} Your work is still in this tab.
      </Note>
    </div>
  );
}
