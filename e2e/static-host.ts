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

const typeOf = (path: string) => TYPES[extname(path)] ?? 'application/octet-stream';

/** Starts a server on a port of its own; what `answer` throws is not found. */
async function listening(answer: (path: string) => Promise<readonly [type: string, body: Uint8Array | string]>) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname).then(
      ([type, body]) => response.writeHead(200, { 'Content-Type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export async function staticHost(): Promise<StaticHost> {
  const changes = new Map<string, (text: string) => string>();
  let pages = 0;
  const { url, close } = await listening(async (pathname) => {
    const path = pathname.startsWith(FOLDER) ? normalize(pathname.slice(FOLDER.length) || 'index.html') : '..';
    if (path === 'index.html') pages++;
    if (path.startsWith('..')) throw new Error('outside');
    const bytes = await readFile(join(DIST, path));
    const change = changes.get(path);
    return [typeOf(path), change ? change(bytes.toString('utf8')) : bytes];
  });
  return {
    url: `${url}${FOLDER}`,
    pages: () => pages,
    change: (path, how) => void changes.set(path, how),
    close,
  };
}

/** A host with an unpacked zip under `/page/` and a model's folder under `/model/`, and nothing of the studio. */
export async function plainHost(files: Readonly<Record<string, Uint8Array>>, model: string) {
  const { url, close } = await listening(async (pathname) => {
    const [, top, ...rest] = pathname.split('/');
    const path = normalize(rest.join('/') || 'index.html');
    if (path.startsWith('..')) throw new Error('outside');
    const bytes = top === 'page' ? files[path] : top === 'model' ? await readFile(join(model, path)) : undefined;
    if (!bytes) throw new Error('not there');
    return [typeOf(path), bytes];
  });
  return { url: `${url}/page/`, close };
}
