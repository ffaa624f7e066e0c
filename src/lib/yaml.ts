/**
 * Reads the YAML that configurations and tests are written in: block and flow collections, and every kind of scalar. What
 * could name one value in several places or give it a type (anchors, aliases, tags) is refused, as are several documents.
 * @throws SyntaxError "line 3 has no value"
 */
export function readYaml(source: string): unknown {
  const reader = new Reader(source.replace(/^\uFEFF/, '').split(/\r\n?|\n/));
  try {
    return reader.document();
  } catch (cause) {
    throw cause instanceof SyntaxError ? new SyntaxError(`line ${reader.line} has ${cause.message}`) : cause;
  }
}

const refuse = (what: string): never => {
  throw new SyntaxError(what);
};

const BLANK = /^[ \t\n]*(?:#.*)?$/s;
const ITEM = /^-(?:[ \t\n]|$)/;
/** YAML has two kinds of space, JavaScript many. */
const trimmed = (text: string) => text.replace(/^[ \t\n]+|[ \t\n]+$/g, '');
const indentOf = (line: string) => line.search(/[^ ]|$/);

class Reader {
  readonly #lines: string[];
  #at = 0;
  /** That is being read, from 1. */
  line = 1;

  constructor(lines: readonly string[]) {
    this.#lines = [...lines];
    if (lines.at(-1) === '') this.#lines.pop();
  }

  document(): unknown {
    if (/^---[ \t\n]*(?:#.*)?$/s.test(this.#next() ?? '')) this.#at += 1;
    const value = this.#block(-1);
    return this.#next() === undefined ? value : refuse('more than one value');
  }

  /** The next line that says something. */
  #next(): string | undefined {
    while (this.#at < this.#lines.length && BLANK.test(this.#lines[this.#at] ?? '')) this.#at += 1;
    this.line = Math.min(this.#at + 1, this.#lines.length);
    return this.#lines[this.#at];
  }

  #more = (): string | undefined => {
    this.#at += 1;
    this.line = Math.min(this.#at, this.#lines.length);
    return this.#lines[this.#at - 1];
  };

  /** What is further in than its parent; null where nothing is. */
  #block(parent: number): unknown {
    const line = this.#next();
    if (line === undefined) return null;
    const indent = indentOf(line);
    if (indent <= parent) return null;
    const text = line.slice(indent);
    if (ITEM.test(text)) return this.#list(indent);
    if (keyOf(text)) return this.#map(indent);
    this.#at += 1;
    return this.#inline(text, parent);
  }

  #list(indent: number): readonly unknown[] {
    const items: unknown[] = [];
    for (let line = this.#next(); line !== undefined && indentOf(line) === indent; line = this.#next()) {
      if (!ITEM.test(line.slice(indent))) break;
      // what follows the dash is a block of its own, further in by the dash
      this.#lines[this.#at] = `${' '.repeat(indent + 1)}${line.slice(indent + 1)}`;
      items.push(this.#block(indent));
    }
    return items;
  }

  #map(indent: number): Readonly<Record<string, unknown>> {
    const entries = new Map<string, unknown>();
    for (let line = this.#next(); line !== undefined && indentOf(line) === indent; line = this.#next()) {
      const text = line.slice(indent);
      const key = keyOf(text) ?? refuse('no key');
      if (entries.has(key.name)) refuse('a key twice');
      this.#at += 1;
      entries.set(key.name, this.#value(text.slice(key.length), indent));
    }
    return Object.fromEntries(entries);
  }

  #value(rest: string, indent: number): unknown {
    if (!BLANK.test(rest)) return this.#inline(trimmed(rest), indent);
    const next = this.#next() ?? '';
    // the items of a list may be as far out as its key
    return this.#block(indentOf(next) === indent && ITEM.test(next.slice(indent)) ? indent - 1 : indent);
  }

  #inline(text: string, parent: number): unknown {
    if (/^[|>]/.test(text)) return this.#literal(text, parent);
    if (/^["'[{]/.test(text)) return new Flow(text, this.#more).whole();
    const parts = [checked(text).replace(/[ \t\n]+#.*$/s, '')];
    while (parts[0] === text && this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] ?? '';
      if (trimmed(line) !== '' && (indentOf(line) <= parent || /^[ \t\n]*#/.test(line))) break;
      if (/:(?:[ \t\n]|$)/.test(line)) refuse('a key inside a text');
      parts.push(trimmed(line));
      this.#at += 1;
    }
    return scalarOf(folded(parts.join('\n')));
  }

  /** A text of lines as they are (`|`) or joined (`>`). */
  #literal(header: string, parent: number): string {
    const [, style, how] = /^([|>])([1-9+-]{0,2})(?:[ \t\n]+#.*)?$/s.exec(header) ?? refuse('an unknown kind of text');
    const digit = /\d/.exec(how ?? '')?.[0];
    let indent = digit === undefined ? null : Math.max(parent, 0) + Number(digit);
    const lines: string[] = [];
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const line = this.#lines[this.#at] ?? '';
      if (/[^ ]/.test(line)) {
        if (indentOf(line) < (indent ?? parent + 1)) break;
        indent ??= indentOf(line);
      }
      lines.push(line);
    }
    const texts = lines.map((line) => line.slice(indent ?? line.length));
    const last = texts.findLastIndex((text) => text !== '') + 1;
    const kept = texts.slice(0, last);
    const content = style === '|' ? kept.join('\n') : joined(kept);
    if (how?.includes('-')) return content;
    const breaks = how?.includes('+') ? texts.length - last : 0;
    return content + '\n'.repeat(breaks + (last > 0 ? 1 : 0));
  }
}

/** Lines of a folded text: a break between two that are not further in becomes a space. */
function joined(lines: readonly string[]): string {
  let text = '';
  let before: string | null = null;
  let breaks = 0;
  for (const line of lines) {
    if (line === '') {
      breaks += 1;
      continue;
    }
    const isKept = before !== null && (/^[ \t]/.test(before) || /^[ \t]/.test(line));
    text += before !== null && breaks === 0 && !isKept ? ' ' : '\n'.repeat(breaks + (isKept ? 1 : 0));
    text += line;
    before = line;
    breaks = 0;
  }
  return text;
}

/** Lines of a text without a mark of its own: one break becomes a space, of several one is dropped. */
const folded = (text: string) =>
  text.replace(/[ \t]*\n[ \t\n]*/g, (gap) => '\n'.repeat(gap.split('\n').length - 2) || ' ');

/** Lists and maps in brackets, and texts in quotes, over as many lines as they take. */
class Flow {
  #text: string;
  #at = 0;
  readonly #more: () => string | undefined;

  constructor(text: string, more: () => string | undefined) {
    this.#text = text;
    this.#more = more;
  }

  whole(): unknown {
    const value = this.#value();
    return BLANK.test(this.#text.slice(this.#at)) ? value : refuse('text after a value');
  }

  #read(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #pull(): void {
    const more = this.#more() ?? refuse('an end in the middle of a value');
    this.#text = `${this.#text.slice(this.#at)}\n${more}`;
    this.#at = 0;
  }

  #peek(): string {
    while (this.#read(/(?:[ \t\n]|(?<=[ \t\n])#[^\n]*)*/y) && this.#at >= this.#text.length) this.#pull();
    return this.#text[this.#at] ?? '';
  }

  #value(): unknown {
    const first = this.#peek();
    if (first === '[') return this.#list();
    if (first === '{') return this.#map();
    return first === '"' || first === "'" ? this.#quoted(first) : scalarOf(this.#plain());
  }

  #quoted(mark: string): string {
    let text = '';
    this.#at += 1;
    for (;;) {
      text += this.#read(mark === '"' ? /(?:[^"\\]|\\.)*/sy : /(?:[^']|'')*/y)?.[0] ?? '';
      if (this.#text[this.#at] === mark) break;
      this.#pull();
    }
    this.#at += 1;
    return mark === '"' ? unescaped(text) : folded(text).replaceAll("''", "'");
  }

  #plain(): string {
    let text = '';
    for (;;) {
      const part =
        this.#read(
          /(?:[^ \t\n,[\]{}:]|:(?![ \t\n,[\]{}]|$)|[ \t\n]+(?=[^ \t\n,[\]{}#:]|:(?![ \t\n,[\]{}]|$)))+/y,
        )?.[0] ?? '';
      text += part;
      if (text === '') refuse('no value');
      if (trimmed(this.#text.slice(this.#at)) !== '') return folded(text);
      this.#pull();
    }
  }

  #list(): readonly unknown[] {
    const items: unknown[] = [];
    this.#at += 1;
    while (this.#peek() !== ']') {
      items.push(this.#value());
      this.#comma(']');
    }
    this.#at += 1;
    return items;
  }

  #map(): Readonly<Record<string, unknown>> {
    const entries = new Map<string, unknown>();
    this.#at += 1;
    for (let mark = this.#peek(); mark !== '}'; mark = this.#peek()) {
      const key = mark === '"' || mark === "'" ? this.#quoted(mark) : this.#plain();
      if (entries.has(key)) refuse('a key twice');
      const hasValue = this.#peek() === ':' && Boolean(this.#read(/:/y)) && !/[,}]/.test(this.#peek());
      entries.set(key, hasValue ? this.#value() : null);
      this.#comma('}');
    }
    this.#at += 1;
    return Object.fromEntries(entries);
  }

  #comma(end: string): void {
    if (this.#peek() === ',') this.#at += 1;
    else if (this.#peek() !== end) refuse('no comma between two values');
  }
}

const QUOTED_KEY = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')[ \t\n]*:(?=[ \t\n]|$)/s;

/** The key that a line begins with, and how many characters it takes with its colon. */
function keyOf(text: string): { readonly name: string; readonly length: number } | null {
  const [quoted, double, single] = QUOTED_KEY.exec(text) ?? [];
  if (quoted !== undefined)
    return {
      name: double === undefined ? (single ?? '').replaceAll("''", "'") : unescaped(double),
      length: quoted.length,
    };
  if (/^["'[{|>#]/.test(text)) return null;
  const [plain, name = ''] = /^([^ \t\n].*?)[ \t\n]*:(?=[ \t\n]|$)/s.exec(text) ?? [];
  if (plain === undefined || /[ \t\n]#/.test(plain)) return null;
  return { name: checked(name), length: plain.length };
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ 0: '\0', a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b' },
  ...{ N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029', ' ': ' ', '\t': '\t', '"': '"', '/': '/', '\\': '\\' },
};

function unescaped(text: string): string {
  return text.replace(/\\(?:x(..)|u(.{4})|U(.{8})|\n[ \t]*|(.))|[ \t]*\n[ \t\n]*/gs, (all, x, u, wide, mark) => {
    const code = x ?? u ?? wide;
    if (code !== undefined) return String.fromCodePoint(/^[\da-f]+$/i.test(code) ? Number.parseInt(code, 16) : -1);
    if (mark !== undefined) return ESCAPES[mark] ?? refuse('an unknown escape');
    return all.startsWith('\\') ? '' : folded(all);
  });
}

/** A text without quotes may not begin as an anchor, an alias or a tag does. */
const checked = (text: string) =>
  /^(?:[&*!|>%@`]|[?-](?:[ \t\n]|$))/.test(text) ? refuse('an anchor, alias or tag') : text;

const NUMBER = /^[-+]?(?:0x[\da-f]+|0o[0-7]+|(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)$/i;
const NAMED: Readonly<Record<string, unknown>> = { '': null, '~': null, null: null, true: true, false: false };

const scalarOf = (text: string): unknown => {
  if (Object.hasOwn(NAMED, text.toLowerCase())) return NAMED[text.toLowerCase()];
  return NUMBER.test(text) ? Number(text) : checked(text);
};
