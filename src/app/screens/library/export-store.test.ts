import { describe, expect, it } from 'vitest';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import type { SoftVersion } from '../../../prompt-set/types';
import { changedChoice, firstChoice } from './export-store';

const run = (id: string, status: SoftVersion['status'] = 'finished') =>
  ({ id, status, soft: { vectors: new Float32Array(2) } }) as unknown as SoftVersion;

const set = (...soft: readonly SoftVersion[]) => ({
  ...createPromptSet(
    { id: 's', now: '2026-01-01' },
    { name: 'Tone', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] },
  ),
  soft,
  chosenSoft: 'r1',
});

describe('the export dialog', () => {
  it('opens with the prompt that was asked for, else with the one used as Tuned', () => {
    const two = set(run('r1'), run('r2'));
    expect(firstChoice(two, 'r2')).toMatchObject({ runId: 'r2', recipient: 'engineer', needsModel: true });
    expect(firstChoice(two)).toMatchObject({ runId: 'r1' });
    expect(firstChoice(set(run('r1'), run('r2', 'failed')), 'r2')).toMatchObject({ runId: 'r1' });
  });

  it('opens with the whole set, and without waiting for the model, if nothing is tuned', () => {
    expect(firstChoice(set())).toEqual({ runId: null, recipient: 'browser', needsModel: false, withRows: false });
  });

  it('asks again whether to include rows for another recipient, and only then', () => {
    const agreed = { ...firstChoice(set(run('r1'))), withRows: true };
    expect(changedChoice(agreed, { runId: 'r1' }).withRows).toBe(true);
    expect(changedChoice(agreed, { recipient: 'browser' }).withRows).toBe(false);
  });
});
