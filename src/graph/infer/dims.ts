/**
 * Arithmetic on dimensions that may be symbolic. Products and sums of symbols have one canonical spelling (`a*b`,
 * `a + b`, sorted), so two dimensions are known to be equal exactly if they are `===`. An unknown dimension is a symbol of
 * its own.
 */
export type SymbolicDim = number | string;
export type Shape = readonly SymbolicDim[];

let fresh = 0;
/** A symbol that equals no other. */
export const unknownDim = (): SymbolicDim => `?${++fresh}`;

export function canonical(dim: number | string | null): SymbolicDim {
  if (dim === null) return unknownDim();
  if (typeof dim === 'number') return dim < 0 ? unknownDim() : dim;
  return dim.includes('+') ? sum(dim.split('+').map((term) => term.trim())) : dim.trim();
}

/** Like terms are collected: `t + t` is `2*t`. */
export const sum = (dims: readonly SymbolicDim[]): SymbolicDim => spellSum(collected(dims));

/** `a - b` if that is a sum again, else an unknown dimension. The difference of numbers may be negative. */
export function difference(a: SymbolicDim, b: SymbolicDim): SymbolicDim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const terms = collected([a]);
  for (const [key, factor] of collected([b])) terms.set(key, (terms.get(key) ?? 0) - factor);
  return [...terms.values()].some((factor) => factor < 0) ? unknownDim() : spellSum(terms);
}

/** The terms of a sum: product of symbols ('' for numbers) -> factor. */
function collected(dims: readonly SymbolicDim[]): Map<string, number> {
  const terms = dims.flatMap<SymbolicDim>((dim) => (typeof dim === 'string' ? dim.split(' + ') : [dim]));
  const factorOf = new Map<string, number>();
  for (const { factor, symbols } of terms.map((term) => factors([term]))) {
    const key = symbols.join('*');
    factorOf.set(key, (factorOf.get(key) ?? 0) + factor);
  }
  return factorOf;
}

function spellSum(factorOf: ReadonlyMap<string, number>): SymbolicDim {
  const total = factorOf.get('') ?? 0;
  const symbolic = [...factorOf].filter(([key, factor]) => key !== '' && factor !== 0);
  const spelt = symbolic.map(([key, factor]) => String(spell({ factor, symbols: [key] }))).sort();
  return spelt.length === 0 ? total : [...spelt, ...(total === 0 ? [] : [String(total)])].join(' + ');
}

/** A sum counts as one symbol. */
interface Product {
  readonly factor: number;
  readonly symbols: readonly string[];
}

function factors(dims: readonly SymbolicDim[]): Product {
  const parts = dims.flatMap<SymbolicDim>((dim) => (typeof dim === 'string' ? dim.split('*') : [dim]));
  const isNumber = (part: SymbolicDim) => typeof part === 'number' || /^\d+$/.test(part);
  const factor = parts.filter(isNumber).reduce<number>((acc, part) => acc * Number(part), 1);
  return {
    factor,
    symbols: parts
      .filter((part) => !isNumber(part))
      .map(String)
      .sort(),
  };
}

function spell({ factor, symbols }: Product): SymbolicDim {
  if (factor === 0 || symbols.length === 0) return factor;
  return [...(factor === 1 ? [] : [String(factor)]), ...symbols].join('*');
}

export const product = (dims: readonly SymbolicDim[]): SymbolicDim => spell(factors(dims));

/** `whole / part` if the division is known to be exact, else an unknown dimension. */
export function quotient(whole: readonly SymbolicDim[], part: readonly SymbolicDim[]): SymbolicDim {
  const top = factors(whole);
  const bottom = factors(part);
  const symbols = [...top.symbols];
  for (const symbol of bottom.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return unknownDim();
    symbols.splice(at, 1);
  }
  const factor = top.factor / bottom.factor;
  return Number.isInteger(factor) ? spell({ factor, symbols }) : unknownDim();
}

/** The size of two broadcast dimensions: a known size above 1 decides; two different symbols leave it unknown. */
export function broadcastDim(a: SymbolicDim, b: SymbolicDim): SymbolicDim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : unknownDim();
}

export function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const at = (shape: Shape, axis: number) => shape[axis - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, axis) =>
    shapes.map((shape) => at(shape, axis)).reduce((a, b) => broadcastDim(a, b)),
  );
}
