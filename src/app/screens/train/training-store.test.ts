import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { present } from '../../../lib/assert';
import { breathe, type Control } from '../../../lib/control';
import { StudioError, toWire, type WireError } from '../../../lib/errors';
import { firstText, softsOf } from '../../../prompt/prompt';
import {
  addWritten,
  chooseWritten,
  chosenTrained,
  chosenWritten,
  finishRun,
  PROPOSED,
  updateRun,
} from '../../../prompt-set/make-versions';
import { stamp } from '../../../prompt-set/prompt-set';
import { trainedIn, writtenIn } from '../../../prompt-set/test-support';
import type { PromptSet } from '../../../prompt-set/types';
import { openMemoryStore, type Store } from '../../../store/store';
import { diverged } from '../../../training/checkpoint';
import type { Checkpoint, TrainEvent } from '../../../training/events';
import { PRESETS, type TrainingSettings } from '../../../training/settings';
import type { ScoreRequest, TrainRequest } from '../../../worker/protocol';
import { createPromptSetsStore, type PromptSetsStore } from '../../state/prompt-sets-store';
import type { SessionState } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { MODEL, testServices } from '../../state/test-support';
import { againOf, NextRuns, plannedRuns, reachedBefore } from './next-run';
import { moved } from './run-queue';
import { Training } from './training-store';

const ids = (from: number, n: number) => Array.from({ length: n }, (_, i) => String(from + i));
const dataset: Dataset = {
  table: {
    format: { fileName: 'a.csv', bytes: 1, encoding: 'utf-8', delimiter: ',', kind: 'csv' },
    columns: ['text', 'label'],
    rows: ids(0, 20).map((id, i) => ({ id, line: i, cells: { text: `t${id}`, label: i % 2 ? 'b' : 'a' } })),
    rejected: [],
  },
  mapping: { text: 'text', label: 'label', id: null, task: 'classify' },
  labels: ['a', 'b'],
  split: { train: ids(0, 10), validation: ids(10, 4), test: ids(14, 6) },
  seed: 0,
  fingerprint: 'f',
  splitHash: 's',
  heldBackHash: 'h',
  splitBy: { kind: 'seed' },
};
const checkpoint = (step: number): Checkpoint => ({
  formatVersion: 1,
  step,
  vectors: Float32Array.of(step, 0),
  optimiser: { m: new Float32Array(2), v: new Float32Array(2) },
  rngState: 0,
  pending: [],
  best: null,
  evaluationsWithoutGain: 0,
  steps: [],
  validations: [{ kind: 'classify', step, accuracy: 0.75, macroF1: 0.7, loss: 1 }],
  elapsedMs: step * 10,
  environment: 'fake',
});

/** The event callback of an engine call. */
type Emit = (event: TrainEvent) => void;

/** An engine that trains by the tens, obeys pause and stop, and dies at a given step. */
function fakeEngine() {
  const calls: { method: string; resume: number | null; from?: Float32Array }[] = [];
  const engine = {
    dieAt: null as number | null,
    death: new StudioError('worker-died', 'The engine stopped.'),
    /** A run that dies ends with its last step, as the loop ends one that diverges after a validated step. */
    keeps: false,
    calls,
    score: ({ rows }: ScoreRequest) => {
      calls.push({ method: 'score', resume: null });
      return {
        rows: rows.map(({ rowId }) => ({ rowId, logProbs: [-0.1, -2], tokensSent: 9, tokensComputed: 9 })),
        rowsRun: rows.length,
        seconds: 1,
      };
    },
    train: async ({ settings, resume, initFrom }: TrainRequest, emit: Emit, control: Control) => {
      calls.push({ method: 'train', resume: resume?.step ?? null, ...(initFrom && { from: initFrom.vectors }) });
      let step = resume?.step ?? 0;
      let reason: 'finished' | 'paused' | 'stopped' = 'finished';
      let error: { error?: WireError } = {};
      while (step < settings.steps) {
        await breathe();
        await breathe(); // as an engine does after each step: requests have come in
        if (control.requested) {
          reason = control.requested === 'stop' ? 'stopped' : 'paused';
          break;
        }
        step = Math.min(settings.steps, step + 10);
        if (engine.dieAt !== null && step >= engine.dieAt) {
          engine.dieAt = null;
          if (!engine.keeps) throw engine.death;
          [reason, error, step] = ['stopped', { error: toWire(engine.death) }, step - 10];
          break;
        }
        emit({
          kind: 'step',
          point: { step, loss: 1, learningRate: 1, gradNorm: 1, ms: 5 },
          stepsTotal: settings.steps,
          secondsLeft: 1,
        });
        const point = { kind: 'classify' as const, step, accuracy: 0.75, macroF1: 0.7, loss: 1 };
        emit({ kind: 'validation', point, best: true });
        if (step % 20 === 0) emit({ kind: 'checkpoint', checkpoint: checkpoint(step) });
      }
      const end = { cacheSeconds: 0, trainSeconds: 1, stepsPerSecond: 1 };
      const vectors = Float32Array.from({ length: MODEL.hidden * settings.virtualTokens }, (_, i) =>
        i === 0 ? step : 0,
      );
      emit({ kind: 'done', reason, ...error, vectors, bestStep: step, checkpoint: checkpoint(step), ...end });
      return { runId: 'x' };
    },
  };
  return engine;
}

