/** Measures versions again: one, on test rows or a file; or many, as a matrix of prompts, models and data sets. */
import { createStore } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { inTurn } from '../../../lib/control';
import { badInput } from '../../../lib/errors';
import { chosenHard, chosenSoft } from '../../../prompt-set/make-versions';
import type { Measurement } from '../../../prompt-set/performance';
import { countLook } from '../../../prompt-set/prompt-set';
import { firstOf, type MatrixPrompt, matrixChoices, matrixPrompt } from '../../../prompt-set/ready-prompt';
import type { PromptSet } from '../../../prompt-set/types';
import { seenParts } from '../../../prompt-set/versions';
import {
  type AskedPair,
  cellKeys,
  EMPTY_MATRIX,
  filledId,
  type Matrix,
  type MatrixCell,
  type MatrixData,
  pairsOnShow,
  type Slot,
  slotId,
  slotOf,
} from '../../../report/matrix';
import type { RowsDone } from '../../../workflow/check-rows';
import type { FillEvent } from '../../../workflow/matrix';
import type { MeasureRequest } from '../../../workflow/measure';
import { job, throwIfStopped } from '../../state/job';
import type { KnownModel } from '../../state/models-store';
import { steadyResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { perStudio, type Studio } from '../../state/studio';
import { setDetail } from './library-store';
import { columnsOf, measureRows } from './rows-file';
import { chosenVersion, storedVersion } from './stored-set';

interface Progress {
  readonly done: number;
  readonly total: number;
  /** Id of the newest measurement. */
  readonly last: string | null;
}

const NOTHING: Progress = { done: 0, total: 0, last: null };

export type MeasuredOn = MeasureRequest['on']['kind'];

function fileColumns(studio: Studio): MeasureRequest['on'] {
  const { source, columns } = measureRows.of(studio);
  const { text, label } = columnsOf(source.getState().value, columns.getState());
  if (text === null || label === null || text === label)
    throw badInput('Choose the file’s column with the texts, and another one with the expected answers.');
  return { kind: 'file', text, label };
}

export const measuring = perStudio((studio) => {
  const { services, stores } = studio;
  const { store } = services;
  return job(stores.session, {
    title: 'Measuring a version',
    screen: (setId: string, _versionId: string, _kind: MeasuredOn) => `library?set=${setId}`,
    initial: NOTHING,
    run: async ({ signal, report }, setId: string, versionId: string, kind: MeasuredOn) => {
      report(NOTHING);
      await stores.session.getState().modelReady();
      const { plan } = await chosenVersion(store, setId, versionId);
      const ready = firstOf(plan);
      const { version } = await storedVersion(store, ready, true);
      const on = kind === 'file' ? fileColumns(studio) : { kind, name: ready.set.datasetName ?? 'a file' };
      const seen = seenParts(ready.set, ready.of, version.dataset);
      const measured = await services.workflow.call(
        'measure',
        { version, on, seen },
        {
          signal,
          onEvent: ({ done, total, secondsLeft }) => report({ done, total, fraction: done / total, secondsLeft }),
        },
      );
      const createdAt = new Date().toISOString();
      // before the result is shown: the test rows have then been used once more
      if (kind === 'test') await stores.promptSets.getState().updateById(setId, (set, { now }) => countLook(set, now));
      const measurement: Measurement = { id: crypto.randomUUID(), setId, versionId, createdAt, ...measured };
      await store.measurements.put(measurement);
      await setDetail.of(studio).reload();
      report({ last: measurement.id });
    },
  });
});

/**
 * Versions on one file, one after the other; stopping one leaves out the rest.
 * @returns the fingerprint of the rows; null = stopped. @throws StudioError why one was not measured
 */
export async function measureFile(
  studio: Studio,
  setId: string,
  versionIds: readonly string[],
  file: File,
): Promise<string | null> {
  const [{ source, open }, work] = [measureRows.of(studio), measuring.of(studio)];
  await open(file);
  const { error } = source.getState();
  if (error) throw error;
  for (const versionId of versionIds) {
    await work.start(setId, versionId, 'file');
    const { error: failed, last } = work.getState();
    if (failed) throw failed;
    if (last === null) return null;
  }
  const measured = await studio.services.store.measurements.ofSet(setId);
  return measured.find(({ id }) => id === work.getState().last)?.data.fingerprint ?? null;
}

// A matrix: many versions on several models and data sets, measured cell by cell. Plan and cells are kept in this browser.

export interface MatrixPlan {
  readonly rows: readonly { readonly setId: string; readonly choice: string }[];
  /** SHA-256 of weights. */
  readonly models: readonly string[];
  /** Ids of prompt sets, whose test rows are answered. */
  readonly data: readonly string[];
  /** Pairs whose differences were asked for. */
  readonly asked: readonly AskedPair[];
}

/** Everything that a plan names and that is still here. */
export interface MatrixView {
  readonly prompts: readonly MatrixPrompt[];
  readonly models: readonly { readonly id: string; readonly name: string; readonly source: KnownModel['source'] }[];
  readonly data: readonly MatrixData[];
  /** The key that a cell has once it is filled with the present version and rows, by slot. */
  readonly keys: ReadonlyMap<string, string>;
}

type Cells = ReadonlyMap<string, MatrixCell>;

const PLAN = 'matrix';
/** Ends in the id of the set whose rows it answers, so that it is deleted with that. */
const cellKey = ({ prompt, model, data }: Slot): string => `matrix:${prompt}:${model}:${data}`;

/** Of a plan that nobody has made yet: the chosen prompts of the open set on its own rows and the present model. */
function firstPlan({ stores: { promptSets, session } }: Studio): MatrixPlan {
  const { set } = promptSets.getState();
  const isUsable = set !== null && matrixChoices(set).length > 0;
  const versions = isUsable ? [chosenHard(set), chosenSoft(set)] : [];
  const model = weightsOf(session.getState());
  return {
    rows: versions.flatMap((version) => (set && version ? [{ setId: set.id, choice: version.id }] : [])),
    models: model === null ? [] : [model],
    data: isUsable ? [set.id] : [],
    asked: [],
  };
}

async function viewOf({ services: { store }, stores }: Studio, plan: MatrixPlan): Promise<MatrixView> {
  if (stores.models.getState().known.length === 0) await stores.models.getState().refresh();
  const sets = new Map<string, { readonly set: PromptSet; readonly dataset: Dataset | null }>();
  for (const id of new Set([...plan.rows.map(({ setId }) => setId), ...plan.data])) {
    const [set, rows] = await Promise.all([store.sets.get(id), store.datasets.get(id)]);
    if (set?.deletedAt === null) sets.set(id, { set, dataset: rows?.dataset ?? null });
  }
  const prompts = plan.rows.flatMap(({ setId, choice }) => {
    const stored = sets.get(setId);
    return stored ? (matrixPrompt(stored.set, choice, stored.dataset) ?? []) : [];
  });
  const { known } = stores.models.getState();
  const models = plan.models.flatMap((id) => {
    const found = known.find(({ info }) => info?.sha256 === id);
    return found ? [{ id, name: `${found.id.replace(/^.*\//, '')} (${found.info?.dtype})`, source: found.source }] : [];
  });
  const data = plan.data.flatMap((id) => {
    const stored = sets.get(id);
    return stored?.dataset ? [{ id, name: stored.set.handle, dataset: stored.dataset }] : [];
  });
  const keys = await Promise.all(models.map(({ id }) => cellKeys(prompts, id, data)));
  return { prompts, models, data, keys: new Map(keys.flatMap((each) => [...each])) };
}

/** Cells of the plan that are filled with the present versions and rows. */
export const validCells = ({ keys }: MatrixView, cells: Cells): readonly MatrixCell[] =>
  [...keys].flatMap(([slot, key]) => {
    const cell = cells.get(slot);
    return cell?.key === key ? [cell] : [];
  });

/** The matrix as it is written into files. */
export function matrixOf(view: MatrixView, cells: Cells, plan: MatrixPlan | null): Matrix {
  const valid = validCells(view, cells);
  const named = ({ id, name }: { readonly id: string; readonly name: string }) => ({ id, name });
  const slots = new Map(valid.map((cell) => [slotId(cell), cell]));
  const asked = (plan?.asked ?? []).filter((pair) => pair.every((slot) => slots.get(slotId(slot))?.answers));
  const [prompts, models, data] = [view.prompts.map(named), view.models.map(named), view.data.map(named)];
  return { ...EMPTY_MATRIX, prompts, models, data, cells: [...valid], asked };
}

/** Every pair that was asked, by its id; each counts as all pairs on show. */
async function testedPairs({ services }: Studio, { asked, cells }: Matrix, signal: AbortSignal) {
  const at = new Map(cells.map((cell) => [slotId(cell), cell.answers]));
  const sheets = asked.flatMap(([a, b]) => {
    const [first, second] = [at.get(slotId(a)), at.get(slotId(b))];
    return first && second ? [[first, second] as const] : [];
  });
  const request = { pairs: sheets, onShow: pairsOnShow(cells) };
  const compared = await services.workflow.call('compareCells', request, { signal });
  return new Map(asked.flatMap((pair, i) => (compared[i] ? [[pairId(pair), compared[i]] as const] : [])));
}

/** What the Matrix tab shows, and what changes it. */
export const matrixState = perStudio((studio) => {
  const { settings } = studio.services.store;
  const turn = inTurn();
  const plan = createStore<{ readonly plan: MatrixPlan | null }>(() => ({ plan: null }));
  const cells = createStore<{ readonly cells: Cells }>(() => ({ cells: new Map() }));
  const keep = (cell: MatrixCell) => cells.setState((s) => ({ cells: new Map(s.cells).set(slotId(cell), cell) }));
  const current = async (): Promise<MatrixPlan> => {
    const found = plan.getState().plan ?? (await settings.get<MatrixPlan>(PLAN)) ?? firstPlan(studio);
    plan.setState({ plan: found });
    return found;
  };
  /** The key changes with the plan, its sets and the models. */
  const view = steadyResource(async (_key: string): Promise<MatrixView> => {
    const found = await viewOf(studio, await current());
    for (const slot of found.keys.keys()) {
      if (cells.getState().cells.has(slot)) continue;
      const cell = await settings.get<MatrixCell>(cellKey(slotOf(slot)));
      if (cell) keep(cell);
    }
    return found;
  });
  /** By the pairs and the cells: each is compared again when a cell is added, since p is corrected for all pairs of them. */
  const differences = steadyResource((_key: string, signal) => {
    const found = view.getState().value;
    const matrix = found ? matrixOf(found, cells.getState().cells, plan.getState().plan) : EMPTY_MATRIX;
    return testedPairs(studio, matrix, signal);
  });
  const state = {
    plan,
    cells,
    view,
    differences,
    current,
    keep: async (cell: MatrixCell) => {
      await settings.set(cellKey(cell), cell);
      keep(cell);
    },
    /** Forgets the pairs that were compared, and the answers of the cells in view. */
    clear: async () => {
      const slots = [...(view.getState().value?.keys.keys() ?? [])];
      for (const slot of slots) await settings.set(cellKey(slotOf(slot)), null);
      await state.change((plan) => ({ ...plan, asked: [] }));
      cells.setState({ cells: new Map() });
    },
    change: (next: (plan: MatrixPlan) => MatrixPlan) =>
      turn(async () => {
        const changed = next(await current());
        await settings.set(PLAN, changed);
        plan.setState({ plan: changed });
      }),
  };
  return state;
});

/** B minus A and A minus B are one question. */
export const pairId = (pair: readonly [Slot, Slot]): string => pair.map(slotId).sort().join();

/** Fills what is missing or stale, model by model; a stop keeps every finished cell. */
export const filling = perStudio((studio) => {
  const { services, stores } = studio;
  const state = matrixState.of(studio);
  return job<[], RowsDone>(stores.session, {
    title: 'Filling the matrix',
    screen: 'library?tab=matrix',
    initial: { done: 0, total: 0 },
    run: async ({ signal, report }) => {
      const view = await viewOf(studio, await state.current());
      const { prompts, data } = view;
      const filled = validCells(view, state.cells.getState().cells);
      const [total, known] = [view.keys.size - filled.length, new Set(filled.map(slotId))];
      report({ done: 0, total, fraction: 0 });
      let done = 0;
      let saving: Promise<unknown> = Promise.resolve();
      const looked = new Set<string>();
      const save = async (cell: MatrixCell) => {
        // before the result is shown: these test rows have then been used once more
        if (cell.answers && !looked.has(cell.data)) {
          looked.add(cell.data);
          await stores.promptSets.getState().updateById(cell.data, (set, { now }) => countLook(set, now));
        }
        await state.keep(cell);
      };
      await stores.models.getState().visit(async (load) => {
        for (const { id, name, source } of presentFirst(studio, view.models)) {
          const open = [...view.keys.keys()].filter((slot) => slotOf(slot).model === id && !known.has(slot)).length;
          if (open === 0) continue;
          throwIfStopped(signal);
          report({ note: `Loading ${name}` });
          await load(source);
          throwIfStopped(signal);
          const before = done;
          const onEvent = (event: FillEvent) => {
            if (event.kind === 'progress')
              return report({ fraction: (before + open * event.fraction) / total, note: event.note });
            done += 1;
            report({ done });
            saving = saving.then(() => save(event.cell));
          };
          await services.workflow
            .call('fillMatrix', { prompts, data, done: filled.map(filledId) }, { signal, onEvent })
            .finally(() => saving);
        }
        report({ note: 'Loading the model from before' });
      });
    },
  });
});

/** The model that is loaded, before those that must be. */
function presentFirst({ stores }: Studio, models: MatrixView['models']): MatrixView['models'] {
  const present = weightsOf(stores.session.getState());
  return [...models.filter(({ id }) => id === present), ...models.filter(({ id }) => id !== present)];
}
