/** Writes the page's colours as a style sheet, from src/lib/palette.ts. */
import { writeFileSync } from 'node:fs';
import { paletteCss } from '../src/lib/palette.ts';

writeFileSync(new URL('../src/app/styles/palette.css', import.meta.url), paletteCss());