let engine: ReturnType<typeof fakeEngine>;
let disk: Store;
let lost: StudioError[];
let promptSets: PromptSetsStore;
let workflow: Studio['services']['workflow'];
let train: Training;
let next: NextRuns;

/** The page as a reload makes it: the same disk, everything else new. @param tokenizer when it is there */
async function boot(tokenizer = Promise.resolve()) {
  const handlers = { score: engine.score, train: engine.train as never };
  const services = { ...testServices(handlers), store: disk };
  ({ workflow } = services);
  const info = {
    id: 'm',
    dtype: 'q4',
    sha256: 'a'.repeat(64),
    backend: 'wasm',
    threads: 2,
    vocabulary: 100,
    hidden: 1,
  };
  const session = createStore<Partial<SessionState>>(() => ({
    capabilities: { trainingOff: null } as SessionState['capabilities'],
    model: { kind: 'ready', info } as SessionState['model'],
    card: null,
    modelReady: async () => info as never,
    trainingReady: async () => info as never,
    tokenizerReady: () => tokenizer,
    setJob: () => undefined,
    updateJob: () => undefined,
    engineLost: (error) => void lost.push(error),
  })) as unknown as SessionStore;
  const before = (await disk.sets.list())[0]?.id;
  promptSets = createPromptSetsStore(services);
  await promptSets.getState().refresh();
  if (before) await promptSets.getState().open(before);
  const studio = { services, stores: { session, promptSets } } as unknown as Studio;
  train = new Training(studio);
  next = new NextRuns(studio);
}

/** The button: a run with the settings on the screen. */
const start = () => train.enqueue(plannedRuns(next.getState()));
/** The screen shows the open set. */
const arrive = () => train.arrive({ setId: promptSets.getState().set?.id ?? '', dataset });
const untilStored = (settings: Partial<TrainingSettings>) =>
  vi.waitFor(async () => {
    const kept = await disk.settings.get<object>(`next-run:${promptSets.getState().set?.id}`);
    expect(kept).toMatchObject({ settings });
  });

beforeEach(async () => {
  engine = fakeEngine();
  disk = openMemoryStore();
  lost = [];
  await boot();
  await promptSets.getState().create({
    name: 'x',
    dataset,
    datasetName: 'a.csv',
    words: [
      { label: 'a', word: ' a' },
      { label: 'b', word: ' b' },
    ],
    baseTemplate: '{text}\nA:',
  });
  next.change({ steps: 100, virtualTokens: 2 });
  const at = stamp();
  await promptSets
    .getState()
    .update((s) => addWritten(s, at, { text: { template: 'Say.\n{text}\nA:', shots: 0, shotSeed: 0 } }).set);
});

const trains = () => engine.calls.filter((c) => c.method === 'train').map((c) => c.resume);

describe('a link that repeats a run with other steps', () => {
  test('fills in the settings of that run', async () => {
    await start();
    const set = promptSets.getState().set as PromptSet;
    const runId = trainedIn(set)[0]?.id ?? '';
    expect(againOf(set, runId, '200')).toEqual({ ...set.runs[0]?.settings, steps: 200 });
    expect(againOf(set, 'gone', '200')).toBeNull();
    for (const steps of ['', '0', '-5', '1e9', 'NaN', '2.5', '__proto__'])
      expect(againOf(set, runId, steps)).toBeNull();
  });
});

