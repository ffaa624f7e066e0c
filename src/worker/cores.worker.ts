/** Clocks of some browsers tick every millisecond. */
const WINDOW_MS = 10;

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
