// Writes test/fixtures/csv/awkward.csv from awkward.txt: the kind of export that people really send.
//   node tools/sample/awkward.mjs           writes the file
//   node tools/sample/awkward.mjs --check   exits 1 when the file is not what this script makes
// What is awkward, on purpose:
// - semicolons, CRLF, Windows-1252 (umlauts, euro sign, curly quotes), no byte order mark;
// - German column names, and "Kunde" twice (name, then kind of customer); a decimal comma in "Betrag";
// - cells with quoted line breaks, semicolons and doubled quotes, one with HTML, one that begins with "-";
// - one record with too few cells (after row 40) and one with too many (after row 90);
// - one empty text (after row 60) and one of blanks only (after row 120).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const TARGET = here('../../test/fixtures/csv/awkward.csv');
const TON = { c: 'complaint', q: 'question', p: 'praise' };
const NAMES = [
  'Jürgen Groß',
  'Zoë Hart',
  'M. Núñez',
  'Frau Æbelø',
  "O'Neill, Pat",
  'Ms Adé',
  'F. Brontë; F. Brontë & Co.',
  'T. Çelik',
  'Büro "Süd"',
];
const KINDS = ['privat', 'Geschäft', 'Behörde'];

// Written out, since TextDecoder('windows-1252') of Node 20 decodes 0x80 to 0x9f as Latin-1. A space marks an unused byte.
const HIGH = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

function windows1252(text) {
  return Buffer.from(
    [...text].map((character) => {
      const code = character.codePointAt(0);
      if (code < 0x80 || (code >= 0xa0 && code <= 0xff)) return code;
      const high = HIGH.indexOf(character);
      if (high < 0) throw new Error(`not in Windows-1252: ${character}`);
      return 0x80 + high;
    }),
  );
}

const cell = (value) => (/[";\r\n]|^\s+$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

const messages = readFileSync(here('awkward.txt'), 'utf8')
  .split('\n')
  .filter((line) => /^[cqp] /.test(line))
  .map((line) => ({ ton: TON[line[0]], text: line.slice(2).replaceAll('\\n', '\n') }));
if (new Set(messages.map((message) => message.text)).size !== messages.length)
  throw new Error('a message appears twice');

const records = [['Ticket-Nr', 'Kunde', 'Nachricht', 'Ton', 'Betrag', 'Kunde']];
const add = (text, ton) => {
  const n = records.length;
  const amount = `${((n * 37) % 900) + 9},${String((n * 13) % 100).padStart(2, '0')}`;
  records.push([`T-${1000 + n}`, NAMES[n % NAMES.length], text, ton, amount, KINDS[n % KINDS.length]]);
};
for (const [i, { text, ton }] of messages.entries()) {
  add(text, ton);
  if (i + 1 === 40) records.push(['T-8001', 'Zoë Hart', 'The record was cut off here']);
  if (i + 1 === 60) add('', 'complaint');
  if (i + 1 === 90)
    records.push([
      'T-8002',
      'T. Çelik',
      'One cell too many in this record.',
      'question',
      '12,50',
      'privat',
      'überzählig',
    ]);
  if (i + 1 === 120) add('   ', 'praise');
}
const bytes = windows1252(records.map((record) => `${record.map(cell).join(';')}\r\n`).join(''));

const count = (ton) => messages.filter((message) => message.ton === ton).length;
console.log(
  `${messages.length} messages (${Object.values(TON)
    .map((ton) => `${ton} ${count(ton)}`)
    .join(', ')}), ${records.length - 1} records`,
);
if (process.argv.includes('--check')) {
  const same = existsSync(TARGET) && readFileSync(TARGET).equals(bytes);
  console.log(
    same ? 'awkward.csv: ok' : 'awkward.csv is not what awkward.txt makes: run node tools/sample/awkward.mjs',
  );
  process.exitCode = same ? 0 : 1;
} else writeFileSync(TARGET, bytes);