describe('coming back', () => {
  test('shows the newest run of the open rows, and says what its preset reached', async () => {
    await start();
    const runId = train.getState().live?.runId;
    await boot();
    await arrive();
    expect(train.getState().live).toMatchObject({ runId, phase: 'ended', ending: 'finished' });
    const runs = promptSets.getState().set?.runs ?? [];
    expect(reachedBefore({ runs }, 'quick', dataset.fingerprint)).toBeNull();
    const quick = { runs: runs.map((each) => ({ ...each, settings: { ...PRESETS.quick.settings, seed: 3 } })) };
    expect(reachedBefore(quick, 'quick', dataset.fingerprint)).toEqual({ accuracy: 0.75, rows: 4 });
    expect(reachedBefore(quick, 'quick', 'other rows')).toBeNull();
  });
});

describe('a run of Auto', () => {
  const run = () => promptSets.getState().set?.runs[0];
  const placement = () => softsOf(present(trainedIn(promptSets.getState().set)[0], 'version').prompt)[0]?.placement;
  beforeEach(() => next.choosePreset('auto'));

  test('keeps the settings that were decided, and is one of Auto', async () => {
    await start();
    expect(run()).toMatchObject({ settings: { auto: true, placement: 'suffix', answerVectors: 'trained' } });
    expect(placement()).toBe('suffix');
    expect(train.getState().live).toMatchObject({ ending: 'finished', stepsTotal: PRESETS.auto.settings.steps });
    const runs = promptSets.getState().set?.runs ?? [];
    expect(reachedBefore({ runs }, 'auto', dataset.fingerprint)).not.toBeNull();
    expect(reachedBefore({ runs }, 'standard', dataset.fingerprint)).toBeNull();
  });

  test('goes on from its last checkpoint after a reload', async () => {
    engine.dieAt = 75;
    await start();
    await boot();
    await train.resume(run()?.id ?? '');
    expect(trains()).toEqual([null, 60]);
    expect(run()).toMatchObject({ status: 'finished', settings: { auto: true } });
  });

  test('is given up for settings of one’s own, and for vectors before the text', async () => {
    next.choosePlacement('prefix');
    await start();
    expect(placement()).toBe('prefix');
    next.choosePlacement('suffix');
    next.change({ steps: 50 });
    expect(next.getState().settings).toEqual({ ...PRESETS.standard.settings, steps: 50 });
  });
});

