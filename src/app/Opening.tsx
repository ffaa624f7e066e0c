import { Note } from './ui/Note';
import { ProgressBar } from './ui/ProgressBar';
import { Toaster } from './ui/Toaster';
import './opening.css';

/** Shown only when opening the saved work takes long, e.g. while an older tab holds it; problems appear as messages. */
export const Opening = () => (
  <main className="opening">
    <div className="opening-late">
      <ProgressBar label="Opening your saved work" value={null} />
    </div>
    <Toaster />
  </main>
);

export const OpeningFailed = ({ message }: { readonly message: string }) => (
  <main className="opening">
    <Note live tone="bad" title="The studio could not start">
      {message} Reload the page; your saved work is kept.
    </Note>
  </main>
);
