import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, type Kind, target } from './parse.ts';
import { roomOf as folderOf, product, ROOT } from './sources.ts';

interface Rule {
  readonly values: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

function readTable(): Map<string, Rule> {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const table = /<!-- imports:begin -->(?<rows>[\s\S]*)<!-- imports:end -->/.exec(text)?.groups?.rows ?? '';
  const rules = new Map<string, Rule>();
  for (const row of table.split('\n').slice(3)) {
    const [, room, names] = row.split('|').map((cell) => cell.trim());
    if (!room) continue;
    const words = names?.split(/\s+/).filter(Boolean) ?? [];
    const values = new Set(words.filter((word) => !word.endsWith('(T)')));
    rules.set(room, { values, types: new Set([...values, ...words.map((word) => word.replace('(T)', ''))]) });
  }
  return rules;
}

const rules = readTable();

/** Packages that one room alone may import. `app` here is the room and every room below it. */
const PACKAGE_DOORS: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'runtime',
  'onnxruntime-node': 'runtime',
  idb: 'store',
  react: 'app',
  'react-dom': 'app',
};
const behind = (door: string, room: string) => room === door || room.startsWith(`${door}/`);

/** A room of the imports table: its row, and its own name where the row covers several (`app/screens/*`). */
interface Room {
  readonly name: string;
  readonly row: string;
}

/** The row that covers most of the path: `app/screens/*` before `app`, `worker/clients` for worker/clients.ts. */
function roomOf(path: string): Room {
  const parts = path.replace(/\.tsx?$/, '').split('/');
  for (let n = parts.length; n > 0; n--) {
    const name = parts.slice(0, n).join('/');
    if (rules.has(name)) return { name, row: name };
    const row = [...parts.slice(0, n - 1), '*'].join('/');
    if (rules.has(row) && n < parts.length) return { name, row };
  }
  const name = parts.length === 1 && path.startsWith('main') ? 'app' : (parts[0] ?? '');
  return { name, row: name };
}

/** Why `from` (path below src/) may not import this, or null. Test files may also import what they test with. */
function violation(from: string, { request, kind }: Import): string | null {
  const room = roomOf(from);
  const path = target(from, request);
  if (path === null) {
    const name = Object.keys(PACKAGE_DOORS).find((p) => request === p || request.startsWith(`${p}/`));
    const door = name && PACKAGE_DOORS[name];
    return door && !behind(door, room.name) ? `${from}: only ${door} may import ${request}` : null;
  }
  if (path.startsWith('..')) return null;
  const other = roomOf(path);
  if (other.name === room.name || other.name === 'lib') return null;
  const rule = rules.get(room.row);
  if (!rule) return `${from}: the table has no room ${room.name}`;
  const allowed = kind === 'type' ? rule.types : rule.values;
  return allowed.has(other.name) || allowed.has(other.row) || allowed.has(path.replace(/\.tsx?$/, ''))
    ? null
    : `${from}: ${room.name} may not import ${kind === 'type' ? 'types of ' : ''}${other.name} (${request})`;
}

