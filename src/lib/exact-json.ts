/**
 * JSON that round-trips exactly and suits git: sorted keys, lists of plain values on one line, `\n` line ends. A value that
 * JSON lacks becomes an object with one key: `{"$number": "-Infinity"}`, `{"$float32": "<base64>"}`, and `$float64` likewise.
 */
import { isRecord } from './assert';
import { readFloats, readJson, writeFloats } from './bytes';

const ODD_NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

const nameOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));
const isOdd = (value: unknown): value is number =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0));

/** Plain data (with `Float32Array`s) -> text. Properties that are `undefined` are left out. */
export const exactJson = (value: unknown): string => `${print(value, '')}\n`;

function print(value: unknown, indent: string): string {
  if (isOdd(value)) return `{"$number": ${JSON.stringify(nameOf(value))}}`;
  if (value instanceof Float32Array) return `{"$float32": ${JSON.stringify(base64Of(writeFloats(value)))}}`;
  if (value instanceof Float64Array) return `{"$float64": ${JSON.stringify(float64Of(value))}}`;
  if (value === undefined) return 'null';
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => print(item, inner));
    if (value.every((item) => typeof item !== 'object' || item === null)) return `[${items.join(', ')}]`;
    return `[\n${items.map((item) => `${inner}${item}`).join(',\n')}\n${indent}]`;
  }
  if (!isRecord(value)) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    // a user's own column may be called `$number`
    .map(([key, entry]) => `${inner}${JSON.stringify(key.startsWith('$') ? `$${key}` : key)}: ${print(entry, inner)}`);
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}

/** Text -> data; undefined if the text is not valid. */
export const readExactJson = (bytes: Uint8Array): unknown => exactIn(readJson(bytes));

/** The data of JSON that was parsed; undefined if it is not valid. */
export const exactIn = (json: unknown): unknown => orUndefined(() => revive(json));

/** Undefined also if the text is nested deeper than the stack. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (!isRecord(value)) return value;
  const { $number, $float32, $float64 } = value;
  if (typeof $number === 'string' && Object.hasOwn(ODD_NUMBERS, $number)) return ODD_NUMBERS[$number];
  if (typeof $float32 === 'string') return fromBase64($float32);
  if (typeof $float64 === 'string') return float64In($float64);
  // fromEntries defines: a key `__proto__` becomes a property like any other
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key.startsWith('$$') ? key.slice(1) : key, revive(entry)]),
  );
}

const CHUNK = 0x8000;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** @throws if the text is no base64 */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** @throws if the text is not the base64 of float32 values */
function fromBase64(text: string): Float32Array {
  const bytes = bytesOf(text);
  if (bytes.length % 4 !== 0) throw new Error('not float32');
  return readFloats(bytes);
}

/** Base64 of little-endian float64 values, on every machine. */
function float64Of(values: Iterable<number>): string {
  const numbers = Float64Array.from(values);
  const view = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((value, i) => {
    view.setFloat64(8 * i, value, true);
  });
  return base64Of(new Uint8Array(view.buffer));
}

/** @throws if the text is not the base64 of float64 values */
function float64In(text: string): Float64Array {
  const bytes = bytesOf(text);
  if (bytes.length % 8 !== 0) throw new Error('not float64');
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}
