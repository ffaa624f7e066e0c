import { StudioError } from './errors';

/** Runs stepwise work to its end, and passes on what it yields. */
export function drained<Y, T>(work: Generator<Y, T, void>, onStep: (step: Y) => void = () => undefined): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    onStep(value);
  }
}

/**
 * Runs long work to its end and lets messages in after each step. Steps yield the share that is done.
 * @throws StudioError `cancelled` once `control` has a request
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