describe('a run', () => {
  test('starts at once and scores the baselines after the steps', async () => {
    await start();
    expect(engine.calls.map((c) => c.method)).toEqual(['train', 'score', 'score']);
    const { live } = train.getState();
    expect(live).toMatchObject({ phase: 'ended', ending: 'finished', step: 100 });
    expect(live?.lines.map((l) => l.id)).toEqual(['majority', 'untuned', 'yours']);
    expect(live?.stepsPerSecond).toBe(200); // 5 ms a step, whatever was let past between two of them
    const set = promptSets.getState().set;
    expect(set && softsOf(present(chosenTrained(set) ?? undefined, 'Tuned').prompt)[0]).toMatchObject({
      virtualTokens: 2,
      hidden: 2,
      placement: 'suffix',
    });
    expect(writtenIn(set)[0]?.tried).toMatchObject({ rows: 4, accuracy: 0.5 });
    expect((await disk.checkpoints.get(live?.runId ?? ''))?.checkpoint.step).toBe(100);
  });

  test('writes one checkpoint at a time, the latest first, and always the last', async () => {
    const written: number[] = [];
    let atOnce = 0;
    let most = 0;
    const { put } = disk.checkpoints;
    Object.assign(disk.checkpoints, {
      put: async (value: Parameters<typeof put>[0]) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 20)); // a slow disk
        atOnce--;
        written.push(value.checkpoint.step);
        return put(value);
      },
    });
    await start();
    expect(most).toBe(1);
    expect(written.length).toBeLessThan(5);
    expect(written.at(-1)).toBe(100);
    expect((await disk.checkpoints.get(train.getState().live?.runId ?? ''))?.checkpoint.step).toBe(100);
  });

  test('scores no baseline twice', async () => {
    await start();
    engine.calls.length = 0;
    await start();
    expect(engine.calls.map((c) => c.method)).toEqual(['train']);
  });

  test('is shown beside what there is to beat on its own rows, and closed when others are open', async () => {
    await start();
    const setId = promptSets.getState().set?.id ?? '';
    const runId = train.getState().live?.runId ?? '';
    const lines = () => train.getState().live?.lines.map((line) => line.id);
    // another hand-written prompt, which was not scored yet
    const other = { template: 'Other.\n{text}\nA:', shots: 0, shotSeed: 0 };
    await promptSets.getState().update((set) => {
      const added = addWritten(set, stamp(), { text: other });
      return { ...added.set, chosenWritten: added.version.id };
    });
    await train.arrive({ setId, dataset });
    expect(lines()).toEqual(['majority', 'untuned']);
    const elsewhere = { ...dataset, fingerprint: 'g' };
    promptSets.setState({ dataset: elsewhere });
    await train.arrive({ setId, dataset: elsewhere });
    expect(train.getState().live).toBeNull();
    await train.show(runId);
    expect(lines()).toEqual([]);
  });

  test('trains a diverged run again with the rate that its error names, and resumes nothing of it', async () => {
    engine.dieAt = 70;
    engine.death = new StudioError('diverged', 'Training diverged.', { data: { suggestedLearningRate: 33 } });
    await start();
    const { settings } = next.getState();
    const { error, resumeFrom } = present(train.getState().live, 'run');
    expect(resumeFrom).toBeNull();
    await train.startInstead(
      { ...settings, learningRate: Number(error?.data.suggestedLearningRate) },
      { hybrid: false },
    );
    expect(promptSets.getState().set?.runs).toMatchObject([
      { status: 'failed', error: { message: 'Training diverged.' } },
      { status: 'finished', error: null, settings: { learningRate: 33 } },
    ]);
  });

  test('keeps the best step of a run that diverged later, says so, and resumes nothing of it', async () => {
    engine.dieAt = 70;
    engine.keeps = true;
    engine.death = diverged(61, 0.01);
    await start();
    const { live } = train.getState();
    expect(live).toMatchObject({ ending: 'stopped', bestStep: 60, resumeFrom: null, error: engine.death });
    const { set } = promptSets.getState();
    const [run] = present(set, 'set').runs;
    expect(run).toMatchObject({ status: 'stopped', bestStep: 60, error: toWire(engine.death) });
    expect(set?.chosenTrained).toBe(run?.id);
    await boot();
    await train.arrive({ setId: set?.id ?? '', dataset });
    expect(train.getState().live).toMatchObject({ ending: 'stopped', resumeFrom: null, error: engine.death });
  });

  test('resumes from the last checkpoint after the worker died', async () => {
    engine.dieAt = 70;
    await start();
    expect(train.getState().live).toMatchObject({ phase: 'ended', resumeFrom: 60, error: { code: 'worker-died' } });
    expect(lost.map((e) => e.code)).toEqual(['worker-died']);
    const run = promptSets.getState().set?.runs[0];
    expect(run).toMatchObject({ status: 'paused', error: { code: 'worker-died', message: 'The engine stopped.' } });
    await train.resume(run?.id ?? '');
    expect(trains().at(-1)).toBe(60);
    expect(promptSets.getState().set?.runs[0]).toMatchObject({ status: 'finished', error: null });
  });

  test('says what died where that is the background work: the model stays, and the last checkpoint is kept', async () => {
    engine.death = new StudioError('worker-died', 'The background work stopped.', { data: { worker: 'workflow' } });
    engine.dieAt = 70;
    await start();
    expect(train.getState().live).toMatchObject({ phase: 'ended', resumeFrom: 60, error: engine.death });
    expect(lost).toEqual([]);
  });

  test('pauses and stops on request', async () => {
    const started = start();
    const unsubscribe = train.subscribe(({ live }) => {
      if (live?.step === 40 && live.phase === 'training') train.pause();
    });
    await started;
    unsubscribe();
    expect(train.getState().live).toMatchObject({ ending: 'paused', resumeFrom: 40 });
    const id = promptSets.getState().set?.runs[0]?.id ?? '';
    const resumed = train.resume(id);
    const stopAt = train.subscribe(({ live }) => {
      if (live?.step === 60 && live.phase === 'training') train.stop();
    });
    await resumed;
    stopAt();
    expect(promptSets.getState().set?.runs[0]).toMatchObject({ status: 'stopped', bestStep: 60 });
  });
});

