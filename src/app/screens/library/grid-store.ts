/** The grid: versions on models and rows. The plan is kept in this browser, and each cell with the set of its version. */
import { createStore } from 'zustand/vanilla';
import { type ColumnMapping, type Dataset, MAX_BYTES, type TaskKind } from '../../../dataset/types';
import type { AnswerDifference } from '../../../evaluation/sheets';
import { present } from '../../../lib/assert';
import { inTurn } from '../../../lib/control';
import { badInput } from '../../../lib/errors';
import { bytes as sizeWords } from '../../../lib/format';
import type { Answers, Said } from '../../../prompt-set/answers';
import { chosenTrained, chosenWritten } from '../../../prompt-set/make-versions';
import { countLook } from '../../../prompt-set/prompt-set';
import { stagesOf } from '../../../prompt-set/stages';
import type { PromptSet } from '../../../prompt-set/types';
import {
  EMPTY_GRID,
  filledId,
  type Grid,
  type GridCell,
  type GridData,
  type GridRow,
  gridRows,
  type PlannedCell,
  pairsOnShow,
  plannedCells,
  rowId,
  rowsKeyOf,
  type SlotPair,
  slotId,
  whySkipped,
} from '../../../report/grid';
import type { RowsDone } from '../../../workflow/check-rows';
import type { FillEvent } from '../../../workflow/grid';
import type { ReadTable } from '../../../workflow/open-data';
import { job, throwIfStopped } from '../../state/job';
import type { KnownModel } from '../../state/models-store';
import { resource, steadyResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { perStudio, type Studio } from '../../state/studio';
import { setDetail } from './library-store';

export interface GridPlan {
  readonly rows: readonly { readonly setId: string; readonly versionId: string }[];
  /** SHA-256 of weights. */
  readonly models: readonly string[];
  /** Ids of prompt sets, whose test rows are answered. */
  readonly data: readonly string[];
  /** Their ids are the keys of their rows, which are kept only while the page is open. */
  readonly files: readonly { readonly id: string; readonly name: string }[];
}

/** Everything that a plan names and that is still here. */
export interface GridView {
  readonly prompts: readonly GridRow[];
  readonly models: readonly { readonly id: string; readonly name: string; readonly source: KnownModel['source'] }[];
  readonly data: readonly GridData[];
  readonly planned: readonly PlannedCell[];
  /** Cells of which nobody has to be asked why they stay empty. */
  readonly skipped: readonly GridCell[];
}

type Cells = ReadonlyMap<string, GridCell>;

const PLAN = 'grid';

/** Of a plan that nobody has made yet: the chosen prompts of the open set on its own rows and the present model. */
function firstPlan(studio: Studio): GridPlan {
  const { set } = studio.stores.promptSets.getState();
  const versions = set ? [chosenWritten(set), chosenTrained(set)] : [];
  const chosen = versions.flatMap((version) => version?.id ?? []);
  return set && chosen.length > 0 ? planOf(studio, set.id, chosen) : planOf(studio, null, []);
}

function planOf({ stores: { session } }: Studio, setId: string | null, versionIds: readonly string[]): GridPlan {
  const model = weightsOf(session.getState());
  return {
    rows: setId === null ? [] : versionIds.map((versionId) => ({ setId, versionId })),
    models: model === null ? [] : [model],
    data: setId === null ? [] : [setId],
    files: [],
  };
}

type Files = ReadonlyMap<string, Dataset>;

async function viewOf({ services: { store }, stores }: Studio, plan: GridPlan, files: Files): Promise<GridView> {
  if (stores.models.getState().known.length === 0) await stores.models.getState().refresh();
  const sets = new Map<string, { readonly set: PromptSet; readonly dataset: Dataset | null }>();
  for (const id of new Set([...plan.rows.map(({ setId }) => setId), ...plan.data])) {
    const [set, rows] = await Promise.all([store.sets.get(id), store.datasets.get(id)]);
    if (set?.deletedAt === null) sets.set(id, { set, dataset: rows?.dataset ?? null });
  }
  const rows = [...sets.values()].flatMap(({ set, dataset }) => gridRows(set, dataset));
  const prompts = plan.rows.flatMap((row) => rows.find(({ id }) => id === rowId(row)) ?? []);
  const { known } = stores.models.getState();
  const models = plan.models.flatMap((id) => {
    const found = known.find(({ info }) => info?.sha256 === id);
    return found ? [{ id, name: `${found.id.replace(/^.*\//, '')} (${found.info?.dtype})`, source: found.source }] : [];
  });
  const data = [
    ...plan.data.flatMap((id): GridData[] => {
      const stored = sets.get(id);
      return stored?.dataset ? [{ id, name: stored.set.handle, dataset: stored.dataset }] : [];
    }),
    ...plan.files.map(({ id, name }): GridData => ({ id, name, dataset: files.get(id) ?? null, isFile: true })),
  ];
  const planned = (await Promise.all(models.map(({ id }) => plannedCells(prompts, id, data)))).flat();
  const skipped = planned.flatMap(({ of, on, ...slot }): GridCell[] => {
    const why = on.dataset && whySkipped(of.version, slot.model, on.dataset, on.isFile);
    return why === null ? [] : [{ ...slot, skipped: why, answers: null }];
  });
  return { prompts, models, data, planned, skipped };
}

const cellOf = ({ setId, versionId, model, data, key, answers }: Answers): GridCell => ({
  prompt: rowId({ setId, versionId }),
  model: model.sha256,
  data: data.id,
  key,
  skipped: null,
  answers,
});

/** Cells of the plan that are filled with the present versions and rows. */
export const validCells = ({ planned, skipped }: GridView, cells: Cells): readonly GridCell[] => {
  const why = new Map(skipped.map((cell) => [slotId(cell), cell]));
  return planned.flatMap((slot) => {
    const cell = why.get(slotId(slot)) ?? cells.get(slotId(slot));
    return cell?.key === slot.key ? [cell] : [];
  });
};

/** Slots without a valid cell whose rows are here: those of a file are gone after a reload. */
export function openSlots({ planned }: GridView, valid: readonly GridCell[]): readonly PlannedCell[] {
  const known = new Set(valid.map(slotId));
  return planned.filter((slot) => slot.on.dataset && !known.has(slotId(slot)));
}

export function gridOf(view: GridView, cells: Cells): Grid {
  const named = ({ id, name }: { readonly id: string; readonly name: string }) => ({ id, name });
  const [prompts, models, data] = [view.prompts.map(named), view.models.map(named), view.data.map(named)];
  return { ...EMPTY_GRID, prompts, models, data, cells: [...validCells(view, cells)] };
}

type Change = (next: (plan: GridPlan) => GridPlan) => Promise<void>;

/** Files as columns; their rows are kept only while the page is open. */
function gridFiles({ services: { workflow } }: Studio, change: Change) {
  const files = new Map<string, Dataset>();
  const readFile = async (of: File, signal?: AbortSignal): Promise<ReadTable> => {
    if (of.size > MAX_BYTES)
      throw badInput(`${of.name} has ${sizeWords(of.size)}; the limit is ${sizeWords(MAX_BYTES)}. Split it.`);
    return workflow.call('parse', { fileName: of.name, bytes: of }, signal && { signal });
  };
  /** One whose columns are not chosen yet. */
  const file = resource(readFile);
  /** Adds the rows of a table as a column. @returns its id */
  const addRows = async (table: ReadTable, text: string, label: string, kind: TaskKind): Promise<string> => {
    if (text === label)
      throw badInput('Choose the file’s column with the texts, and another one with the expected answers.');
    const test = Array.from({ length: table.rows.length }, (_, i) => String(i + 1));
    const options = { seed: 0, fixedSplit: { train: [], validation: [], test } };
    const mapping: ColumnMapping = { text, label, id: null, task: kind };
    const { dataset } = await workflow.call('prepare', { table, mapping, ...options });
    if (dataset.split.test.length === 0)
      throw badInput('No row of this file has a text and an expected answer, so nothing can be measured on it.');
    const id = await rowsKeyOf(dataset);
    files.set(id, dataset);
    const { fileName: name } = table.format;
    await change((p) => ({ ...p, files: [...p.files.filter((each) => each.id !== id), { id, name }] }));
    return id;
  };
  const addFile = (...asked: Parameters<typeof addRows>) => addRows(...asked).then(() => file.clear());
  return { files, file, readFile, addRows, addFile };
}

/** The stored answers of the sets of a plan, as cells. */
function keptCells({ services: { store } }: Studio) {
  const kept = new Map<string, Answers>();
  const cells = createStore<{ readonly cells: Cells }>(() => ({ cells: new Map() }));
  return {
    cells,
    /** As they are on the disk: those of other tabs too, and without those that were removed. */
    read: async (setIds: ReadonlySet<string>) => {
      for (const [slot, { setId }] of kept) if (setIds.has(setId)) kept.delete(slot);
      for (const id of setIds)
        for (const each of await store.measurements.ofSet(id)) kept.set(slotId(cellOf(each)), each);
      cells.setState({ cells: new Map([...kept].map(([slot, each]) => [slot, cellOf(each)])) });
    },
    /** Stores what was said in a cell, in place of what was said there before. */
    keep: async (cell: GridCell, of: GridRow, said: Said | null, named: Pick<Answers, 'data' | 'model'>) => {
      const slot = slotId(cell);
      if (said) {
        const id = kept.get(slot)?.id ?? crypto.randomUUID();
        const own = { id, setId: of.setId, versionId: of.version.id, createdAt: new Date().toISOString() };
        const answers = { ...own, key: cell.key, ...named, ...said };
        await store.measurements.put(answers);
        kept.set(slot, answers);
      }
      cells.setState((s) => ({ cells: new Map(s.cells).set(slot, cell) }));
    },
    remove: async (slots: readonly string[]) => {
      for (const slot of slots) {
        const answers = kept.get(slot);
        if (answers) await store.measurements.remove(answers);
      }
    },
  };
}

async function rowsInUse({ services: { store }, stores }: Studio): Promise<GridPlan['rows']> {
  const listed = stores.promptSets.getState().sets.filter(({ stages }) => stages.length > 0);
  const sets = await Promise.all(listed.map(({ id }) => store.sets.get(id)));
  return sets.flatMap((set) => (set ? stagesOf(set).map(({ versionId }) => ({ setId: set.id, versionId })) : []));
}

export const gridState = perStudio((studio) => {
  const { store, workflow } = studio.services;
  const turn = inTurn();
  const plan = createStore<{ readonly plan: GridPlan | null }>(() => ({ plan: null }));
  const current = async (): Promise<GridPlan> => {
    const found = plan.getState().plan ?? (await store.settings.get<GridPlan>(PLAN)) ?? firstPlan(studio);
    plan.setState({ plan: found });
    return found;
  };
  const change: Change = (next) =>
    turn(async () => {
      const changed = next(await current());
      await store.settings.set(PLAN, changed);
      plan.setState({ plan: changed });
    });
  const { files, ...ofFiles } = gridFiles(studio, change);
  const { cells, keep, remove, read: readCells } = keptCells(studio);
  const read = async (): Promise<GridView> => {
    const found = await current();
    await readCells(new Set(found.rows.map((row) => row.setId)));
    return viewOf(studio, found, files);
  };
  /** The key changes with the plan, its sets and the models. */
  const view = steadyResource((_key: string) => read());
  return {
    plan,
    cells,
    view,
    ...ofFiles,
    current,
    change,
    read,
    keep,
    clear: async () => {
      await remove(view.getState().value?.planned.map(slotId) ?? []);
      await read();
    },
    addInUse: async () => {
      const rows = await rowsInUse(studio);
      await change((p) => {
        const known = new Set(p.rows.map(rowId));
        return { ...p, rows: [...p.rows, ...rows.filter((row) => !known.has(rowId(row)))] };
      });
    },
    /** The difference of two cells, with all pairs on show counted. */
    difference: steadyResource(
      async ({ a: first, b: second }: ReturnType<typeof pairKey>, signal): Promise<AnswerDifference | null> => {
        const found = view.getState().value;
        const valid = found ? validCells(found, cells.getState().cells) : [];
        const [a, b] = [first, second].map((slot) => valid.find((cell) => slotId(cell) === slot)?.answers);
        if (!a || !b) return null;
        const request = { pairs: [[a, b] as const], onShow: pairsOnShow(valid) };
        const [difference = null] = await workflow.call('compareCells', request, { signal });
        return difference;
      },
    ),
    /** Versions of a set, on its test rows and the present model, in place of the plan. */
    startWith: (setId: string, versionIds: readonly string[]) => change(() => planOf(studio, setId, versionIds)),
  };
});

/**
 * Versions of a set on the rows of a file, as a grid of its own; stopping leaves cells empty. The plan stays as it was.
 * @returns the key of the rows; null = stopped. @throws StudioError why they were not answered
 */
export async function measureFile(
  studio: Studio,
  setId: string,
  versionIds: readonly string[],
  file: File,
): Promise<string | null> {
  const [state, work] = [gridState.of(studio), filling.of(studio)];
  const { guess, ...table } = await state.readFile(file);
  const set = await studio.services.store.sets.get(setId);
  if (!guess || !set) throw badInput('Name the columns of the file “text” and “label”, and choose it again.');
  const before = await state.current();
  try {
    await state.change(() => ({ ...planOf(studio, setId, versionIds), data: [] }));
    const id = await state.addRows({ guess, ...table }, guess.text, guess.label, set.kind);
    const [cell] = (await state.read()).skipped;
    if (cell) throw badInput(`${file.name} cannot be answered. ${cell.skipped}.`);
    await work.start();
    const { error, done, total } = work.getState();
    if (error) throw error;
    return done < total ? null : id;
  } finally {
    await state.change(() => before);
  }
}

/** Fills what is missing or stale, model by model; a stop keeps every finished cell. */
export const filling = perStudio((studio) => {
  const { services, stores } = studio;
  const state = gridState.of(studio);
  return job<[], RowsDone>(stores.session, {
    title: 'Filling the grid',
    screen: 'library?tab=grid',
    initial: { done: 0, total: 0 },
    run: async ({ signal, report }) => {
      const view = await state.read();
      const { prompts, data } = view;
      const filled = validCells(view, state.cells.getState().cells);
      const slots = openSlots(view, filled);
      const total = slots.length;
      report({ done: 0, total, fraction: 0 });
      let done = 0;
      let saving: Promise<unknown> = Promise.resolve();
      const looked = new Set<string>();
      const save = async (cell: GridCell, said: Said | null, model: Answers['model']) => {
        const on = data.find(({ id }) => id === cell.data);
        const of = present(
          prompts.find(({ id }) => id === cell.prompt),
          'the row',
        );
        // before the result is shown: these test rows have then been used once more
        if (said && !on?.isFile && !looked.has(cell.data)) {
          looked.add(cell.data);
          await stores.promptSets.getState().updateById(cell.data, (set, { now }) => countLook(set, now));
        }
        const name = on?.dataset?.table.format.fileName ?? on?.name ?? '';
        const kind = on?.isFile ? ('file' as const) : ('test' as const);
        await state.keep(cell, of, said, { data: { kind, id: cell.data, name }, model });
      };
      await stores.models.getState().visit(async (load) => {
        const loaded = weightsOf(stores.session.getState());
        const models = view.models.toSorted((a, b) => Number(b.id === loaded) - Number(a.id === loaded));
        for (const { id, name, source } of models) {
          const open = slots.filter(({ model }) => model === id).length;
          if (open === 0) continue;
          throwIfStopped(signal);
          report({ note: `Loading ${name}` });
          const info = await load(source);
          throwIfStopped(signal);
          const before = done;
          const onEvent = (event: FillEvent) => {
            if (event.kind === 'progress')
              return report({ fraction: (before + open * event.fraction) / total, note: event.note });
            done += 1;
            report({ done });
            saving = saving.then(() => save(event.cell, event.said, { id: info.id, sha256: info.sha256 }));
          };
          await services.workflow
            .call('fillGrid', { prompts, data, done: filled.map(filledId) }, { signal, onEvent })
            .finally(() => saving);
        }
        report({ note: 'Loading the model from before' });
      });
      await setDetail.of(studio).reload();
    },
  });
});

/** What decides the difference of two cells: all that are on show. */
export const pairKey = ([a, b]: SlotPair, shown: readonly GridCell[]) => ({
  a: slotId(a),
  b: slotId(b),
  shown: shown.map(filledId).join(),
});
