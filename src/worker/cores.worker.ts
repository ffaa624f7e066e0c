/** Longer than a look at the clock, and shorter than a core is lent to another thread. */
const PAUSE_MS = 0.5;

addEventListener('message', ({ data: [, end] }: MessageEvent<readonly [from: number, to: number]>) => {
  const now = () => performance.timeOrigin + performance.now();
  const ran: [number, number][] = [];
  for (let at = now(); at < end; at = now()) {
    const last = ran.at(-1);
    if (last && at - last[1] < PAUSE_MS) last[1] = at;
    else ran.push([at, at]);
  }
  postMessage(ran);
});
postMessage(null);
