/** The current ISO time, but always after `before`, even if the clock was moved back. */
export function nowAfter(before: string | null | undefined, now = Date.now()): string {
  const earliest = before ? Date.parse(before) + 1 : now;
  return new Date(Number.isNaN(earliest) ? now : Math.max(now, earliest)).toISOString();
}
