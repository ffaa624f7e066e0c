import { StudioError } from './errors';

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
