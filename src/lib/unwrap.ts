import { StudioError } from './errors';
import type { Failure, Result } from './result';

/** The value, or the failure as an error that survives the way between worker and page. */
export function unwrap<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value;
  const { kind, message, data } = result.error;
  throw new StudioError('bad-input', message, { data: { ...data, kind } });
}
