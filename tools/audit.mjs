/** Known weaknesses of what is shipped, as the registry knows them; says "skipped" where it cannot be reached. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { stdout, stderr, status } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: 30_000,
});
const found = (() => {
  try {
    return JSON.parse(stdout);
  } catch {
    return null;
  }
})();
if (!found?.metadata) {
  const why = found?.message ?? found?.error?.summary ?? stderr.trim().split('\n').at(-1) ?? '';
  console.log(`skipped: the registry did not answer${why ? ` (${why})` : ''}`);
  process.exit(0);
}
for (const [name, { severity }] of Object.entries(found.vulnerabilities ?? {})) console.error(`${name}: ${severity}`);
console.log(`${found.metadata.dependencies?.prod ?? '?'} packages looked up`);
process.exit(status === 0 ? 0 : 1);
