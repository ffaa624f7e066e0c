/** Errors cross between worker and page: posted as `toWire(error)`, rebuilt with `fromWire`. */
export const ERROR_CODES = [
  'cancelled',
  'internal',
  'model-missing-file',
  'model-corrupt',
  'model-unsupported',
  'model-download',
  'session-failed',
  'out-of-memory',
  'device-lost',
  'worker-died',
  'too-long',
  'diverged',
  'gradient-wrong',
  'bad-input',
  'store-blocked',
  'store-full',
  'store-failed',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: WireError;
}

interface ErrorOptions {
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
  }
}

/** A file, a setting or an argument. The message says why, and what to do. */
export const badInput = (message: string, options?: ErrorOptions): StudioError =>
  new StudioError('bad-input', message, options);

/** As a sentence. @throws a cause that says nothing of that */
export function badInputIn(cause: unknown): string {
  if (cause instanceof StudioError && cause.code === 'bad-input') return cause.message;
  throw cause;
}

export const missingFile = (message: string, options?: ErrorOptions): StudioError =>
  new StudioError('model-missing-file', message, options);

export const corruptModel = (message: string, options?: ErrorOptions): StudioError =>
  new StudioError('model-corrupt', message, options);

/** Sound, but not one that this program can run or train. */
export const unsupportedModel = (message: string, options?: ErrorOptions): StudioError =>
  new StudioError('model-unsupported', message, options);

export const sessionFailed = (message: string, options?: ErrorOptions): StudioError =>
  new StudioError('session-failed', message, options);

/** Structured-clonable; unknown errors become `internal`. */
export function toWire(error: unknown): WireError {
  const cause = error instanceof Error && error.cause !== undefined ? { cause: toWire(error.cause) } : {};
  if (error instanceof StudioError) return { code: error.code, message: error.message, data: error.data, ...cause };
  const message = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(message)) return { code: 'out-of-memory', message: NO_MEMORY, ...cause };
  return { code: 'internal', message: isCodeMissing(message) ? NO_CODE : message, ...cause };
}

/** Where its heap cannot grow, Emscripten throws a bare address. */
export const isOutOfMemory = (text: string): boolean =>
  /^\d{4,}$|bad_alloc|out of memory|Array buffer allocation failed|could not allocate|failed to allocate/i.test(text);

export const NO_MEMORY =
  'There is not enough memory for this. Close other tabs and try again; fewer rows per step or a smaller model need less.';

/** Code of the page is loaded where it is first needed. */
export const isCodeMissing = (text: string): boolean =>
  /dynamically imported module|importing a module script|module script failed/i.test(text);

const NO_CODE =
  'Part of the page could not be fetched. Check the connection and try again; if that does not help, reload the page.';

export function fromWire(wire: WireError): StudioError {
  return new StudioError(wire.code, wire.message, {
    data: wire.data,
    ...(wire.cause ? { cause: fromWire(wire.cause) } : {}),
  });
}

/** A StudioError is kept as it is, anything else is named by `what`. */
export function asStudioError(cause: unknown, what = 'Something went wrong'): StudioError {
  if (cause instanceof StudioError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StudioError('internal', isCodeMissing(message) ? NO_CODE : `${what}: ${message}`, { cause });
}
