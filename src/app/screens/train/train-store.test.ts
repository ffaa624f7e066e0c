import { beforeEach, describe, expect, test } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { addHardVersion, chosenSoft, stamp } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { openMemoryStore, type Store } from '../../../store/store';
import type { Checkpoint, TrainEvent } from '../../../training/events';
import type { TrainRequest } from '../../../worker/protocol';
import { createProjectStore, type ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionState } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { moved } from './queue';
import { createTrainStore, type TrainStore } from './train-store';

const ids = (from: number, n: number) => Array.from({ length: n }, (_, i) => String(from + i));
const dataset: Dataset = {
  table: {
    format: { fileName: 'a.csv', bytes: 1, encoding: 'utf-8', delimiter: ',', kind: 'csv' },
    columns: ['text', 'label'],
    rows: ids(0, 20).map((id, i) => ({ id, line: i, cells: { text: `t${id}`, label: i % 2 ? 'b' : 'a' } })),
    rejected: [],
  },
  mapping: { text: 'text', label: 'label', id: null },
  labels: ['a', 'b'],
  split: { train: ids(0, 10), validation: ids(10, 4), test: ids(14, 6) },
  seed: 0,
  fingerprint: 'f',
  splitHash: 's',
};
const checkpoint = (step: number): Checkpoint => ({
  formatVersion: 2,
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

/** An engine that trains by the tens, obeys pause and stop, and dies where it is told to. */
function fakeEngine() {
  const calls: { method: string; resume: number | null; from?: Float32Array }[] = [];
  const controls = new Map<number, string>();
  let nextId = 1;
  const engine = {
    dieAt: null as number | null,
    calls,
    async call(
      method: string,
      params: unknown,
      options: { onEvent?: (e: unknown) => void; onStart?: (id: number) => void; signal?: AbortSignal } = {},
    ) {
      const id = nextId++;
      options.onStart?.(id);
      const asked = method === 'train' ? (params as TrainRequest) : null;
      const from = asked?.initFrom?.vectors;
      calls.push({ method, resume: asked?.resume?.step ?? null, ...(from && { from }) });
      await Promise.resolve();
      if (method === 'score') {
        const { rows } = params as { rows: { rowId: string }[] };
        return {
          rows: rows.map(({ rowId }) => ({ rowId, logProbs: [-0.1, -2], tokensSent: 9, tokensComputed: 9 })),
          seconds: 1,
        };
      }
      const { settings, resume } = params as TrainRequest;
      const emit = (event: TrainEvent) => options.onEvent?.(event);
      let step = resume?.step ?? 0;
      let reason: 'finished' | 'paused' | 'stopped' = 'finished';
      while (step < settings.steps) {
        await Promise.resolve();
        const asked = controls.get(id);
        if (asked) {
          reason = asked === 'stop' ? 'stopped' : 'paused';
          break;
        }
        step += 10;
        if (engine.dieAt !== null && step >= engine.dieAt) {
          engine.dieAt = null;
          throw new StudioError('worker-died', 'The engine stopped.');
        }
        emit({
          kind: 'step',
          point: { step, loss: 1, learningRate: 1, gradNorm: 1, ms: 5 },
          stepsTotal: settings.steps,
          secondsLeft: 1,
        });
        emit({
          kind: 'validation',
          point: { kind: 'classify', step, accuracy: 0.75, macroF1: 0.7, loss: 1 },
          best: true,
        });
        if (step % 20 === 0) emit({ kind: 'checkpoint', checkpoint: checkpoint(step) });
      }
      emit({
        kind: 'done',
        reason,
        vectors: Float32Array.of(step, 0),
        bestStep: step,
        checkpoint: checkpoint(step),
        cacheSeconds: 0,
        trainSeconds: 1,
        stepsPerSecond: 1,
      });
      return { runId: 'x' };
    },
    control: (id: number, control: string) => void controls.set(id, control),
    restart: () => undefined,
    dispose: () => undefined,
  };
  return engine;
}

const data = {
  call: async (method: string, params: { split?: string | string[]; words?: unknown[] }) => {
    if (method === 'labelTokens')
      return {
        labels: [
          { label: 'a', word: ' a', tokenIds: [1] },
          { label: 'b', word: ' b', tokenIds: [2] },
        ],
        collisions: [],
      };
    if (method === 'encode') return { ids: Int32Array.of(1, 2), pieces: [] };
    const wanted = params.split === 'train' ? dataset.split.train : (params.split as string[]);
    return {
      rows: wanted.map((rowId) => ({ rowId, ids: Int32Array.of(1), label: Number(rowId) % 2 })),
      tooLong: [],
      meanTokens: 9,
      maxTokens: 9,
    };
  },
};

let engine: ReturnType<typeof fakeEngine>;
let disk: Store;
let lost: StudioError[];
let project: ProjectStore;
let train: TrainStore;

/** The page as a reload makes it: the same disk, everything else anew. */
async function boot() {
  const services = { engine, data, store: disk } as unknown as Services;
  const info = { id: 'm', dtype: 'q4', sha256: 'w', backend: 'wasm', threads: 2, vocabulary: 100, hidden: 1 };
  const session = createStore<Partial<SessionState>>(() => ({
    capabilities: { trainingOff: null } as SessionState['capabilities'],
    model: { kind: 'ready', info } as SessionState['model'],
    card: null,
    modelReady: async () => info as never,
    trainingReady: async () => info as never,
    tokenizerReady: async () => undefined,
    setJob: () => undefined,
    updateJob: () => undefined,
    engineLost: (error) => void lost.push(error),
  })) as unknown as SessionStore;
  const before = (await disk.sets.list())[0]?.id;
  project = createProjectStore(services);
  await project.getState().refresh();
  if (before) await project.getState().open(before);
  train = createTrainStore(services, session, project);
  train.getState().change({ steps: 100, virtualTokens: 2 });
}

beforeEach(async () => {
  engine = fakeEngine();
  disk = openMemoryStore();
  lost = [];
  await boot();
  await project.getState().create({
    name: 'x',
    dataset,
    datasetName: 'a.csv',
    words: [
      { label: 'a', word: ' a' },
      { label: 'b', word: ' b' },
    ],
    baseTemplate: '{text}\nA:',
  });
  const at = stamp();
  await project
    .getState()
    .update((s) => addHardVersion(s, at, { prompt: { template: 'Say.\n{text}\nA:', shots: 0, shotSeed: 0 } }).set);
});

const trains = () => engine.calls.filter((c) => c.method === 'train').map((c) => c.resume);

describe('a run', () => {
  test('begins at once, and what there is to beat is scored between two steps', async () => {
    await train.getState().start();
    expect(engine.calls.map((c) => c.method)).toEqual(['train', 'score', 'score']);
    const { live } = train.getState();
    expect(live).toMatchObject({ phase: 'ended', ending: 'finished', step: 100 });
    expect(live?.lines.map((l) => l.id)).toEqual(['majority', 'untuned', 'yours']);
    expect(live?.stepsPerSecond).toBe(200); // 5 ms a step, whatever was let past between two of them
    const set = project.getState().set;
    expect(set && chosenSoft(set)?.soft).toMatchObject({ virtualTokens: 2, hidden: 1, placement: 'suffix' });
    expect(set?.hard[0]?.tried).toMatchObject({ rows: 4, accuracy: 0.5 });
    expect((await disk.checkpoints.get(live?.runId ?? ''))?.checkpoint.step).toBe(100);
  });

  test('its checkpoints are written one at a time, the latest when there is room, and the last always', async () => {
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
    await train.getState().start();
    expect(most).toBe(1);
    expect(written.length).toBeLessThan(5);
    expect(written.at(-1)).toBe(100);
    expect((await disk.checkpoints.get(train.getState().live?.runId ?? ''))?.checkpoint.step).toBe(100);
  });

  test('a second one scores nothing again', async () => {
    await train.getState().start();
    engine.calls.length = 0;
    await train.getState().start();
    expect(engine.calls.map((c) => c.method)).toEqual(['train']);
  });

  test('a dead worker loses nothing: it goes on from the last checkpoint', async () => {
    engine.dieAt = 70;
    await train.getState().start();
    expect(train.getState().live).toMatchObject({ phase: 'ended', resumeFrom: 60, error: { code: 'worker-died' } });
    expect(lost.map((e) => e.code)).toEqual(['worker-died']);
    const run = project.getState().set?.soft[0];
    expect(run).toMatchObject({ status: 'paused', error: 'The engine stopped.' });
    await train.getState().resume(run?.id ?? '');
    expect(trains().at(-1)).toBe(60);
    expect(project.getState().set?.soft[0]).toMatchObject({ status: 'finished', error: null });
  });

  test('pauses and stops where it is asked to', async () => {
    const started = train.getState().start();
    const unsubscribe = train.subscribe(({ live }) => {
      if (live?.step === 40 && live.phase === 'training') train.getState().pause();
    });
    await started;
    unsubscribe();
    expect(train.getState().live).toMatchObject({ ending: 'paused', resumeFrom: 40 });
    const id = project.getState().set?.soft[0]?.id ?? '';
    const resumed = train.getState().resume(id);
    const stopAt = train.subscribe(({ live }) => {
      if (live?.step === 60 && live.phase === 'training') train.getState().stop();
    });
    await resumed;
    stopAt();
    expect(project.getState().set?.soft[0]).toMatchObject({ status: 'stopped', bestStep: 60 });
  });
});

describe('the queue', () => {
  const queued = () => train.getState().queue.items.map(({ settings }) => settings.seed);
  const more = (...seeds: number[]) =>
    train.getState().enqueue(
      seeds.map((seed) => ({
        settings: { ...train.getState().settings, seed },
        name: '',
        hybrid: false,
        group: 'g',
      })),
    );
  const seedsDone = () => project.getState().set?.soft.map(({ settings, status }) => [settings.seed, status]);
  /** Does something once, when the run under way is at that step. */
  const atStep = (step: number, act: () => void) => {
    let done = false;
    train.subscribe(({ live, busy }) => {
      if (done || !busy || live?.step !== step || live.phase !== 'training') return;
      done = true;
      act();
    });
  };

  test('several seeds run one after another, as one group', async () => {
    train.getState().chooseSeeds(3);
    await train.getState().start();
    expect(seedsDone()).toEqual([
      [0, 'finished'],
      [1, 'finished'],
      [2, 'finished'],
    ]);
    expect(new Set(project.getState().set?.soft.map(({ group }) => group)).size).toBe(1);
    expect(project.getState().set?.soft[0]?.group).toBeTruthy();
  });

  test('what is added while a run goes on waits behind it; it can be moved and taken away', async () => {
    atStep(20, () => {
      void more(5, 6, 7).then(async () => {
        const last = train.getState().queue.items.at(-1)?.id ?? '';
        await train.getState().changeQueue((items) => moved(items, last, -1));
        await train.getState().changeQueue((items) => items.slice(1));
        expect(queued()).toEqual([7, 6]);
      });
    });
    await train.getState().start();
    expect(seedsDone()?.map(([seed]) => seed)).toEqual([0, 7, 6]);
    expect(queued()).toEqual([]);
  });

  test('a pause holds what waits, and resuming goes on with it', async () => {
    atStep(40, () => train.getState().pause());
    await more(1, 2);
    expect(seedsDone()).toEqual([[1, 'paused']]);
    expect(train.getState().queue).toMatchObject({ paused: true, items: [{ settings: { seed: 2 } }] });
    await train.getState().resume(project.getState().set?.soft[0]?.id ?? '');
    expect(seedsDone()).toEqual([
      [1, 'finished'],
      [2, 'finished'],
    ]);
  });

  test('stopping ends one run; holding lets it end, and nothing follows', async () => {
    atStep(40, () => train.getState().stop());
    await more(1, 2);
    expect(seedsDone()).toEqual([
      [1, 'stopped'],
      [2, 'finished'],
    ]);
    atStep(40, () => void train.getState().letQueueRun(false));
    await more(3, 4);
    expect(seedsDone()?.slice(2)).toEqual([[3, 'finished']]);
    expect(queued()).toEqual([4]);
  });

  test('a dead worker holds the queue; after a reload what was cut off goes on, and then what waits', async () => {
    engine.dieAt = 70;
    await more(1, 2);
    expect(train.getState().queue).toMatchObject({ paused: true, items: [{ settings: { seed: 2 } }] });
    await boot();
    await train.getState().enter();
    expect(queued()).toEqual([2]);
    await train.getState().letQueueRun(true);
    expect(seedsDone()).toEqual([
      [1, 'paused'],
      [2, 'finished'],
    ]);
  });

  test('a reload between two runs goes on with the next', async () => {
    const set = project.getState().set?.id ?? '';
    const items = [
      { id: 'x', settings: { ...train.getState().settings, seed: 9 }, name: '', hybrid: false, group: null },
    ];
    await disk.settings.set(`queue:${set}`, { setId: set, items, paused: false });
    await boot();
    await train.getState().enter();
    expect(seedsDone()).toEqual([[9, 'finished']]);
  });

  test('a remedy ends the run and trains in its place, before what waits', async () => {
    atStep(40, () => {
      void train.getState().startInstead({ ...train.getState().settings, seed: 8 }, false);
    });
    await more(1, 2);
    expect(seedsDone()).toEqual([
      [1, 'stopped'],
      [8, 'finished'],
      [2, 'finished'],
    ]);
  });

  test('a hybrid stands at the hand-written text, and not for Tuned', async () => {
    await train.getState().chooseHybrid(true);
    await train.getState().start();
    const set = project.getState().set;
    expect(set?.soft[0]).toMatchObject({ template: 'Say.\n{text}\nA:', handVersion: set?.hard[0]?.id });
    expect(set?.chosenSoft).toBeNull();
  });

  test('a branch starts from the vectors of the other run, best or last', async () => {
    await train.getState().start();
    const runId = project.getState().set?.soft[0]?.id ?? '';
    train.getState().change({ initialisation: { kind: 'prompt', runId, at: 'best' } });
    await train.getState().start();
    expect(engine.calls.at(-1)?.from).toEqual(Float32Array.of(100, 0));
  });
});

describe('after a reload', () => {
  const cutOff = async () => {
    engine.dieAt = 70;
    await train.getState().start();
    const id = project.getState().set?.soft[0]?.id ?? '';
    // As a closed tab leaves it: nobody wrote that it was interrupted.
    await project
      .getState()
      .update((s) => ({ ...s, soft: s.soft.map((v) => ({ ...v, status: 'running' as const, error: null })) }));
    return id;
  };

  test('a run that was cut off goes on by itself', async () => {
    await cutOff();
    await boot();
    await train.getState().enter();
    expect(trains().at(-1)).toBe(60);
    expect(project.getState().set?.soft[0]?.status).toBe('finished');
  });

  test('a run that another tab has ended meanwhile is shown, not trained again', async () => {
    const id = await cutOff();
    await boot();
    const before = trains().length;
    const stored = (await disk.sets.list())[0] as PromptSet;
    const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 2, hidden: 1 };
    await disk.sets.put({ ...stored, soft: stored.soft.map((run) => ({ ...run, status: 'finished' as const, soft })) });
    await train.getState().enter();
    expect(trains()).toHaveLength(before);
    expect(train.getState().live).toMatchObject({ runId: id, phase: 'ended' });
  });

  test('a new run that is asked for at the same time is the only one', async () => {
    await cutOff();
    const before = trains().length;
    await boot();
    await Promise.all([train.getState().start(), train.getState().enter()]);
    expect(trains().slice(before)).toEqual([null]);
  });

  test('when it was cut off there before, the user decides', async () => {
    const id = await cutOff();
    await disk.settings.set(`resumed:${id}`, 60);
    const before = trains().length;
    await boot();
    await train.getState().enter();
    expect(trains()).toHaveLength(before);
    expect(train.getState().live).toMatchObject({ phase: 'ended', ending: 'paused', resumeFrom: 60 });
  });
});
