/**
 * Asks one question at a time; while one is being answered, of those that come only the newest waits. An answer that a
 * newer question has overtaken is null.
 */
export function latestOnly<P, R>(ask: (params: P) => Promise<R>): (params: P) => Promise<R | null> {
  let newest = 0;
  let asking: Promise<unknown> = Promise.resolve();
  return async (params) => {
    const mine = ++newest;
    const before = asking;
    const answer = before.catch(() => undefined).then(() => (mine === newest ? ask(params) : null));
    asking = answer;
    const found = await answer;
    return mine === newest ? found : null;
  };
}
