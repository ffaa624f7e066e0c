/** The score of a sample of mutants: by room, and over all rooms weighted by how many mutants each has. */
import { wilson } from '../../src/metrics/intervals.ts';

export interface Outcome {
  readonly room: string;
  readonly killed: string | null;
}

const percent = (share: number) => (100 * share).toFixed(1);
const row = (name: string, total: number, n: number, killed: number, p: number, effective: number) => {
  const { low, high } = wilson(p * effective, effective);
  return `| ${name} | ${total} | ${n} | ${killed} | ${percent(p)}% | ${percent(low)} to ${percent(high)} |`;
};

/**
 * A table in Markdown. The score of all rooms weights each by its mutants (`totalOf`); its interval is Wilson's with the
 * number of independent mutants that would have the same variance (Kish's effective sample size, `Σ w² / n` inverted).
 */
export function scored(outcomes: readonly Outcome[], totalOf: (room: string) => number): string {
  const rooms = [...new Set(outcomes.map(({ room }) => room))].map((room) => {
    const here = outcomes.filter((outcome) => outcome.room === room);
    const killed = here.filter((outcome) => outcome.killed !== null).length;
    return { room, n: here.length, killed, total: totalOf(room) };
  });
  const all = rooms.reduce((sum, { total }) => sum + total, 0);
  const p = rooms.reduce((sum, { total, killed, n }) => sum + (total / all) * (killed / n), 0);
  const effective = 1 / rooms.reduce((sum, { total, n }) => sum + (total / all) ** 2 / n, 0);
  const n = outcomes.length;
  const killed = outcomes.filter((outcome) => outcome.killed !== null).length;
  return [
    '| room | mutants | sampled | killed | score | 95% interval |',
    '|---|--:|--:|--:|--:|--:|',
    ...rooms.map((room) => row(room.room, room.total, room.n, room.killed, room.killed / room.n, room.n)),
    row('**all**', all, n, killed, p, effective),
  ].join('\n');
}
