// Builds the sample's prompt set from messages.txt and prompt-set.mjs, and checks it.
//   node tools/sample/build.mjs           writes public/sample/support-messages.csv and sample.json
//   node tools/sample/build.mjs --check   writes nothing; exits 1 when a rule is broken or a file is not what this script makes
// The seed was fixed before any model saw the rows. Rows and split must not be changed to please a result.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sample as given } from './prompt-set.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CSV = here('../../public/sample/support-messages.csv');
const JSON_FILE = here('../../public/sample/sample.json');
const LABELS = ['negative', 'neutral', 'positive'];
const LABEL_OF_RULE = {
  1: 'negative',
  2: 'negative',
  3: 'negative',
  4: 'positive',
  5: 'negative',
  6: 'neutral',
  7: 'neutral',
  8: 'neutral',
};
const TONE = { '+': 'positive', 0: 'neutral', '-': 'negative' };
const SHARES = { train: 0.5, validation: 0.15 }; // test takes the rest
const JACCARD_LIMIT = 0.5;

/** Mulberry32: uniform numbers in [0, 1) from a 32-bit seed. */
function mulberry32(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fisher-Yates on a copy. */
function shuffled(items, random) {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu) ?? [];
const normalised = (text) => words(text).join(' ') || text.trim();

/** Word 3-grams; a text of fewer than three words counts as one gram. */
function trigrams(text) {
  const w = words(text);
  if (w.length < 3) return new Set([w.join(' ')]);
  return new Set(w.slice(2).map((_, i) => w.slice(i, i + 3).join(' ')));
}

function jaccard(a, b) {
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared++;
  return shared / (a.size + b.size - shared);
}

/** messages.txt -> rows in file order. Throws on a line it does not know. */
function readMessages() {
  const rows = [];
  let rule;
  for (const [i, line] of readFileSync(here('messages.txt'), 'utf8').split('\n').entries()) {
    const heading = /^== ([1-8])$/.exec(line);
    if (heading) rule = Number(heading[1]);
    else if (/^[+0-] \S/.test(line) && rule)
      rows.push({ rule, tone: TONE[line[0]], text: line.slice(2).replaceAll('\\n', '\n'), label: LABEL_OF_RULE[rule] });
    else if (line !== '' && !line.startsWith('# '))
      throw new Error(`messages.txt, line ${i + 1}: not a heading, a row or a comment: ${line}`);
  }
  return rows;
}

/** Pairs (i, j) with i < j whose 3-gram Jaccard is at least `limit`. */
function nearPairs(texts, limit) {
  const grams = texts.map(trigrams);
  const pairs = [];
  for (let i = 0; i < grams.length; i++)
    for (let j = i + 1; j < grams.length; j++) if (jaccard(grams[i], grams[j]) >= limit) pairs.push([i, j]);
  return pairs;
}

/**
 * Stratified 50/15/35. The example's row is dealt to test first. A training row that is too close to a test row or to the example
 * changes places with the first validation row of its label that is not; checks below fail if any such pair is left.
 */
function split(rows, seed, example) {
  const random = mulberry32(seed + 1);
  const parts = { train: [], validation: [], test: [] };
  for (const label of LABELS) {
    const own = shuffled(
      rows.filter((row) => row.label === label),
      random,
    );
    own.sort((a, b) => Number(b.text === example) - Number(a.text === example)); // stable: only the example moves
    const train = Math.round(own.length * SHARES.train);
    const validation = Math.round(own.length * SHARES.validation);
    const test = own.length - train - validation;
    parts.test.push(...own.slice(0, test));
    parts.validation.push(...own.slice(test, test + validation));
    parts.train.push(...own.slice(test + validation));
  }
  const closeToTest = (row) =>
    parts.test.some((other) => jaccard(trigrams(row.text), trigrams(other.text)) > JACCARD_LIMIT);
  for (const [i, row] of parts.train.entries()) {
    if (!closeToTest(row)) continue;
    const j = parts.validation.findIndex((other) => other.label === row.label && !closeToTest(other));
    if (j >= 0) [parts.train[i], parts.validation[j]] = [parts.validation[j], parts.train[i]];
  }
  const ids = (list) => list.map((row) => row.id).sort();
  return { train: ids(parts.train), validation: ids(parts.validation), test: ids(parts.test) };
}

const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
// Records end in LF in the repository (.gitattributes); line breaks inside a cell are LF, too.
const toCsv = (rows) =>
  `${['id,text,label', ...rows.map((row) => [row.id, row.text, row.label].map(cell).join(','))].join('\n')}\n`;

/** An RFC 4180 reader of its own, so that the check does not trust the writer. */
function parseCsv(source) {
  const records = [];
  let record = [];
  let value = '';
  let quoted = false;
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted) {
      if (c !== '"') value += c;
      else if (source[i + 1] === '"') value += source[i++];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      record.push(value);
      value = '';
      if (c === '\n') {
        records.push(record);
        record = [];
      }
    } else if (c !== '\r') value += c;
  }
  if (quoted || value !== '' || record.length > 0) throw new Error('the CSV ends inside a record');
  return records;
}

