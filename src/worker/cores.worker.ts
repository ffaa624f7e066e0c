/** Shorter than the stretch that a core is lent to one thread; the clocks of isolated pages tick every 20 µs. */
const WINDOW_MS = 1;

/** Spins until a moment, in milliseconds since 1970. */
addEventListener('message', ({ data: until }: MessageEvent<number>) => {
  const now = () => performance.timeOrigin + performance.now();
  let [turns, best, from, before] = [0, 0, now(), 0];
  for (let at = from; at < until; at = now()) {
    turns++;
    if (at - from < WINDOW_MS) continue;
    best = Math.max(best, (turns - before) / (at - from));
    [from, before] = [at, turns];
  }
  postMessage({ turns, best });
});
postMessage(null);
