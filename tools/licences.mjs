/**
 * Every installed package has a licence that we may use it under: `node tools/licences.mjs`. What is shipped needs one that
 * asks for nothing but its notice; tools may have one that binds their own files. Exits 1 and names what has another.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const SHIPPED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'CC0-1.0',
  'OFL-1.1',
]);
const TOOLS = new Set([...SHIPPED, 'MPL-2.0', 'BlueOak-1.0.0', 'CC-BY-4.0', 'Python-2.0']);
/** Installed beside the model library for Node, linked dynamically, never part of the page. */
const EXCEPTIONS = [/^@img\/sharp-libvips/];

/** An SPDX expression of names, AND, OR and brackets. */
export function isAllowed(expression, allowed) {
  const terms = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  const parseOr = () => {
    let value = parseAnd();
    while (terms[0] === 'OR') {
      terms.shift();
      const other = parseAnd();
      value = value || other;
    }
    return value;
  };
  const parseAnd = () => {
    let value = parseOne();
    while (terms[0] === 'AND') {
      terms.shift();
      const other = parseOne();
      value = value && other;
    }
    return value;
  };
  const parseOne = () => {
    const term = terms.shift();
    if (term !== '(') return allowed.has(term);
    const value = parseOr();
    return terms.shift() === ')' && value;
  };
  return parseOr() && terms.length === 0;
}

/** Names, with their licence, of what `root` has installed and may not use. */
export function refused(root) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(lock).flatMap(([path, entry]) => {
    const file = join(root, path, 'package.json');
    const name = path.replace(/^.*node_modules\//, '');
    if (!path || !existsSync(file) || EXCEPTIONS.some((known) => known.test(name))) return [];
    const { license = 'none' } = JSON.parse(readFileSync(file, 'utf8'));
    const isTool = entry.dev || entry.optional || entry.devOptional;
    return isAllowed(String(license), isTool ? TOOLS : SHIPPED) ? [] : [`${name}: ${license}`];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const found = refused(join(import.meta.dirname, '..'));
  for (const line of found) console.error(line);
  if (found.length > 0) {
    console.error(
      'These licences are not on the list in tools/licences.mjs: ask what they mean for us, or take another package.',
    );
    process.exit(1);
  }
}
