import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './app/styles/tokens.css';
import './app/styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { lastModel, openLastProject } from './app/boot';
import { createServices } from './app/create-services';
import { probe } from './app/state/capabilities';
import { createStores } from './app/state/stores';
import { StudioProvider } from './app/state/studio';
import { present } from './lib/assert';

const [services, capabilities] = await Promise.all([createServices(), probe()]);
const stores = createStores(services, capabilities);
await openLastProject(services, stores);

createRoot(present(document.getElementById('app'), '#app')).render(
  <StrictMode>
    <StudioProvider studio={{ services, stores }}>
      <App />
    </StudioProvider>
  </StrictMode>,
);

// A phone is not asked for 114 MB that it could not use.
if (capabilities.trainingOff === null) void stores.session.getState().loadModel(await lastModel(services));
