import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './app/styles/palette.css';
import './app/styles/tokens.css';
import './app/styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, carriersOf, Opening, OpeningFailed, preloadScreens, watchTeamFolder } from './app/App';
import { firstModel, isolate, openLastSet, wantedBackend } from './app/boot';
import { createServices } from './app/create-services';

import { probe } from './app/state/session-state';
import { createStores } from './app/state/stores';
import { StudioProvider } from './app/state/studio';
import { present } from './lib/assert';

const root = createRoot(present(document.getElementById('app'), '#app'));

async function boot() {
  root.render(<Opening />);
  if (await isolate()) return;
  const services = await createServices();
  const capabilities = probe();
  const stores = createStores(services, capabilities, wantedBackend(location.search));
  const studio = { services, stores };
  stores.intents.carryOutWith(carriersOf(studio));
  await openLastSet(services, stores);
  root.render(
    <StrictMode>
      <StudioProvider studio={studio}>
        <App />
      </StudioProvider>
    </StrictMode>,
  );
  // A phone is not asked for 114 MB that it could not use.
  if (capabilities.trainingOff === null) await stores.session.getState().loadModel(await firstModel(services));
  void watchTeamFolder(studio).catch(() => {}); // shown when the team dialog is opened
  // last, as it shares the connection with the model
  await stores.offline.getState().prepare();
  await stores.setAside.getState().inspect();
}

boot().catch((error: unknown) => {
  console.error(error);
  root.render(<OpeningFailed message={error instanceof Error ? error.message : String(error)} />);
});

// Once the first screen is up: presenting must work in a room without a network.
setTimeout(() => void preloadScreens(), 1000);
