/** Prompts leave as a zip, and come in as one. */

import { createStore, type StoreApi } from 'zustand/vanilla';
import predictPy from '../../../../tools/export/predict.py?raw';
import { StudioError } from '../../../lib/errors';
import { PRODUCT } from '../../../lib/product';
import { z } from '../../../lib/zod';
import { buildBundle, readBundle, rowsInBundle } from '../../../project/bundle';
import { chosenSoft, isUsable } from '../../../project/prompt-set';
import type { Sidecar } from '../../../project/sidecar';
import { buildSidecar } from '../../../project/sidecar-build';
import type { PromptSet } from '../../../project/types';
import { download } from '../../charts/export';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import type { SessionStore } from '../../state/session-store';
import { wordsFor } from '../../state/words-for';
import { makeCheckRows, type Replay, replay } from './check-rows';

interface Exporting {
  readonly set: PromptSet;
  /** Rows of its data set that are here. */
  readonly rows: number;
  readonly runId: string;
  readonly withRows: boolean;
  readonly busy: boolean;
  readonly error: StudioError | null;
}

interface Imported {
  readonly setId: string;
  readonly name: string;
  /** Null while it is being replayed, or when there is no model to do it with. */
  readonly replay: Replay | null;
  readonly replaying: boolean;
  /** Made for other weights than those that are loaded. */
  readonly otherWeights: string | null;
}

export interface LibraryState {
  readonly exporting: Exporting | null;
  readonly importing: boolean;
  readonly imported: Imported | null;
  readonly importError: { readonly file: string; readonly message: string } | null;
  readonly openExport: (setId: string, runId?: string) => Promise<void>;
  readonly changeExport: (change: Partial<Pick<Exporting, 'runId' | 'withRows'>>) => void;
  readonly closeExport: () => void;
  readonly exportNow: () => Promise<void>;
  readonly importFile: (file: File) => Promise<void>;
  readonly dismiss: () => void;
}

export type LibraryStore = StoreApi<LibraryState>;

const configSchema = z.object({ num_attention_heads: z.int().optional(), n_head: z.int().optional() });

/** From the model's config.json, where it can be had; PEFT finds it out by itself otherwise. */
async function attentionHeads(services: Services, session: SessionStore): Promise<number | null> {
  const files = await services.loadTokenizerFiles(session.getState().source).catch(() => null);
  const config = files?.['config.json'];
  if (!config) return null;
  const parsed = configSchema.safeParse(JSON.parse(new TextDecoder().decode(config)));
  return parsed.success ? (parsed.data.num_attention_heads ?? parsed.data.n_head ?? null) : null;
}

const now = () => new Date().toISOString();
const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `Something went wrong: ${String(cause)}`, { cause });