describe('allowed imports', () => {
  it('hold in every source file', () => {
    const broken = product.flatMap(({ path, text }) =>
      importsOf(path, text)
        .map((i) => violation(path, i))
        .filter((v) => v !== null),
    );
    expect(broken).toEqual([]);
  });

  const rooms = [...rules.keys()].flatMap((row) =>
    row.endsWith('/*') ? [row.replace('*', 'one'), row.replace('*', 'other')] : [row],
  );
  const ruleOf = (room: string) => rules.get(roomOf(file(room)).row);
  const allows = (from: string, kind: Kind, to: string) => {
    const rule = ruleOf(from);
    const names = kind === 'type' ? rule?.types : rule?.values;
    return names?.has(to) || names?.has(roomOf(file(to)).row);
  };
  const file = (room: string) => (existsSync(join(ROOT, 'src', `${room}.ts`)) ? `${room}.ts` : `${room}/x.ts`);
  const forms: readonly (readonly [name: string, kind: Kind, write: (request: string) => string])[] = [
    ['static', 'value', (r) => `import { x } from '${r}';`],
    ['renamed', 'value', (r) => `import { type T, x as y } from '${r}';`],
    ['side effect', 'value', (r) => `import '${r}';`],
    ['dynamic', 'value', (r) => `const m = await import('${r}');`],
    ['re-export', 'value', (r) => `export { x } from '${r}';`],
    ['re-export all', 'value', (r) => `export * from '${r}';`],
    ['type-only', 'type', (r) => `import type { X } from '${r}';`],
    ['import type', 'type', (r) => `let x: import('${r}').X;`],
    ['type re-export', 'type', (r) => `export type { X } from '${r}';`],
  ];

  it('are enforced in every form of import, between every forbidden pair of rooms', () => {
    const styles = (from: string, to: string) => {
      const path = relative(dirname(file(from)), file(to).replace(/\.ts$/, ''));
      return [path.startsWith('.') ? path : `./${path}`, `@/${file(to)}`, `src/${file(to)}`];
    };
    for (const [name, kind, write] of forms)
      for (const request of styles('engine', 'graph'))
        expect(importsOf('engine/x.ts', write(request)), name).toContainEqual({ request, kind });
    let pairs = 0;
    for (const from of rooms)
      for (const to of rooms)
        for (const kind of ['value', 'type'] as const) {
          if (from === to || to === 'lib' || allows(from, kind, to)) continue;
          pairs++;
          for (const request of styles(from, to))
            expect(violation(file(from), { request, kind }), `${from} -> ${to}, ${kind}: ${request}`).not.toBeNull();
        }
    expect(pairs).toBeGreaterThan(500);
  });

  it('include everything that the table allows', () => {
    for (const from of rooms)
      for (const to of rooms)
        if (allows(from, 'value', to))
          expect(
            importsOf(file(from), `import { x } from '@/${file(to)}';`).map((i) => violation(file(from), i)),
          ).toEqual([null]);
  });

  it('keep ONNX Runtime, IndexedDB and React each to one room', () => {
    for (const [name, door] of Object.entries(PACKAGE_DOORS)) {
      const caught = (room: string) => violation(file(room), { request: `${name}/sub`, kind: 'value' });
      expect(caught(door)).toBeNull();
      for (const room of rooms) if (!behind(door, room)) expect(caught(room), `${room} -> ${name}`).not.toBeNull();
    }
  });
});

/** Strongly connected components of more than one node (Tarjan). */
function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const low = new Map<string, number>();
  const index = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      const reached = index.has(next) ? (stack.includes(next) ? (index.get(next) ?? own) : own) : visit(next);
      low.set(node, Math.min(low.get(node) ?? own, reached));
    }
    if (low.get(node) === own) {
      const component = stack.splice(stack.indexOf(node));
      if (component.length > 1) cycles.push(component.sort());
    }
    return low.get(node) ?? own;
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return cycles;
}

describe('import cycles', () => {
  const files = new Set(product.map(({ path }) => path));
  const find = (path: string) => ['', '.ts', '.tsx', '/index.ts'].map((end) => path + end).find((p) => files.has(p));
  /** Types included. A worker that a client starts by its address is not an import. */
  const edges = new Map(
    product.map(({ path, text }) => [
      path,
      new Set(
        importsOf(path, text)
          .filter((i) => !i.request.endsWith('.worker.ts'))
          .map((i) => target(path, i.request))
          .map((t) => (t === null ? undefined : find(t)))
          .filter((t) => t !== undefined),
      ),
    ]),
  );

  it('do not exist between files, types included', () => {
    expect(cyclesOf(edges)).toEqual([]);
  });

  it('do not exist between folders; the files directly in app/ put all of them together', () => {
    const folders = new Map<string, Set<string>>();
    for (const [path, targets] of edges) {
      const from = folderOf(path);
      const to = folders.get(from) ?? new Set();
      for (const other of targets) if (folderOf(other) !== from && folderOf(other) !== 'app') to.add(folderOf(other));
      if (from !== 'app') folders.set(from, to);
    }
    expect(cyclesOf(folders)).toEqual([]);
  });

  it('are found by the search above', () => {
    const edge = (from: string, ...to: string[]) => [from, new Set(to)] as const;
    expect(cyclesOf(new Map([edge('a', 'b'), edge('b', 'c'), edge('c', 'b', 'd'), edge('d')]))).toEqual([['b', 'c']]);
    expect(cyclesOf(new Map([edge('a', 'b', 'c'), edge('b', 'd'), edge('c', 'd'), edge('d')]))).toEqual([]);
  });
});
