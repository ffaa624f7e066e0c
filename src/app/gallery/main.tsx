import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { present } from '../../lib/assert';
import { Gallery } from './Gallery';

createRoot(present(document.getElementById('app'), '#app')).render(
  <StrictMode>
    <Gallery />
  </StrictMode>,
);
