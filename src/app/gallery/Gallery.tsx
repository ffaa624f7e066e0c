import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CONTROL_ENTRIES, type Entry } from './controls';
import { DISPLAY_ENTRIES } from './displays';

export const ENTRIES: readonly Entry[] = [...CONTROL_ENTRIES, ...DISPLAY_ENTRIES];

/** Every component in every state, for development: `npm run gallery`. What covers the page is left to the test. */
export const showGallery = (element: Element) =>
  createRoot(element).render(
    <StrictMode>
      <main className="stack">
        <h1>Gallery</h1>
        {ENTRIES.filter(({ covers }) => !covers).map((entry) => (
          <article key={`${entry.group} ${entry.name}`}>
            <p className="dim small">{`${entry.group}: ${entry.name}`}</p>
            <Frame entry={entry} />
          </article>
        ))}
      </main>
    </StrictMode>,
  );

/** What an entry must not leave. */
export const Frame = ({ entry }: { readonly entry: Entry }) => <div className="gallery-frame">{entry.render()}</div>;
