import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'vite';

/** Source files as their parser sees them: what they import, and the functions in them. */

export type Kind = 'value' | 'type';
export interface Import {
  readonly request: string;
  readonly kind: Kind;
}

/** Every module that a source text names: static, re-exported, dynamic, `import()` types, and worker URLs. */
export function importsOf(file: string, text: string): Import[] {
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
export function target(from: string, request: string): string | null {
  const path = request.replace(/\?.*$/, '');
  if (path.startsWith('.')) return normalize(join(dirname(from), path));
  const alias = /^(?:@\/|\/?src\/|#src\/)(?<rest>.+)$/.exec(path);
  return alias?.groups?.rest ?? null;
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Every function of a file, named by its declaration, else by what holds it: a variable, a property, a call. */
export function functionsOf(file: string, text: string): FunctionSpan[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((m) => m.index + 1)];
  const lineAt = (offset: number): number => {
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const nameOf = (node: unknown): string | null =>
    isNode(node) && typeof node.name === 'string'
      ? node.name
      : isNode(node) && isNode(node.property)
        ? nameOf(node.property)
        : isNode(node) && typeof node.value === 'string'
          ? node.value
          : null;
  const found: FunctionSpan[] = [];
  const visit = (node: Node, holder: string): void => {
    const own = nameOf(node.id) ?? nameOf(node.key) ?? (node.type === 'CallExpression' ? nameOf(node.callee) : null);
    const name = own ?? holder;
    if (FUNCTIONS.has(node.type)) {
      const line = lineAt(node.start);
      found.push({ name, line, lines: lineAt(node.end) - line + 1 });
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === 'parent') continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, name);
    }
  };
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  visit(program as unknown as Node, file);
  return found;
}
