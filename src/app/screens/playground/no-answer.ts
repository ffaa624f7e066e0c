import { StudioError } from '../../../lib/errors';

/** Why a text got no answer, as an error with a sentence. */
export function noAnswer(cause: unknown): StudioError {
  if (!(cause instanceof StudioError))
    return new StudioError('internal', `The model gave no answer: ${String(cause)}`, { cause });
  // the engine speaks of rows; here is only what was typed
  if (cause.code !== 'too-long') return cause;
  const { tokens, limit } = cause.data;
  return new StudioError(
    'too-long',
    `With its prompt, this text has ${tokens} tokens; the model reads at most ${limit}. Shorten the text.`,
    { cause },
  );
}
