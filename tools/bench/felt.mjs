/** What a person feels of a page while it trains: when it shows itself, how soon it answers a press, how true its time left is. */

/** In the page, before anything else runs. */
export const observeFelt = () => {
  const felt = { largestPaint: 0, events: [] };
  window.felt = felt;
  new PerformanceObserver((list) => {
    felt.largestPaint = list.getEntries().at(-1).startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries())
      if (interactionId) felt.events.push({ interactionId, duration });
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
};

/** Opens and closes a panel until the page has the mark; gives the seconds left that it showed, by the time. */
export async function pressUntil(page, mark, isOver) {
  const shown = [];
  let presses = 0;
  while (!(await isOver(mark))) {
    await page.getByRole('button', { name: /^Model: / }).click();
    await page.waitForTimeout(700);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(700);
    presses += 2;
    const found = /(?:(\d+):)?(\d+):(\d\d) left/.exec((await page.locator('main').textContent()) ?? '');
    if (!found) continue;
    const [hours = 0, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0));
    shown.push({ at: Date.now(), left: 3600 * hours + 60 * minutes + seconds });
  }
  return { shown, presses };
}

/** Seconds left at each quarter, as shown and as it was. */
export function quarters(shown, from, until) {
  return [0.25, 0.5, 0.75].map((share) => {
    const last = shown.findLast(({ at }) => at <= from + share * (until - from));
    return last ? { shown: last.left, real: Math.round((until - last.at) / 1000) } : null;
  });
}

/** Milliseconds: the largest paint, and the interaction that is slower than 95% of the presses. Faster than 16 ms: not listed. */
export function feltBy({ largestPaint, events }, presses) {
  const slowest = new Map();
  for (const { interactionId, duration } of events)
    slowest.set(interactionId, Math.max(duration, slowest.get(interactionId) ?? 0));
  const sorted = [...slowest.values()].sort((a, b) => b - a);
  return { largestPaint: Math.round(largestPaint), interaction95: sorted[Math.floor(0.05 * presses)] ?? 16, presses };
}
