/** What work gives away by a callback, as an iteration that ends with its result. */
export interface Stream<T, R> extends AsyncIterable<T, R> {
  readonly result: Promise<R>;
}

/** The work starts at once; what it gives away waits until somebody iterates, and goes to the first who does. */
export function streamed<T, R>(work: (give: (value: T) => void) => Promise<R>): Stream<T, R> {
  const waiting: T[] = [];
  let wake = () => {};
  let ended = false;
  const result = work((value) => {
    waiting.push(value);
    wake();
  }).finally(() => {
    ended = true;
    wake();
  });
  result.catch(() => undefined); // whoever iterates or awaits hears of it
  return {
    result,
    [Symbol.asyncIterator]: async function* () {
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
        if (ended) return result;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
