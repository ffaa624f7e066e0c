import { StudioError } from '../../../lib/errors';

/** Whatever was thrown, as an error with a sentence. `what`: what came to nothing. */
export const asTrouble = (cause: unknown, what: string): StudioError =>
  cause instanceof StudioError ? cause : new StudioError('internal', `${what}: ${String(cause)}`, { cause });
