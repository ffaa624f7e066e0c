import { parseSync } from 'vite';

/** Small wrong changes of a source file: which there are, and the file with a switch at each of them. */

export interface Mutant {
  readonly file: string;
  /** Offsets of what is replaced, and the text that replaces it; a statement is left out where `text` is null. */
  readonly start: number;
  readonly end: number;
  readonly text: string | null;
  readonly kind: string;
  readonly line: number;
  /** For people: the change in one line. */
  readonly says: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}
type Change = readonly [kind: string, text: string | null];

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
const nodeAt = (node: Node, key: string): Node | null => (isNode(node[key]) ? node[key] : null);
const nodesAt = (node: Node, key: string): Node[] => (Array.isArray(node[key]) ? node[key].filter(isNode) : []);

const OPERATORS = new Map<string, readonly string[]>(
  Object.entries({
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '===': ['!=='],
    '!==': ['==='],
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '**': ['*'],
    '&&': ['||'],
    '||': ['&&'],
    '+=': ['-='],
    '-=': ['+='],
    '*=': ['/='],
    '/=': ['*='],
    '++': ['--'],
    '--': ['++'],
  }),
);
/** Methods that are put in place of another. */
const METHODS = new Map(
  Object.entries({
    some: 'every',
    every: 'some',
    min: 'max',
    max: 'min',
    floor: 'ceil',
    ceil: 'floor',
    startsWith: 'endsWith',
    endsWith: 'startsWith',
    find: 'findLast',
    indexOf: 'lastIndexOf',
  }),
);
/** Methods that are left out, so that what they are called on stays as it is. */
const LEFT_OUT = new Set(['slice', 'filter', 'sort', 'toSorted', 'reverse', 'toReversed', 'trim', 'toLowerCase']);
/** Methods whose result may be an empty list instead. */
const LISTS = new Set(['map', 'filter', 'flatMap', 'slice', 'concat', 'toSorted', 'sort']);

const number = (raw: string): string => {
  const value = Number(raw.replaceAll('_', ''));
  return value === 0 ? '1' : value === 1 ? '0' : String(Number.isInteger(value) ? value + 1 : value * 2);
};
const isText = (node: Node | null): boolean =>
  node?.type === 'TemplateLiteral' || (node?.type === 'Literal' && typeof node.value === 'string');
/** The name that says what an argument is: `b` of `a.b`, `f` of `f(x)`, the identifier itself. */
const nameOf = (node: Node | null): string =>
  node === null
    ? ''
    : node.type === 'MemberExpression'
      ? nameOf(nodeAt(node, 'property'))
      : node.type === 'CallExpression'
        ? nameOf(nodeAt(node, 'callee'))
        : typeof node.name === 'string'
          ? node.name
          : '';
/** Whether two arguments look as though they had one type: `a` and `b`, `x.id` and `y.id`, `f(a)` and `f(b)`. */
const areAlike = (a: Node, b: Node): boolean =>
  a.type === b.type &&
  nameOf(a) !== '' &&
  (a.type === 'Identifier' ? nameOf(a).length === 1 && nameOf(b).length === 1 : nameOf(a) === nameOf(b));

