/** `npm run size`: bytes of the built page by kind, gzipped, against a budget. Run `npm run build` first. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const assets = join(import.meta.dirname, '../dist/assets');
/** Kilobytes, gzipped: what a first visit needs before anything is on the screen, everything of ours together, and the exported module. */
const BUDGET = { first: 260, script: 905, dropIn: 175 };

const html = readFileSync(join(assets, '../index.html'), 'utf8');
const files = readdirSync(assets)
  .filter((name) => /\.(?:js|css)$/.test(name))
  .map((name) => ({ name, kB: gzipSync(readFileSync(join(assets, name))).length / 1000 }))
  .sort((a, b) => b.kB - a.kB);
const sum = (list) => list.reduce((total, { kB }) => total + kB, 0);
const first = sum(files.filter(({ name }) => html.includes(name)));
const script = sum(files);
/** In no page of ours: fetched when a drop-in is exported, so counted apart. */
const dropIn = gzipSync(readFileSync(join(assets, '../drop-in/softprompt.js'))).length / 1000;
const wasm = readdirSync(assets).filter((name) => name.endsWith('.wasm'));
for (const { name, kB } of files.slice(0, 12)) console.log(`${kB.toFixed(1).padStart(8)} kB  ${name}`);
for (const name of wasm) console.log(`${(statSync(join(assets, name)).size / 1e6).toFixed(1).padStart(8)} MB  ${name}`);
console.log(
  `first screen ${first.toFixed(0)} of ${BUDGET.first} kB, all script and style ${script.toFixed(0)} of ${BUDGET.script} kB (gzip)`,
);
console.log(`drop-in module, exported only: ${dropIn.toFixed(0)} of ${BUDGET.dropIn} kB (gzip)`);
if (first > BUDGET.first || script > BUDGET.script || dropIn > BUDGET.dropIn) process.exit(1);
