import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

type Kind = 'value' | 'type';
interface Import {
  readonly request: string;
  readonly kind: Kind;
}

/** Every module that a source text names: static, re-exported, dynamic, `import()` types, and worker URLs. */
function importsOf(file: string, text: string): Import[] {
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const found: Import[] = [];
  for (const { moduleRequest, entries } of module.staticImports)
    found.push({
      request: moduleRequest.value,
      kind: entries.length > 0 && entries.every((e) => e.isType) ? 'type' : 'value',
    });
  for (const { entries } of module.staticExports)
    for (const entry of entries)
      if (entry.moduleRequest)
        found.push({ request: entry.moduleRequest.value, kind: entry.isType ? 'type' : 'value' });
  const dynamic = new Set(module.dynamicImports.map((d) => d.moduleRequest.start));
  for (const match of text.matchAll(/\bimport\(\s*(['"`])(?<request>[^'"`]+)\1/g)) {
    const at = match.index + match[0].length - (match.groups?.request?.length ?? 0) - 2;
    found.push({ request: match.groups?.request ?? '', kind: dynamic.has(at) ? 'value' : 'type' });
  }
  for (const match of text.matchAll(/new URL\(\s*(['"`])(?<request>[^'"`]+\.tsx?)\1\s*,\s*import\.meta\.url/g))
    found.push({ request: match.groups?.request ?? '', kind: 'value' });
  return found;
}

/** The path below src/ that a request means, or null for a package. */
function target(from: string, request: string): string | null {
  const path = request.replace(/\?.*$/, '');
  if (path.startsWith('.')) return normalize(join(dirname(from), path));
  const alias = /^(?:@\/|\/?src\/|#src\/)(?<rest>.+)$/.exec(path);
  return alias?.groups?.rest ?? null;
}

/** `worker/clients/x.ts` -> `worker/clients`; `graph/ir.ts` -> `graph`; `main.tsx` -> `app`. */
function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  if (first === 'worker') return `worker/${second.replace(/\.tsx?$/, '')}`;
  return path.includes('/') ? first : first.startsWith('main') ? 'app' : first;
}

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
const PACKAGE_DOORS: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'runtime',
  'onnxruntime-node': 'runtime',
  idb: 'store',
  react: 'app',
  'react-dom': 'app',
};

/** Why `from` (path below src/) may not import this, or null. Test files may also import the libraries and rooms they test with. */
function violation(from: string, { request, kind }: Import): string | null {
  const room = roomOf(from);
  const path = target(from, request);
  if (path === null) {
    const name = Object.keys(PACKAGE_DOORS).find((p) => request === p || request.startsWith(`${p}/`));
    return name && PACKAGE_DOORS[name] !== room ? `${from}: only ${PACKAGE_DOORS[name]} may import ${request}` : null;
  }
  if (path.startsWith('..')) return null;
  const other = roomOf(path);
  if (other === room || other === 'lib') return null;
  const rule = rules.get(room);
  if (!rule) return `${from}: the table has no room ${room}`;
  const allowed = kind === 'type' ? rule.types : rule.values;
  const file = path.replace(/\.tsx?$/, '');
  return allowed.has(other) || allowed.has(file)
    ? null
    : `${from}: ${room} may not import ${kind === 'type' ? 'types of ' : ''}${other} (${request})`;
}

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, 'src', path), 'utf8') }));
const product = sources.filter(({ path }) => !/(?:\.test|test-support)\.tsx?$/.test(path));

describe('allowed imports', () => {
  it('hold in every source file', () => {
    const broken = product.flatMap(({ path, text }) =>
      importsOf(path, text)
        .map((i) => violation(path, i))
        .filter((v) => v !== null),
    );
    expect(broken).toEqual([]);
  });

  const rooms = [...rules.keys()];
  const file = (room: string) => (room.includes('/') && !room.endsWith('clients') ? `${room}.ts` : `${room}/x.ts`);
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
  const pairs = rooms.flatMap((from) =>
    [...rooms].filter((to) => to !== from && to !== 'lib').map((to) => [from, to] as const),
  );

  it('are caught when broken, in every form and between every forbidden pair', () => {
    let generated = 0;
    for (const [from, to] of pairs) {
      const rule = rules.get(from);
      for (const [name, kind, write] of forms) {
        if (kind === 'type' ? rule?.types.has(to) : rule?.values.has(to)) continue;
        const relativeRequest = relative(dirname(file(from)), file(to).replace(/\.ts$/, ''));
        for (const request of [
          relativeRequest.startsWith('.') ? relativeRequest : `./${relativeRequest}`,
          `@/${file(to)}`,
          `src/${file(to)}`,
        ]) {
          generated++;
          const caught = importsOf(file(from), write(request)).map((i) => violation(file(from), i));
          expect(
            caught.some((v) => v !== null),
            `${from} -> ${to}, ${name}: ${request}`,
          ).toBe(true);
        }
      }
    }
    expect(generated).toBeGreaterThan(5000);
  });

  it('let through what the table allows', () => {
    for (const [from, rule] of rules)
      for (const to of rule.values)
        if (rules.has(to))
          expect(
            importsOf(file(from), `import { x } from '@/${file(to)}';`).map((i) => violation(file(from), i)),
          ).toEqual([null]);
  });

  it('keep ONNX Runtime, IndexedDB and React behind one door each', () => {
    for (const [name, door] of Object.entries(PACKAGE_DOORS)) {
      const caught = (room: string) => violation(file(room), { request: `${name}/sub`, kind: 'value' });
      expect(caught(door)).toBeNull();
      for (const room of rooms) if (room !== door) expect(caught(room), `${room} -> ${name}`).not.toBeNull();
    }
  });
});

describe('import cycles', () => {
  it('do not exist', () => {
    const files = new Set(product.map(({ path }) => path));
    const find = (path: string) => ['', '.ts', '.tsx', '/index.ts'].map((end) => path + end).find((p) => files.has(p));
    const edges = new Map(
      product.map(({ path, text }) => [
        path,
        importsOf(path, text)
          .filter((i) => i.kind === 'value' && !i.request.endsWith('.worker.ts'))
          .map((i) => target(path, i.request))
          .map((t) => (t === null ? undefined : find(t)))
          .filter((t) => t !== undefined),
      ]),
    );
    const state = new Map<string, 'open' | 'done'>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open')
        throw new Error(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      state.set(path, 'open');
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const { path } of product) visit(path, []);
  });
});
