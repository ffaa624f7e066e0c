/** A host that serves the built page from a subfolder and sends only the content type; its files can be replaced. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const DIST = join(import.meta.dirname, '../dist');
const FOLDER = '/studio/';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

export interface StaticHost {
  readonly url: string;
  /** How often the page itself was requested. */
  readonly pages: () => number;
  /** Replaces a file from now on. */
  readonly change: (path: string, how: (text: string) => string) => void;
  readonly close: () => Promise<void>;
}

export async function staticHost(): Promise<StaticHost> {
  const changes = new Map<string, (text: string) => string>();
  let pages = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.startsWith(FOLDER) ? normalize(pathname.slice(FOLDER.length) || 'index.html') : '..';
    if (path === 'index.html') pages++;
    const send = async () => {
      if (path.startsWith('..')) throw new Error('outside');
      const bytes = await readFile(join(DIST, path));
      const change = changes.get(path);
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' });
      response.end(change ? change(bytes.toString('utf8')) : bytes);
    };
    send().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${FOLDER}`,
    pages: () => pages,
    change: (path, how) => void changes.set(path, how),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
