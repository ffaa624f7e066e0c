/**
 * `npm start`: installs what is missing, builds, serves with cross-origin isolation on localhost, prints the address
 * and opens it where there is a desktop. PORT chooses the port; NO_OPEN=1 keeps the browser closed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Softprompt Studio needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

/** node_modules is there and belongs to this lock file. */
function installed() {
  const mark = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(mark)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(mark, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => !path || optional || have[path]?.version === version,
  );
}

function open(url) {
  const command = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  if (
    process.env.NO_OPEN ||
    process.env.CI ||
    (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
  )
    return;
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

if (!installed()) run('npm', ['ci', '--no-audit', '--no-fund']);
run('npx', ['vite', 'build', '--logLevel', 'warn']);

const { preview } = await import('vite');
const server = await preview({ root, preview: { port: Number(process.env.PORT ?? 4173), host: 'localhost' } });
const url = server.resolvedUrls?.local[0] ?? 'http://localhost:4173/';
console.log(`\nSoftprompt Studio is ready: ${url}\nStop it with Ctrl+C.`);
open(url);
