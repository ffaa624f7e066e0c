import { StudioError } from './errors';

/** Work that is done in steps, from end to end; what it yields on the way is handed on. */
export function drained<Y, T>(work: Generator<Y, T, void>, onStep: (step: Y) => void = () => undefined): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    onStep(value);
  }
}

/**
 * Runs long work to its end; between two steps, each of which yields the share that is done, messages from outside are heard.
 * @throws StudioError `cancelled` once something was asked for from outside
 */
export async function inSteps<T>(
  work: Generator<number, T, void>,
  control: { readonly requested: unknown },
  progress: (share: number) => void,
): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    progress(value);
    await new Promise((resolve) => setTimeout(resolve));
    if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
  }
}
