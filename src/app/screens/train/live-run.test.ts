import { expect, it } from 'vitest';
import type { RaceEntry } from '../../../prompt-set/types';
import { fractionOf, heard, jobOf, type LiveRun, progressWords } from './live-run';

const RUN: LiveRun = {
  ...{ runId: 'r', setId: 's', kind: 'classify', phase: 'preparing', note: null, cache: null, teacher: null },
  ...{ widened: 0, race: null, raceSteps: 0, steps: [], validations: [], step: 0, stepsTotal: 150, secondsLeft: null },
  ...{ stepsPerSecond: null, bestStep: null, lines: [], validationRows: 30, sample: null, ending: null, error: null },
  resumeFrom: null,
};
const entry = (name: string, ...steps: number[]): RaceEntry => ({
  name,
  losses: steps.map((step) => ({ step, loss: 1 })),
  outcome: 'racing',
});

it('shows how far a race of starts is in the whole run, and the time that is left', () => {
  const entries = [entry('One', 8), entry('Two'), entry('Three')];
  const live = heard(RUN, { kind: 'race', entries, now: { entry: 1, step: 7 }, secondsLeft: 63, winner: null });
  expect(progressWords(live)).toBe('Two: step 7 · 1:03 left');
  expect(fractionOf(live)).toBe(15 / 150);
  expect(jobOf(live)).toEqual({ title: 'Training', fraction: 15 / 150, secondsLeft: 63 });
});
