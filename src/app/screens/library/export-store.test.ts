import { describe, expect, it, vi } from 'vitest';
import { preparedOf } from '../../../dataset/test-support';
import { addWritten } from '../../../prompt-set/make-versions';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import { withRun } from '../../../prompt-set/test-support';
import * as code from '../../../workflow/exports';
import { FOR_PEFT } from '../../../workflow/runs';
import { MODEL, testServices, testStudio } from '../../state/test-support';
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

describe('a version for PEFT', () => {
  const taught = { ...tuned('r1').set, runs: [] };
  const [run] = withRun(bare, { id: 'r2', distilled: { from: 'r1' }, settings: FOR_PEFT }).runs;
  const soft = { placement: 'prefix', vectors: new Float32Array(4), virtualTokens: 2, hidden: 2 } as const;
  const result = { soft, status: 'finished', bestStep: 1, validationAccuracy: 0.5, seconds: 1 } as const;

  /** The open dialog, and what it shows while the version is made. */
  const opened = async (meanwhile: (exporting: ReturnType<typeof useExport.of>) => void = () => undefined) => {
    const services = testServices();
    const { dataset } = await preparedOf([
      ['fine', 'good'],
      ['poor', 'bad'],
    ]);
    await services.store.sets.put(taught);
    await services.store.datasets.put({ setId: taught.id, dataset });
    const shown: object[] = [];
    const call = async (verb: string, request: object, { onEvent }: { onEvent?: (event: object) => void }) => {
      if (verb !== 'twin' || !onEvent) throw new Error(`${verb} is not asked for`);
      expect(request).toEqual({ set: taught, dataset, of: 'r1' });
      for (const event of [
        { kind: 'teacher', done: 5, total: 10, secondsLeft: null },
        { kind: 'step', point: { step: 30 }, stepsTotal: 150, secondsLeft: 40 },
      ]) {
        onEvent(event);
        shown.push(exporting.twin.getState());
      }
      meanwhile(exporting);
      return { added: { run, result }, checkpoint: { steps: [] } };
    };
    const studio = testStudio({ ...services, workflow: { ...services.workflow, call } as typeof services.workflow });
    studio.stores.session.setState({ trainingReady: async () => MODEL, modelReady: async () => MODEL });
    const exporting = useExport.of(studio);
    await exporting.open(taught.id, 'r1');
    await exporting.twin.start({ set: taught, dataset, of: 'r1' });
    expect(exporting.twin.getState().error).toBeNull();
    return { exporting, shown, stored: await services.store.sets.get(taught.id) };
  };

  it('is stored beside the one that it learned from, and the export goes on with it', async () => {
    const { exporting, shown, stored } = await opened();
    expect(shown).toMatchObject([
      { running: true, fraction: 0.5 },
      { running: true, fraction: 0.2, secondsLeft: 40 },
    ]);
    expect(stored?.versions.map(({ id }) => id)).toEqual(['r1', 'r2']);
    expect(stored?.chosenTrained).toBe('r1');
    expect(exporting.getState().choice).toEqual({ subject: 'r2', recipient: 'peft', withRows: false });
  });

  it('is stored too where the dialog was closed meanwhile, which stays closed', async () => {
    const { exporting, stored } = await opened((of) => of.close());
    expect(stored?.versions).toHaveLength(2);
    expect(exporting.getState().choice).toBeNull();
  });
});