function check(csv, sample, source) {
  const problems = [];
  const must = (ok, message) => void (ok || problems.push(message));
  const [header, ...records] = parseCsv(csv);
  must(header.join() === 'id,text,label', `header is ${header.join()}`);
  for (const record of records) must(record.length === 3, `a record has ${record.length} cells: ${record.join('|')}`);
  const rows = records.map(([id, text, label]) => ({ id, text, label }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  must(byId.size === rows.length, 'an id appears twice');
  must(rows.length >= 440 && rows.length <= 480, `${rows.length} rows, 440 to 480 wanted`);
  const share = (label) => rows.filter((row) => row.label === label).length / rows.length;
  for (const [label, wanted] of [
    ['negative', 0.4],
    ['neutral', 0.35],
    ['positive', 0.25],
  ])
    must(Math.abs(share(label) - wanted) <= 0.05, `${label}: ${(100 * share(label)).toFixed(1)} % of the rows`);
  const policyLabels = new Map(source.map((row) => [row.text, row.label]));
  for (const row of rows) {
    const n = row.text.split(/\s+/).length;
    must(LABELS.includes(row.label), `${row.id}: label ${row.label}`);
    must(row.text === row.text.trim() && row.text === row.text.normalize('NFC'), `${row.id}: not trimmed or not NFC`);
    must(n >= 3 && n <= 60, `${row.id}: ${n} words`);
    must(policyLabels.get(row.text) === row.label, `${row.id}: label is not that of its rule in messages.txt`);
  }
  const fresh = sample.examples.map((e) => e.text);
  const all = [...rows.map((row) => row.text), ...fresh, ...sample.parityTexts];
  const seen = new Map();
  for (const text of all) {
    must(!seen.has(normalised(text)), `same normalised text twice: ${text}`);
    seen.set(normalised(text), text);
  }
  for (const [i, j] of nearPairs(all, JACCARD_LIMIT)) must(false, `too close:\n    ${all[i]}\n    ${all[j]}`);
  must(sample.examples.length >= 8 && sample.examples.length <= 10, `${sample.examples.length} examples`);
  for (const example of sample.examples) must(LABELS.includes(example.label), `example with label ${example.label}`);
  must(sample.parityTexts.length === 12, `${sample.parityTexts.length} check rows`);
  must(Object.keys(sample.answerWords).sort().join() === LABELS.join(), 'answer words and labels differ');
  for (const prompt of [sample, ...sample.prompts])
    must(prompt.template.split('{text}').length === 2, `template without one {text}: ${prompt.template}`);

  const { train, validation, test } = sample.split;
  const dealt = [...train, ...validation, ...test];
  must(
    dealt.length === rows.length && new Set(dealt).size === rows.length && dealt.every((id) => byId.has(id)),
    'the split does not deal every row once',
  );
  for (const [name, ids, wanted] of [
    ['train', train, 0.5],
    ['validation', validation, 0.15],
    ['test', test, 0.35],
  ])
    for (const label of LABELS) {
      const total = rows.filter((row) => row.label === label).length;
      const n = ids.filter((id) => byId.get(id)?.label === label).length;
      must(Math.abs(n - wanted * total) <= 1.5, `${name}: ${n} of ${total} ${label} rows`);
    }
  must(
    test.some((id) => byId.get(id)?.text === sample.example && byId.get(id)?.label === 'negative'),
    'the example is not a negative test row',
  );
  const testGrams = [sample.example, ...test.map((id) => byId.get(id).text)].map(trigrams);
  for (const id of train) {
    const grams = trigrams(byId.get(id).text);
    must(
      !testGrams.some((other) => jaccard(grams, other) > JACCARD_LIMIT),
      `${id}: training row too close to a test row or to the example`,
    );
  }
  return { problems, rows };
}

const source = readMessages();
const rows = shuffled(source, mulberry32(given.seed)).map((row, i) => ({
  id: `M${String(i + 1).padStart(3, '0')}`,
  ...row,
}));
const csv = toCsv(rows);
const sample = { ...given, split: split(rows, given.seed, given.example) };
// One id list a line keeps the diff readable without a line for each id.
const json = `${JSON.stringify(sample, null, 2).replace(
  /\[\s*((?:"M\d{3}",?\s*)+)\]/g,
  (_, ids) => `[${ids.trim().split(/,\s*/).join(', ')}]`,
)}\n`;

const checking = process.argv.includes('--check');
if (!checking) {
  writeFileSync(CSV, csv);
  writeFileSync(JSON_FILE, json);
}
const written = readFileSync(CSV, 'utf8');
const { problems } = check(written, JSON.parse(readFileSync(JSON_FILE, 'utf8')), source);
if (written !== csv)
  problems.push('support-messages.csv is not what messages.txt makes: run node tools/sample/build.mjs');
if (readFileSync(JSON_FILE, 'utf8') !== json)
  problems.push('sample.json is not what prompt-set.mjs makes: run node tools/sample/build.mjs');

const lengths = rows.map((row) => row.text.split(/\s+/).length);
const per = (key) => {
  const counts = new Map();
  for (const row of rows) counts.set(row[key], (counts.get(row[key]) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, n]) => `${value} ${n}`)
    .join(', ');
};
const against = rows.filter((row) => row.tone !== row.label).length;
console.log(`${rows.length} rows: ${per('label')}; by rule: ${per('rule')}`);
console.log(
  `words: mean ${(lengths.reduce((a, b) => a + b) / rows.length).toFixed(1)}, ${Math.min(...lengths)} to ${Math.max(...lengths)}`,
);
console.log(
  `split: train ${sample.split.train.length}, validation ${sample.split.validation.length}, test ${sample.split.test.length}`,
);
console.log(
  `tone without the policy differs from the label: ${against} rows (${((100 * against) / rows.length).toFixed(1)} %)`,
);
for (const problem of problems) console.error(`  ${problem}`);
console.log(problems.length === 0 ? 'sample: ok' : `sample: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
