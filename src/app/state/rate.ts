/** Seconds left at the mean rate so far; null before there is a rate worth showing. */
export function secondsLeft(done: number, total: number, elapsedSeconds: number): number | null {
  if (done <= 0 || total <= 0 || elapsedSeconds < 1) return null;
  return Math.max(0, ((total - done) * elapsedSeconds) / done);
}