describe('the queue', () => {
  const queued = () => train.queue.getState().items.map(({ settings }) => settings.seed);
  const more = (...seeds: number[]) =>
    train.enqueue(
      seeds.map((seed) => ({
        settings: { ...next.getState().settings, seed },
        name: '',
        hybrid: false,
        group: 'g',
      })),
    );
  const seedsDone = () => promptSets.getState().set?.runs.map(({ settings, status }) => [settings.seed, status]);
  /** Does something once, when the run under way is at that step. */
  const atStep = (step: number, act: () => void) => {
    let done = false;
    train.subscribe(({ live, busy }) => {
      if (done || !busy || live?.step !== step || live.phase !== 'training') return;
      done = true;
      act();
    });
  };

  test('shows a stored run before there is a tokenizer, and one that was cut off once it resumes', async () => {
    const shown = async (status: 'paused' | 'stopped' | 'running') => {
      const { updateById, set } = promptSets.getState();
      await updateById(set?.id ?? '', (s, at) => updateRun(s, s.runs[0]?.id ?? '', { status }, at.now));
      await boot(new Promise(() => {}));
      void arrive();
      await vi.waitFor(() => expect(train.getState().live).not.toBeNull());
      return train.getState().live;
    };
    atStep(40, () => train.pause());
    await more(1);
    expect(await shown('paused')).toMatchObject({ phase: 'ended', ending: 'paused', resumeFrom: 40 });
    expect(await shown('stopped')).toMatchObject({ phase: 'ended', ending: 'stopped' });
    await expect(shown('running')).rejects.toThrow();
  });

  test('trains several seeds one after another, as one group', async () => {
    next.change({ seeds: 3 });
    await start();
    expect(seedsDone()).toEqual([
      [0, 'finished'],
      [1, 'finished'],
      [2, 'finished'],
    ]);
    expect(new Set(promptSets.getState().set?.runs.map(({ group }) => group)).size).toBe(1);
    expect(promptSets.getState().set?.runs[0]?.group).toBeTruthy();
  });

  test('keeps runs that are added during a run waiting, to be moved or removed', async () => {
    atStep(20, () => {
      void more(5, 6, 7).then(async () => {
        const last = train.queue.getState().items.at(-1)?.id ?? '';
        await train.queue.change((items) => moved(items, last, -1));
        await train.queue.change((items) => items.slice(1));
        expect(queued()).toEqual([7, 6]);
      });
    });
    await start();
    expect(seedsDone()?.map(([seed]) => seed)).toEqual([0, 7, 6]);
    expect(queued()).toEqual([]);
  });

  test('holds waiting runs on a pause, and continues them on resume', async () => {
    atStep(40, () => train.pause());
    await more(1, 2);
    expect(seedsDone()).toEqual([[1, 'paused']]);
    expect(train.queue.getState()).toMatchObject({ paused: true, items: [{ settings: { seed: 2 } }] });
    await train.resume(promptSets.getState().set?.runs[0]?.id ?? '');
    expect(seedsDone()).toEqual([
      [1, 'finished'],
      [2, 'finished'],
    ]);
  });

  test('ends one run on stop, and lets it finish without a next one on hold', async () => {
    atStep(40, () => train.stop());
    await more(1, 2);
    expect(seedsDone()).toEqual([
      [1, 'stopped'],
      [2, 'finished'],
    ]);
    atStep(40, () => void train.letQueueRun(false));
    await more(3, 4);
    expect(seedsDone()?.slice(2)).toEqual([[3, 'finished']]);
    expect(queued()).toEqual([4]);
  });

  test('holds the queue after a dead worker, until it is continued', async () => {
    engine.dieAt = 70;
    await more(1, 2);
    expect(train.queue.getState()).toMatchObject({ paused: true, items: [{ settings: { seed: 2 } }] });
    await boot();
    await arrive();
    expect(queued()).toEqual([2]);
    await train.letQueueRun(true);
    expect(seedsDone()).toEqual([
      [1, 'paused'],
      [2, 'finished'],
    ]);
  });

  test('continues with the next run after a reload between two runs', async () => {
    const set = promptSets.getState().set?.id ?? '';
    const items = [
      { id: 'x', settings: { ...next.getState().settings, seed: 9 }, name: '', hybrid: false, group: null },
    ];
    await disk.settings.set(`queue:${set}`, { setId: set, items, paused: false });
    await boot();
    await arrive();
    expect(seedsDone()).toEqual([[9, 'finished']]);
  });

  test('trains a remedy in place of the run, before the waiting ones', async () => {
    atStep(40, () => {
      void train.startInstead({ ...next.getState().settings, seed: 8 }, { hybrid: false });
    });
    await more(1, 2);
    expect(seedsDone()).toEqual([
      [1, 'stopped'],
      [8, 'finished'],
      [2, 'finished'],
    ]);
  });

  test('trains with examples in the text, on other rows', async () => {
    next.change({ examples: 2 });
    await start();
    const { set, dataset } = promptSets.getState();
    const { examples = [], template } = present(set?.runs[0], 'run');
    expect(examples).toHaveLength(2);
    expect(template).toContain('\n\n');
    for (const id of examples) expect(dataset?.split.train).toContain(id);
  });

  test('adds a hybrid to the hand-written text, and does not use it as Tuned', async () => {
    next.change({ hybrid: true });
    await start();
    const set = promptSets.getState().set;
    expect(set?.runs[0]).toMatchObject({ template: 'Say.\n{text}\nA:', handVersion: writtenIn(set)[0]?.id });
    expect(set?.chosenTrained).toBeNull();
  });

  test('starts a branch from the vectors of the other run', async () => {
    await start();
    const runId = promptSets.getState().set?.runs[0]?.id ?? '';
    next.change({ initialisation: { kind: 'prompt', runId, at: 'best' } });
    await start();
    expect(engine.calls.at(-1)?.from).toEqual(Float32Array.of(100, 0, 0, 0));
  });
});

