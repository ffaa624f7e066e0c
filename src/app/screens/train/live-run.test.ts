import { expect, it } from 'vitest';
import { toWire } from '../../../lib/errors';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import type { RaceEntry, Run } from '../../../prompt-set/types';
import { diverged } from '../../../training/checkpoint';
import { STANDARD } from '../../../training/settings';
import { endedRun, fractionOf, heard, jobOf, type LiveRun, progressWords, trainHeadline } from './live-run';

const RUN: LiveRun = {
  runId: 'r',
  setId: 's',
  kind: 'classify',
  phase: 'preparing',
  note: null,
  cache: null,
  teacher: null,
  widened: 0,
  race: null,
  raceSteps: 0,
  steps: [],
  validations: [],
  step: 0,
  stepsTotal: 150,
  secondsLeft: null,
  stepsPerSecond: null,
  bestStep: null,
  lines: [],
  validationRows: 30,
  sample: null,
  ending: null,
  error: null,
  resumeFrom: null,
  isRacedAhead: false,
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
  expect(jobOf(live)).toEqual({ title: 'Training', hasSteps: false, fraction: 15 / 150, secondsLeft: 63 });
});

it('says what the chosen start reached as soon as the race is over, and later what the run reaches', () => {
  const chosen: RaceEntry = { name: 'Two', losses: [{ step: 15, loss: 0.5, accuracy: 0.8 }], outcome: 'continues' };
  const entries: readonly RaceEntry[] = [{ ...entry('One', 15), outcome: 'out' }, chosen];
  const winner = { settings: STANDARD, initText: '', checkpoint: null };
  const live = heard(RUN, { kind: 'race', entries, now: null, secondsLeft: null, winner, ahead: true });
  expect(trainHeadline(live, null, 0)).toBe('Training: 80% of 30 validation rows right');
  expect(live.isRacedAhead).toBe(true);
  const point = { kind: 'classify', step: 25, accuracy: 0.9, macroF1: 0.9, loss: 0.4 } as const;
  const later = heard(live, { kind: 'validation', point, best: true });
  expect(trainHeadline(later, null, 0)).toBe('Training: 90% of 30 validation rows right');
});

it('says that training diverged, at once and after a reload, whatever step was saved last', () => {
  const error = diverged(37, 0.0077);
  expect(trainHeadline({ ...RUN, phase: 'ended', step: 36, error }, null, 0)).toBe('Training diverged at step 37');
  const version = { id: 'r', settings: STANDARD, status: 'failed', error: toWire(error) } as Run;
  const from = { name: 'S', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] };
  const open = createPromptSet({ id: 's', now: '' }, from);
  const left = endedRun(version, open, null, { validationRows: 22, lines: [] });
  expect(trainHeadline(left, null, 0)).toBe('Training diverged at step 37');
  expect(left).toMatchObject({ resumeFrom: null, error: { data: { suggestedLearningRate: 0.0026 } } });
  const kept = endedRun({ ...version, status: 'stopped', bestStep: 30 }, open, null, { validationRows: 22, lines: [] });
  expect(trainHeadline(kept, null, 0)).toBe('Training diverged at step 37; the vectors of step 30 are kept');
  expect(kept).toMatchObject({ resumeFrom: null, ending: 'stopped', error: { code: 'diverged' } });
});
