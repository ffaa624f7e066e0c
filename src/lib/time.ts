/** ISO time of now, or of the moment after `before` where the clock was moved back: what is newer must also look newer. */
export function nowAfter(before: string | null | undefined, now = Date.now()): string {
  const earliest = before ? Date.parse(before) + 1 : now;
  return new Date(Number.isNaN(earliest) ? now : Math.max(now, earliest)).toISOString();
}
