import { describe, expect, it, vi } from 'vitest';
import { addWritten } from '../../../prompt-set/make-versions';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import { withRun } from '../../../prompt-set/test-support';
import * as code from '../../../workflow/exports';
import { testServices, testStudio } from '../../state/test-support';
import { changedChoice, firstChoice, useExport } from './export-store';

const bare = createPromptSet(
  { id: 's', now: '2026-01-01' },
  {
    name: 'Tone',
    baseTemplate: '',
    datasetFingerprint: null,
    datasetName: null,
    taken: [],
    words: [
      { label: 'good', word: 'good' },
      { label: 'bad', word: 'bad' },
    ],
  },
);
const stored = (set: typeof bare) => ({
  set,
  dataset: null,
  checkpoints: [],
  evaluations: [],
  measurements: [],
});
const tuned = (...ids: readonly string[]) => stored(ids.reduce((set, id) => withRun(set, { id }), bare));
const prompt = { template: 'Tone of {text}:', shots: 0, shotSeed: 0 };
const written = stored(addWritten(bare, { id: 'h', now: '2026' }, { text: prompt }).set);

describe('the export dialog', () => {
  it('opens with the prompt that was asked for, else with the one used as Tuned', () => {
    const two = tuned('r1', 'r2');
    expect(firstChoice(code, two, 'r2')).toMatchObject({ subject: 'r2', recipient: 'engineer' });
    expect(firstChoice(code, two)).toMatchObject({ subject: 'r1' });
    expect(firstChoice(code, tuned('r1'), 'r2')).toMatchObject({ subject: 'r1' });
  });

  it('opens with the hand-written prompt where nothing is tuned, and with the whole set where there is no prompt', () => {
    expect(firstChoice(code, written)).toEqual({ subject: 'h', recipient: 'engineer', withRows: false });
    expect(firstChoice(code, stored(bare))).toEqual({ subject: null, recipient: 'browser', withRows: false });
  });

  it('asks again whether to include rows for another recipient or prompt, and only then', () => {
    const both = { ...written, set: withRun(written.set, { id: 'r1' }) };
    const agreed = { ...firstChoice(code, both), withRows: true };
    const then = (change: Parameters<typeof changedChoice>[3]) => changedChoice(code, both, agreed, change);
    expect(then({}).withRows).toBe(true);
    expect(then({ recipient: 'browser' }).withRows).toBe(false);
    expect(then({ subject: 'r1' }).withRows).toBe(false);
  });

  it('keeps the recipient that the other prompt fits too, and goes to one that it fits where it does not', () => {
    const both = { ...written, set: withRun(written.set, { id: 'r1' }) };
    const text = { subject: 'h', recipient: 'textField', withRows: false } as const;
    expect(changedChoice(code, both, text, { subject: 'r1' })).toMatchObject({ subject: 'r1', recipient: 'engineer' });
    const whole = { ...text, recipient: 'browser' } as const;
    expect(changedChoice(code, both, whole, { subject: 'r1' })).toMatchObject({ recipient: 'browser' });
  });
});

it('cannot save any more what was made for the choice before', async () => {
  const services = testServices();
  await services.store.sets.put(written.set);
  const { open, change, made } = useExport.of(testStudio(services));
  await open(bare.id, 'h', 'textField');
  await vi.waitFor(() => expect(made.getState().value?.rows).toBe(0));
  change({ recipient: 'chatServer' });
  expect(made.getState().value).toBeNull();
});
