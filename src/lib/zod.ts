/** Import zod only from here: its compiled parsers use `new Function`, which the page's Content-Security-Policy forbids. */
import { z } from 'zod';

z.config({ jitless: true });

/** Nothing in it may be changed. */
export type Value<S extends z.ZodType> = Frozen<z.infer<S>>;
type Frozen<T> = T extends Float32Array
  ? Float32Array
  : T extends Float64Array
    ? Float64Array
    : unknown extends T
      ? T
      : { readonly [K in keyof T]: Frozen<T[K]> };

/** `rows.0.id: expected string`. */
export const firstFault = ({ issues: [issue] }: z.ZodError): string =>
  `${issue?.path.map(String).join('.') || 'the top'}: ${issue?.message ?? 'unknown'}`;

const valuesOf = (value: unknown): readonly unknown[] | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : null;

/** By a name that the user gave; `z.record` would leave out the key `__proto__`. */
export function byName(type: 'number'): z.ZodCustom<Readonly<Record<string, number>>>;
export function byName(type: 'string'): z.ZodCustom<Readonly<Record<string, string>>>;
export function byName(type: 'number' | 'string') {
  const isSound = (value: unknown) => (type === 'number' ? Number.isFinite(value) : typeof value === type);
  return z
    .custom<Readonly<Record<string, never>>>((value) => valuesOf(value)?.every(isSound) ?? false)
    .meta({ type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type } });
}

/** What a file may hold, as it may come from a stranger: characters of a text, and how many of a thing. */
export const text = (max: number) => z.string().max(max);
export const time = text(40);
export const id = text(100);
export const short = text(200);
export const line = text(2000);
export const page = text(200_000);
export const some = <T extends z.ZodType>(of: T) => z.array(of).max(1000);
export const many = <T extends z.ZodType>(of: T) => z.array(of).max(1e6);
export const share = z.number().min(0).max(1);
export const count = z.int().min(0).max(1e9);
/** Not only finite ones: the log-probability of an impossible answer is -Infinity. */
export const real = z.custom<number>((value) => typeof value === 'number', 'expected a number');

export { z };
