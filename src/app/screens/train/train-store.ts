/** The Train screen: the settings of the next run, how long it would take, what waits, and the run that is shown. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { changeTask, chosenHard, openRun, updateRun } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import { runsSeconds } from '../../../training/estimate';
import { PRESETS, STANDARD } from '../../../training/settings';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { createSpeedometer } from '../../state/speedometer';
import { createBaselines } from './baselines';
import { endedRun } from './live-run';
import { measureSpeed, measureWork } from './measure';
import { emptyQueue, withSeeds } from './queue';
import { templateOf } from './recording';
import { asError, keptCheckpoint, type RunPlan } from './run';
import { createRunQueue } from './run-queue';
import type { TrainState } from './train-state';
import { createTrainingRoom } from './training-room';

export type TrainStore = StoreApi<TrainState>;

const now = () => new Date().toISOString();

export function createTrainStore(services: Services, session: SessionStore, project: ProjectStore): TrainStore {
  const { store: disk } = services;
  const baselines = createBaselines(services, project);
  const rowsInCache = new Map<string, number>();
  /** Rows of the set whose runs wait, also while another set is looked at. */
  let queued: { readonly setId: string; readonly dataset: Dataset } | null = null;

  return createStore<TrainState>((set, get) => {
    const speedometer = createSpeedometer(services, (speed) => set({ speed }));
    const modelInfo = () => {
      const { model } = session.getState();
      return model.kind === 'ready' ? model.info : null;
    };
    const queue = createRunQueue({
      services,
      read: () => get().queue,
      write: (next) => set({ queue: next }),
      busy: () => get().busy || get().waiting,
      begin: async (item, setId, recorded) =>
        queued?.setId === setId ? room.begin(item, setId, queued.dataset, recorded) : null,
      runsOf: async (setId) => (await disk.sets.get(setId))?.soft.map(({ id }) => id) ?? [],
    });
    const room = createTrainingRoom({
      services,
      session,
      project,
      baselines,
      speedometer,
      onRowsCached: (cacheKey, rows) => rowsInCache.set(cacheKey, rows),
      get,
      set,
    });

    /** The set with what training needs, proposed where the user has not said it. */
    async function withTask({ dataset, open }: Pick<RunPlan, 'dataset' | 'open'>): Promise<PromptSet> {
      if (sameLabels(open.words, dataset.labels) && open.baseTemplate !== '') return open;
      const proposed = await services.data.call('propose', { dataset });
      return project.getState().updateById(open.id, (s) =>
        changeTask(
          s,
          {
            words: sameLabels(s.words, dataset.labels) ? s.words : proposed.words,
            baseTemplate: s.baseTemplate || proposed.template,
          },
          now(),
        ),
      );
    }

    const countWork = async (dataset: Dataset, open: PromptSet) => {
      const template = templateOf(open, get().hybrid);
      const { inputs, work } = await measureWork(services, dataset, open, template, rowsInCache);
      set({ work, tooLong: inputs.tooLong });
      return inputs;
    };

    return {
      preset: 'standard',
      settings: STANDARD,
      seeds: PRESETS.standard.seeds,
      hybrid: false,
      speed: null,
      work: null,
      tooLong: [],
      live: null,
      busy: false,
      waiting: false,
      queue: emptyQueue(''),
      error: null,
      enter: async () => {
        const { set: open, dataset } = project.getState();
        if (!open || !dataset || get().busy) return;
        if (get().live?.setId !== open.id) set({ live: null, work: null, tooLong: [], beside: [] });
        if (!chosenHard(open)) set({ hybrid: false });
        try {
          await session.getState().tokenizerReady();
          const current = await withTask({ dataset, open });
          const inputs = await countWork(dataset, current);
          await queue.load(open.id);
          if (get().queue.setId === open.id) queued = { setId: open.id, dataset };
          const left = openRun(current);
          if (left && !get().live && !get().busy) {
            if ((await room.pickUp(left, current, dataset)) === 'over') await queue.drain();
            return;
          }
          if (get().queue.items.length > 0) return await queue.drain();
          const info = modelInfo();
          if (!info || (await speedometer.known(info))) return;
          await measureSpeed(services, speedometer, info, inputs, () => !get().busy && !get().waiting);
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      choosePlacement: (placement) => set(({ settings }) => ({ settings: { ...settings, placement } })),
      choosePreset: (preset) =>
        set(({ settings }) => ({
          preset,
          seeds: PRESETS[preset].seeds,
          settings: { ...PRESETS[preset].settings, placement: settings.placement },
        })),
      change: (change) => set(({ settings }) => ({ preset: 'own', settings: { ...settings, ...change } })),
      chooseSeeds: (seeds) => set({ seeds }),
      chooseHybrid: async (hybrid) => {
        set({ hybrid });
        const { set: open, dataset } = project.getState();
        if (open && dataset) await countWork(dataset, open).catch((cause) => set({ error: asError(cause) }));
      },
      start: async () => {
        if (get().waiting) return;
        const { preset, settings, seeds, hybrid } = get();
        const runs = withSeeds(settings, seeds);
        const group = runs.length > 1 ? crypto.randomUUID() : null;
        const name = (seed: number) => (preset === 'own' ? '' : `${preset}, seed ${seed}`);
        if (!get().busy) set({ live: null });
        await get().enqueue(runs.map((each) => ({ settings: each, name: name(each.seed), hybrid, group })));
      },
      enqueue: async (runs) => {
        const { set: open, dataset } = project.getState();
        if (!open || !dataset) return;
        await queue.load(open.id);
        if (get().queue.setId !== open.id) {
          set({ error: otherQueue });
          return;
        }
        queued = { setId: open.id, dataset };
        const items = runs.map((each) => ({ ...each, id: crypto.randomUUID() }));
        // What is asked for while nothing runs is meant to run now, before what was left waiting.
        if (get().busy || get().waiting) await queue.change((list) => [...list, ...items]);
        else await queue.change((list) => [...items, ...list], false);
        await queue.drain();
      },
      changeQueue: (how) => queue.change(how),
      letQueueRun: async (isRunning) => {
        await queue.change((list) => list, !isRunning);
        await queue.drain();
      },
      resume: async (runId) => {
        const { dataset } = project.getState();
        const open = project.getState().set;
        const version = open?.soft.find((s) => s.id === runId);
        if (!open || !dataset || !version || get().busy || get().waiting) return;
        if (version.datasetFingerprint !== dataset.fingerprint) {
          set({ error: otherRows });
          return;
        }
        const end = await room.whenChecked(async () => {
          const kept = await keptCheckpoint(disk, version);
          const current = await project
            .getState()
            .updateById(open.id, (s) => updateRun(s, runId, { status: 'running', error: null }, now()));
          return room.run({ open: current, dataset, version, from: kept });
        });
        if (end === 'over' && get().queue.items.length > 0) await get().letQueueRun(true);
      },
      pause: () => room.ask('pause'),
      stop: () => room.ask('stop'),
      show: async (runId) => {
        const open = project.getState().set;
        const version = open?.soft.find((s) => s.id === runId);
        const { dataset } = project.getState();
        if (!open || !version || get().busy) return;
        const shown = dataset
          ? { dataset, lines: await baselines.known({ open, dataset, template: version.template, info: modelInfo() }) }
          : null;
        set({ live: endedRun(version, open, await keptCheckpoint(disk, version), shown) });
      },
      startInstead: async (settings, hybrid) => {
        set({ preset: 'own', settings, hybrid });
        if (!get().busy) return get().start();
        const item = { id: crypto.randomUUID(), settings, name: '', hybrid, group: null };
        await queue.change((list) => [item, ...list], false);
        room.ask('stop');
      },
      beside: [],
      putBeside: async (runIds) => {
        const before = new Map(get().beside.map(({ runId, validations }) => [runId, validations]));
        set({ beside: runIds.map((runId) => ({ runId, validations: before.get(runId) ?? [] })) });
        const runs = project.getState().set?.soft.filter(({ id }) => runIds.includes(id)) ?? [];
        const kept = await Promise.all(runs.map((run) => keptCheckpoint(disk, run)));
        const found = new Map(runs.map(({ id }, i) => [id, kept[i]?.validations ?? []]));
        // others may have been chosen meanwhile
        set(({ beside }) => ({
          beside: beside.map(({ runId, validations }) => ({ runId, validations: found.get(runId) ?? validations })),
        }));
      },
      secondsOf: (runs) => {
        const { work, speed } = get();
        return work && speed && runs.length > 0 ? runsSeconds(runs, work, speed) : null;
      },
    };
  });
}

const otherRows = new StudioError(
  'bad-input',
  'This run was begun on other rows than those that are open now. Open that file again on the Data screen, or start a new run.',
);

const otherQueue = new StudioError(
  'bad-input',
  'Runs of another prompt set are waiting. Let them finish or remove them there; then this set can train.',
);
