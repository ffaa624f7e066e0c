import { expect, it } from 'vitest';
import { toWire } from '../../../lib/errors';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import type { Run } from '../../../prompt-set/types';
import { diverged } from '../../../training/checkpoint';
import { STANDARD } from '../../../training/settings';
import { endedRun, type LiveRun, trainHeadline } from './live-run';

const RUN: LiveRun = {
  runId: 'r',
  setId: 's',
  kind: 'classify',
  phase: 'preparing',
  note: null,
  cache: null,
  teacher: null,
  widened: 0,
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
};
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
