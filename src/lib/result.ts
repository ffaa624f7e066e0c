import { badInput } from './errors';

/** Expected. Callers switch on `kind`; `message` is a sentence for people. */
export interface Failure<K extends string = string> {
  readonly kind: K;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type Result<T, F extends Failure = Failure> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: F };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const fail = <K extends string>(
  kind: K,
  message: string,
  data?: Readonly<Record<string, unknown>>,
): { readonly ok: false; readonly error: Failure<K> } => ({
  ok: false,
  error: data ? { kind, message, data } : { kind, message },
});

/** @throws the failure as a StudioError */
export function unwrap<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value;
  const { kind, message, data } = result.error;
  throw badInput(message, { data: { ...data, kind } });
}
