import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { themeStore } from '../state/storage';
import { Button, Choices } from '../ui';
import { CONTROL_ENTRIES, type Entry } from './controls';
import { CHART_ENTRIES, DISPLAY_ENTRIES } from './displays';
import './gallery.css';

export const ENTRIES: readonly Entry[] = [...CONTROL_ENTRIES, ...DISPLAY_ENTRIES, ...CHART_ENTRIES];
const GROUPS = [...new Set(ENTRIES.map(({ group }) => group))];

const THEMES = [
  { id: 'system', label: 'System' },
  { id: 'light', label: 'Light' },
  { id: 'dark', label: 'Dark' },
] as const;

/** Every component in every state, for development: `npm run gallery`. */
export const showGallery = (element: Element) =>
  createRoot(element).render(
    <StrictMode>
      <Gallery />
    </StrictMode>,
  );

function Gallery() {
  const [theme, setTheme] = useState(themeStore.getState().theme);
  return (
    <main className="gallery">
      <header className="row spread">
        <h1>Gallery</h1>
        <Choices
          label="Theme"
          hideLabel
          options={THEMES}
          value={theme}
          onChange={(next) => {
            themeStore.getState().set(next);
            setTheme(next);
          }}
        />
      </header>
      {GROUPS.map((group) => (
        <section key={group}>
          <h2>{group}</h2>
          <div className="gallery-entries">
            {ENTRIES.filter((entry) => entry.group === group).map((entry) => (
              <article key={entry.name}>
                <p className="dim small">{entry.name}</p>
                {entry.covers ? <OnRequest entry={entry} /> : <Frame entry={entry} />}
              </article>
            ))}
          </div>
        </section>
      ))}
    </main>
  );
}

/** What an entry must not leave. */
export const Frame = ({ entry }: { readonly entry: Entry }) => <div className="gallery-frame">{entry.render()}</div>;

function OnRequest({ entry }: { readonly entry: Entry }) {
  const [times, setTimes] = useState(0);
  return (
    <>
      <Button onPress={() => setTimes(times + 1)}>Show {entry.name}</Button>
      {times > 0 ? <Frame key={times} entry={entry} /> : null}
    </>
  );
}