export function createLibraryStore(services: Services, session: SessionStore, project: ProjectStore): LibraryStore {
  const { store: disk } = services;

  return createStore<LibraryState>((set, get) => {
    async function makeBundle(exporting: Exporting): Promise<{ bytes: Uint8Array<ArrayBuffer>; name: string }> {
      const { set: open } = exporting;
      const run = open.soft.find((version) => version.id === exporting.runId);
      if (!run?.soft) throw new StudioError('bad-input', 'This prompt is not in the library any more.');
      const info = await session.getState().modelReady();
      if (info.sha256 !== run.model.sha256)
        throw new StudioError(
          'bad-input',
          `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Check rows can only be made with its own weights: load that model, then export again.`,
        );
      const dataset = (await disk.datasets.get(open.id))?.dataset ?? null;
      const evaluation = (await disk.evaluations.ofSet(open.id)).find((e) => e.softVersion === run.id) ?? null;
      const { labels } = await services.data.call('labelTokens', { words: wordsFor(run.template, open.words) });
      const checkRows = await makeCheckRows(services, run, labels, dataset?.mapping.text ?? null);
      const rows = exporting.withRows ? dataset : null;
      const { card, tokenizer } = session.getState();
      const tuned = evaluation?.plan.arms.find((arm) => arm.id === 'tuned');
      const isCalibrated = evaluation?.comparison.arms.find((arm) => arm.id === 'tuned')?.calibrated ?? false;
      const sidecar = buildSidecar({
        set: open,
        run,
        labels,
        weights: card?.weights ?? null,
        tokenizerSha256: tokenizer.kind === 'ready' ? tokenizer.sha256 : '',
        dataset: dataset?.fingerprint === run.datasetFingerprint ? dataset : null,
        evaluation,
        calibration: isCalibrated ? (tuned?.calibration ?? null) : null,
        checkRows,
        userRows: rowsInBundle(rows),
        now: now(),
        producer: PRODUCT,
      });
      const bytes = buildBundle({
        set: open,
        run,
        sidecar,
        predictPy,
        rows,
        model: { layers: info.layers, heads: await attentionHeads(services, session) },
      });
      return { bytes, name: `${open.handle}.zip` };
    }

    async function replayImported(imported: Imported, sidecar: Sidecar, open: PromptSet): Promise<void> {
      const soft = chosenSoft(open)?.soft;
      if (!soft) return;
      try {
        const info = await session.getState().modelReady();
        const otherWeights =
          info.sha256 === sidecar.model.sha256 ? null : `${sidecar.model.id} (${sidecar.model.dtype})`;
        const fits = info.hidden === sidecar.tokenDim;
        const found = fits ? await replay(services, sidecar, soft) : null;
        if (get().imported?.setId === imported.setId)
          set({ imported: { ...imported, otherWeights, replay: found, replaying: false } });
      } catch {
        // No model to replay with: the prompt is there all the same, and the model's own message says why.
        if (get().imported?.setId === imported.setId) set({ imported: { ...imported, replaying: false } });
      }
    }

    return {
      exporting: null,
      importing: false,
      imported: null,
      importError: null,
      openExport: async (setId, runId) => {
        const open = project.getState().set;
        const of = open?.id === setId ? open : await disk.sets.get(setId);
        const run = of?.soft.find((version) => version.id === runId && isUsable(version)) ?? (of && chosenSoft(of));
        if (!of || !run) return;
        const rows = (await disk.datasets.get(setId))?.dataset.table.rows.length ?? 0;
        set({ exporting: { set: of, rows, runId: run.id, withRows: false, busy: false, error: null } });
      },
      changeExport: (change) => set(({ exporting }) => ({ exporting: exporting && { ...exporting, ...change } })),
      closeExport: () => set({ exporting: null }),
      exportNow: async () => {
        const { exporting } = get();
        if (!exporting || exporting.busy) return;
        set({ exporting: { ...exporting, busy: true, error: null } });
        try {
          const { bytes, name } = await makeBundle(exporting);
          download(name, new Blob([bytes], { type: 'application/zip' }));
          set({ exporting: null });
        } catch (cause) {
          set({ exporting: { ...exporting, busy: false, error: asError(cause) } });
        }
      },
      importFile: async (file) => {
        set({ importing: true, importError: null, imported: null });
        try {
          const bytes = new Uint8Array(await file.arrayBuffer());
          const taken = (await disk.sets.list()).filter((s) => s.deletedAt === null).map((s) => s.handle);
          const read = readBundle(bytes, { id: crypto.randomUUID(), now: now(), taken });
          if (!read.ok) {
            set({ importing: false, importError: { file: file.name, message: read.error.message } });
            return;
          }
          const { set: made, dataset, sidecar } = read.value;
          await disk.sets.put(made);
          if (dataset) await disk.datasets.put({ setId: made.id, dataset });
          await project.getState().refresh();
          const imported: Imported = {
            setId: made.id,
            name: made.name,
            replay: null,
            replaying: true,
            otherWeights: null,
          };
          set({ importing: false, imported });
          void replayImported(imported, sidecar, made);
        } catch (cause) {
          set({ importing: false, importError: { file: file.name, message: asError(cause).message } });
        }
      },
      dismiss: () => set({ imported: null, importError: null }),
    };
  });
}