describe('after a reload', () => {
  const cutOff = async () => {
    engine.dieAt = 70;
    await start();
    const id = promptSets.getState().set?.runs[0]?.id ?? '';
    // As a closed tab leaves it: nobody wrote that it was interrupted.
    await promptSets
      .getState()
      .update((s) => ({ ...s, runs: s.runs.map((v) => ({ ...v, status: 'running' as const, error: null })) }));
    return id;
  };

  test('resumes a run that was cut off by itself', async () => {
    await cutOff();
    await boot();
    await arrive();
    expect(trains().at(-1)).toBe(60);
    expect(promptSets.getState().set?.runs[0]?.status).toBe('finished');
  });

  test('shows a run that another tab has finished, without training it again', async () => {
    const id = await cutOff();
    await boot();
    const before = trains().length;
    const stored = (await disk.sets.list())[0] as PromptSet;
    const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 2, hidden: 1 };
    const end = { status: 'finished', soft, bestStep: 1, validationAccuracy: 1, seconds: 1 } as const;
    await disk.sets.put(finishRun(stored, id, end, 'now'));
    await arrive();
    expect(trains()).toHaveLength(before);
    expect(train.getState().live).toMatchObject({ runId: id, phase: 'ended' });
  });

  test('trains only the new run when one is asked for at the same time', async () => {
    await cutOff();
    const before = trains().length;
    await boot();
    next.choosePreset('standard');
    await Promise.all([start(), arrive()]);
    expect(trains().slice(before)).toEqual([null]);
  });

  test('leaves it to the user when the run was cut off at this step before', async () => {
    const id = await cutOff();
    await disk.settings.set(`resumed:${id}`, 60);
    const before = trains().length;
    await boot();
    await arrive();
    expect(trains()).toHaveLength(before);
    expect(train.getState().live).toMatchObject({ phase: 'ended', ending: 'paused', resumeFrom: 60 });
  });
});