/** What may be put in place of a node. `cut` gives the text between two offsets. */
function changesOf(node: Node, cut: (start: number, end: number) => string): Change[] {
  const whole = (part: Node | null) => (part ? cut(part.start, part.end) : '');
  const left = nodeAt(node, 'left');
  const right = nodeAt(node, 'right');
  const operator = String(node.operator ?? '');
  switch (node.type) {
    case 'BinaryExpression':
      if (operator === '+' && (isText(left) || isText(right))) return [];
      return (OPERATORS.get(operator) ?? []).map((to) => [operator, `${whole(left)} ${to} ${whole(right)}`]);
    case 'LogicalExpression':
      if (operator === '??')
        return [
          ['??', whole(left)],
          ['??', whole(right)],
        ];
      return (OPERATORS.get(operator) ?? []).map((to) => [operator, `(${whole(left)}) ${to} (${whole(right)})`]);
    case 'AssignmentExpression':
      return (OPERATORS.get(operator) ?? []).map((to) => [operator, `${whole(left)} ${to} ${whole(right)}`]);
    case 'UpdateExpression': {
      const to = OPERATORS.get(operator)?.[0];
      const argument = whole(nodeAt(node, 'argument'));
      return to ? [[operator, node.prefix === true ? `${to}${argument}` : `${argument}${to}`]] : [];
    }
    case 'UnaryExpression':
      return operator === '!' ? [['!', whole(nodeAt(node, 'argument'))]] : [];
    case 'Literal':
      if (typeof node.value === 'boolean') return [['boolean', String(!node.value)]];
      return typeof node.value === 'number' ? [['number', number(String(node.raw))]] : [];
    case 'ArrayExpression':
      return nodesAt(node, 'elements').length > 0 ? [['list', '[]']] : [];
    case 'CallExpression':
      return callChanges(node, cut);
    default:
      return [];
  }
}

function callChanges(node: Node, cut: (start: number, end: number) => string): Change[] {
  const callee = nodeAt(node, 'callee');
  const args = nodesAt(node, 'arguments');
  const changes: Change[] = [];
  const [first, second] = args;
  if (
    callee &&
    first &&
    second &&
    areAlike(first, second) &&
    cut(first.start, first.end) !== cut(second.start, second.end)
  )
    changes.push([
      'swapped arguments',
      `${cut(node.start, first.start)}${cut(second.start, second.end)}${cut(first.end, second.start)}${cut(first.start, first.end)}${cut(second.end, node.end)}`,
    ]);
  const object = callee?.type === 'MemberExpression' ? nodeAt(callee, 'object') : null;
  const property = callee?.type === 'MemberExpression' ? nodeAt(callee, 'property') : null;
  if (!object || !property || callee?.computed === true) return changes;
  const name = nameOf(property);
  const other = METHODS.get(name);
  if (other) changes.push([name, `${cut(node.start, property.start)}${other}${cut(property.end, node.end)}`]);
  if (LEFT_OUT.has(name)) changes.push([name, cut(object.start, object.end)]);
  return changes;
}

/** What no test can reach: assertions of what always holds, whose messages say "internal". */
const isAssertion = (node: Node): boolean =>
  node.type === 'CallExpression' && nameOf(nodeAt(node, 'callee')) === 'assert';

/** Keys that hold types, names or targets, never a value that is computed. */
const NO_VALUES = new Set([
  'parent',
  'typeAnnotation',
  'typeArguments',
  'typeParameters',
  'returnType',
  'superTypeArguments',
  'id',
]);
const WITH_A_TEST = new Set([
  'IfStatement',
  'ConditionalExpression',
  'WhileStatement',
  'ForStatement',
  'DoWhileStatement',
]);
const AROUND_VALUES = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']);

