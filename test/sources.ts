import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository, and the source files that the house rules in this folder read. */
export const ROOT = join(import.meta.dirname, '..');

export interface Source {
  /** Below src/. */
  readonly path: string;
  readonly text: string;
}

export const sources: readonly Source[] = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, 'src', path), 'utf8') }));

/** Code that ships: no tests, nothing that only tests import. */
export const product = sources.filter(({ path }) => !/(?:\.test|test-support)\.tsx?$|(?:^|\/)fixtures\//.test(path));

/** `app/screens/compare`, `app/ui`, `worker`, `graph`: the folder that a rule is about. */
export function roomOf(path: string): string {
  const [first = '', second = '', third = ''] = path.split('/');
  if (first !== 'app' || !path.includes('/')) return path.includes('/') ? first : 'app';
  if (second === 'screens' && third !== '') return path.split('/').length > 3 ? `app/screens/${third}` : 'app/screens';
  return path.split('/').length > 2 ? `app/${second}` : 'app';
}
