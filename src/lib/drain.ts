/** Work that is done in steps, from end to end; what it yields on the way is handed on. */
export function drained<Y, T>(work: Generator<Y, T, void>, onStep: (step: Y) => void = () => undefined): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    onStep(value);
  }
}