/** Every mutant of a source text, in the order of the file. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const found: Mutant[] = [];
  const cut = (start: number, end: number) => source.slice(start, end);
  const add = (kind: string, start: number, end: number, text: string | null) => {
    const short = (words: string) => words.replace(/\s+/g, ' ').slice(0, 120);
    found.push({
      file,
      start,
      end,
      text,
      kind,
      line: source.slice(0, start).split('\n').length,
      says: text === null ? `leaves out ${short(cut(start, end))}` : `${short(cut(start, end))} → ${short(text)}`,
    });
  };
  /** Inside a chain (`a?.b.c()`) a part cannot be replaced by itself: the whole chain is, with that part changed. */
  const put = (node: Node, chain: Node | null, [kind, text]: Change) =>
    chain && text !== null
      ? add(kind, chain.start, chain.end, `${cut(chain.start, node.start)}${text}${cut(node.end, chain.end)}`)
      : add(kind, node.start, node.end, text);
  const visit = (node: Node, chain: Node | null): void => {
    if (isAssertion(node) || node.type === 'ImportDeclaration') return;
    if (node.type.startsWith('TS') && !AROUND_VALUES.has(node.type)) return;
    const link = node.type === 'ChainExpression' ? node : chain;
    const expression = nodeAt(node, 'expression');
    if (node.type === 'ExpressionStatement' && expression && !isAssertion(expression) && !node.directive)
      if (/^(?:Call|Assignment|Update|Await|Chain)Expression$/.test(expression.type))
        add('left out', node.start, node.end, null);
    const test = WITH_A_TEST.has(node.type) ? nodeAt(node, 'test') : null;
    if (test && test.type !== 'Literal') {
      if (!/^(?:While|For|DoWhile)/.test(node.type)) add('condition', test.start, test.end, 'true');
      add('condition', test.start, test.end, 'false');
    }
    const value = nodeAt(node, 'argument');
    if (
      node.type === 'ReturnStatement' &&
      value?.type === 'CallExpression' &&
      LISTS.has(nameOf(nodeAt(value, 'callee')))
    )
      add('list', value.start, value.end, '[]');
    for (const change of changesOf(node, cut)) put(node, link, change);
    if (link && node.optional === true) {
      const at = node.type === 'MemberExpression' ? nodeAt(node, 'object') : nodeAt(node, 'callee');
      const mark = at ? source.indexOf('?.', at.end) : -1;
      if (mark >= 0 && mark < node.end) {
        const rest = node.type === 'MemberExpression' && node.computed !== true ? '.' : '';
        add('?.', link.start, link.end, `${cut(link.start, mark)}${rest}${cut(mark + 2, link.end)}`);
      }
    }
    children(node, link);
  };
  const children = (node: Node, chain: Node | null): void => {
    const isPattern =
      node.type === 'AssignmentExpression' ? 'left' : node.type === 'UpdateExpression' ? 'argument' : '';
    for (const [key, value] of Object.entries(node)) {
      if (NO_VALUES.has(key) && !isDeclared(node, key)) continue;
      if (key === isPattern || (key === 'key' && node.computed !== true)) continue;
      // the parts of a chain belong to it, what it is called with does not
      const within =
        key === 'arguments' || (key === 'property' && node.computed === true)
          ? null
          : staysInChain(node, key)
            ? chain
            : null;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, within);
    }
  };
  visit(program as unknown as Node, null);
  return found.sort((a, b) => a.start - b.start || b.end - a.end || (a.text ?? '').localeCompare(b.text ?? ''));
}

/** Destructured names may have a value of their own: `({ a = 1 })`. */
const isDeclared = (node: Node, key: string): boolean =>
  key === 'id' && node.type === 'VariableDeclarator' && nodeAt(node, 'id')?.type.endsWith('Pattern') === true;

const staysInChain = (node: Node, key: string): boolean =>
  node.type === 'ChainExpression' ||
  (node.type === 'MemberExpression' && key === 'object') ||
  (node.type === 'CallExpression' && key === 'callee') ||
  node.type === 'TSNonNullExpression';

/** The source with a switch at each mutant: `__mutant(id)` is true where that one is on. */
export function instrument(source: string, mutants: ReadonlyMap<number, Mutant>): string {
  const sorted = [...mutants].sort(([, a], [, b]) => a.start - b.start || b.end - a.end);
  const render = (start: number, end: number, inside: typeof sorted): string => {
    let out = '';
    let at = start;
    for (let i = 0; i < inside.length; ) {
      const outer = inside[i]?.[1];
      if (!outer) break;
      const rest = inside.slice(i).filter(([, m]) => m.start < outer.end);
      const same = rest.filter(([, m]) => m.start === outer.start && m.end === outer.end);
      let piece = render(
        outer.start,
        outer.end,
        rest.filter((m) => !same.includes(m)),
      );
      for (const [id, { text }] of same)
        piece = text === null ? `{if(!__mutant(${id})){${piece}}}` : `(__mutant(${id})?(${text}):(${piece}))`;
      out += source.slice(at, outer.start) + piece;
      at = outer.end;
      i += rest.length;
    }
    return out + source.slice(at, end);
  };
  return render(0, source.length, sorted);
}
