/**
 * `npm run docs`: the package's pages and API in dist/docs, from docs/package and the docstrings of src/api. TypeDoc needs a
 * TypeScript with an API, which the repository's has not: both are installed here, apart, when they are first needed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { surface } from '../surface.ts';

const here = import.meta.dirname;
const root = join(here, '../..');
const made = join(root, '.cache/docs');

function run(command: string, args: readonly string[], cwd: string): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

if (!existsSync(join(here, 'node_modules/.package-lock.json'))) run('npm', ['ci', '--no-audit', '--no-fund'], here);

mkdirSync(made, { recursive: true });
writeFileSync(join(made, 'softprompt.ts'), surface());
const entries = ['.cache/docs/softprompt.ts', 'src/api/autodiff.ts', 'src/api/stats.ts'];
const files = entries.map((path) => join(root, path));
writeFileSync(
  join(made, 'tsconfig.json'),
  JSON.stringify({ extends: join(root, 'tsconfig.json'), include: [], files }),
);
const options = {
  entryPoints: files,
  tsconfig: join(made, 'tsconfig.json'),
  out: join(root, 'dist/docs'),
  name: 'softprompt',
  readme: join(root, 'docs/package/README.md'),
  projectDocuments: ['getting-started', 'how-it-works', 'from-transformers-js', 'from-peft', 'limits'].map((name) =>
    join(root, `docs/package/${name}.md`),
  ),
  disableSources: true,
  groupOrder: ['Functions', 'Interfaces', 'Type Aliases', '*'],
  kindSortOrder: ['Module', 'Document', 'Function', 'Interface', 'TypeAlias'],
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Variable', 'Enum'],
  highlightLanguages: ['typescript', 'javascript', 'html', 'bash', 'python', 'json', 'mermaid'],
};
writeFileSync(join(made, 'typedoc.json'), JSON.stringify(options));
run(process.execPath, [join(here, 'node_modules/typedoc/bin/typedoc'), '--options', join(made, 'typedoc.json')], root);