describe('a proposed prompt, while nothing else runs', () => {
  /** What the verb answers; null = nothing before it is cancelled. */
  async function proposed(isWorse: boolean | null) {
    const at = { ...stamp(), id: 'proposed' };
    const prompt = { template: 'Classify.\n{text}\nA:', shots: 0, shotSeed: 0 };
    await promptSets.getState().update((set) => {
      const { set: added, version } = addWritten(set, at, { text: prompt, ...PROPOSED });
      return chooseWritten(added, version.id, at.now);
    });
    const { call } = workflow;
    const asked = vi.fn((signal: AbortSignal) =>
      isWorse === null
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new StudioError('cancelled', ''))))
        : Promise.resolve(isWorse),
    );
    vi.spyOn(workflow, 'call').mockImplementation(((verb, request, options) =>
      verb === 'isWorseThanBare'
        ? asked(options?.signal as AbortSignal)
        : call(verb, request, options)) as typeof call);
    return asked;
  }
  const check = () => train.checkRival(dataset, new AbortController().signal);
  const yours = () => {
    const { set } = promptSets.getState();
    const yours = set && chosenWritten(set);
    return yours && firstText(yours.prompt).template;
  };

  test('gives way to the template alone where that is better', async () => {
    await proposed(true);
    await check();
    expect(yours()).toBe('{text}\nA:');
  });

  test('is checked once where it is no worse', async () => {
    const asked = await proposed(false);
    await check();
    await check();
    expect(asked).toHaveBeenCalledTimes(1);
    expect(yours()).toContain('Classify.');
  });

  test('does not keep a run waiting', async () => {
    const asked = await proposed(null);
    const checking = check();
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    const running = start();
    await expect(checking).rejects.toMatchObject({ code: 'cancelled' });
    await running;
    expect(yours()).toContain('Classify.');
    expect(train.getState().live).toMatchObject({ ending: 'finished' });
  });
});

describe('the speed of this machine', () => {
  const ROWS = { dataset, template: '{text}\nA:', words: [] };
  const signal = new AbortController().signal;
  /** @param unanswered how many of the first requests do not end by themselves */
  function timed(unanswered: number) {
    const { call } = workflow;
    let asked = 0;
    vi.spyOn(workflow, 'call').mockImplementation(((verb, request, options) => {
      if (verb !== 'timeTokens') return call(verb, request, options);
      asked++;
      if (asked > unanswered) return Promise.resolve({ tokens: 1000, seconds: 2 });
      return new Promise((_, reject) =>
        options?.signal?.addEventListener('abort', () => reject(new StudioError('cancelled', ''))),
      );
    }) as typeof call);
    return () => asked;
  }
  const measured = () => vi.waitFor(() => expect(train.getState().speed?.tokenMs).toBe(2));

  test('is measured after a run that was asked for first, and stopped at once', async () => {
    const asked = timed(0);
    const begins = new Promise<void>((resolve) => void train.subscribe(({ busy }) => busy && resolve()));
    const running = start();
    await begins;
    await train.measureSpeed(ROWS, signal);
    train.stop();
    expect(asked()).toBe(0);
    await running;
    await measured();
  });

  test('is measured again after a run that interrupted it', async () => {
    const asked = timed(1);
    const measuring = train.measureSpeed(ROWS, signal);
    await vi.waitFor(() => expect(asked()).toBe(1));
    const running = start();
    await expect(measuring).rejects.toMatchObject({ code: 'cancelled' });
    await running;
    await measured();
    expect(asked()).toBe(2);
  });
});

describe('settings of the next run', () => {
  test('survive a reload', async () => {
    next.choosePreset('thorough');
    next.choosePlacement('prefix');
    next.change({ seeds: 2 });
    next.change({ hybrid: true });
    next.change({ clipNorm: 0.5 });
    await untilStored({ clipNorm: 0.5 });
    await boot();
    await vi.waitFor(() => expect(next.getState().preset).toBe('own'));
    expect(next.getState()).toMatchObject({
      seeds: 2,
      hybrid: true,
      settings: { steps: 300, placement: 'prefix', clipNorm: 0.5 },
    });
  });

  test('are Auto until somebody chooses, and one start where texts are generated', async () => {
    next.choosePreset();
    expect(next.getState()).toMatchObject({ preset: 'auto', settings: { auto: true } });
    await promptSets.getState().update((set) => ({ ...set, kind: 'generate', longest: 8 }));
    await vi.waitFor(() => expect(next.getState()).toMatchObject({ preset: 'standard' }));
    next.choosePreset('auto');
    expect(next.getState().settings).toEqual(PRESETS.standard.settings);
  });

  test('belong to one prompt set', async () => {
    next.change({ clipNorm: 0.5 });
    const first = promptSets.getState().set?.id ?? '';
    await untilStored({ clipNorm: 0.5 });
    await promptSets.getState().create({ name: 'Other', dataset: null, datasetName: null });
    expect(next.getState().settings.clipNorm).toBe(PRESETS.standard.settings.clipNorm);
    await promptSets.getState().open(first);
    await vi.waitFor(() => expect(next.getState().settings.clipNorm).toBe(0.5));
  });
});
