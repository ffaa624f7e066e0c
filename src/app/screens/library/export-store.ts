/** One export, by whom it is for: made as soon as it is asked for, so that its size and contents are known before it is saved. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { PRODUCT } from '../../../lib/product';
import { z } from '../../../lib/zod';
import { chosenSoft, isUsable, isWriting } from '../../../project/prompt-set';
import { buildSidecar, type CheckRow } from '../../../project/sidecar-build';
import type { Evaluation, PromptSet, SoftVersion, WritingEvaluation } from '../../../project/types';
import { download } from '../../charts/export';
import type { Services } from '../../services';
import type { SessionStore } from '../../state/session-store';
import { wordsFor } from '../../state/words-for';
import { longestAnswer } from '../../write-texts';
import { reportInput } from '../compare/report';
import { makeCheckRows, shippedSentences } from './check-rows';
import { loadInterchange } from './load-interchange';
import type { Parcel } from './parcel';
import { type RecipientId, recipientOf } from './recipients';

interface Exporting {
  readonly set: PromptSet;
  readonly runId: string | null;
  readonly recipient: RecipientId;
  readonly withRows: boolean;
  /** How many of the user's rows it would hold. */
  readonly rowsToGive: number;
  /** Null while it is made, or where it cannot be. */
  readonly parcel: Parcel | null;
  /** Check rows scored so far, while they are. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly error: StudioError | null;
}

export interface ExportState {
  readonly exporting: Exporting | null;
  readonly openExport: (setId: string, runId?: string) => Promise<void>;
  readonly changeExport: (change: Partial<Pick<Exporting, 'runId' | 'withRows' | 'recipient'>>) => void;
  readonly closeExport: () => void;
  /** Makes it once more, after what stood against it is gone. */
  readonly makeAgain: () => void;
  readonly save: () => void;
}

export type ExportStore = StoreApi<ExportState>;

const configSchema = z.object({ num_attention_heads: z.int().optional(), n_head: z.int().optional() });

/** From the model's config.json, where it can be had; PEFT finds it out by itself otherwise. */
async function attentionHeads(services: Services, session: SessionStore): Promise<number | null> {
  const files = await services.loadTokenizerFiles(session.getState().source).catch(() => null);
  const config = files?.['config.json'];
  if (!config) return null;
  const parsed = configSchema.safeParse(JSON.parse(new TextDecoder().decode(config)));
  return parsed.success ? (parsed.data.num_attention_heads ?? parsed.data.n_head ?? null) : null;
}

/** What is stored of a set, read once for each export. */
interface Stored {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  readonly evaluations: readonly Evaluation[];
  /** Where texts are written. */
  readonly writings: readonly WritingEvaluation[];
  /** Texts that the user keeps for the stage. */
  readonly examples: readonly string[];
}

const rowCount = (rows: Dataset | null): number => rows?.table.rows.length ?? 0;

/** The run that the export is about. @throws StudioError bad-input when it is gone */
function runOf(set: PromptSet, runId: string | null): SoftVersion {
  const run = set.soft.find((version) => version.id === runId);
  if (!run?.soft) throw new StudioError('bad-input', 'This prompt is not in the library any more.');
  return run;
}

export function createExportStore(services: Services, session: SessionStore): ExportStore {
  const { store: disk } = services;
  /** Check rows by run and weights: they are the same for every recipient. */
  const scored = new Map<string, readonly CheckRow[]>();
  let making: AbortController | null = null;

  return createStore<ExportState>((set, get) => {
    const change = (next: Partial<Exporting>, of: AbortController | null) => {
      if (of === making) set(({ exporting }) => ({ exporting: exporting && { ...exporting, ...next } }));
    };

    async function stored(setId: string): Promise<Stored> {
      const open = await disk.sets.get(setId);
      if (!open) throw new StudioError('bad-input', 'This project is not in the library any more.');
      const [rows, evaluations, writings, examples] = await Promise.all([
        disk.datasets.get(setId),
        disk.evaluations.ofSet(setId),
        disk.writings.ofSet(setId),
        disk.settings.get<readonly string[]>(`examples:${setId}`),
      ]);
      return { set: open, dataset: rows?.dataset ?? null, evaluations, writings, examples: examples ?? [] };
    }

    async function checkRowsOf(run: SoftVersion, open: Stored, mine: AbortController) {
      const info = await session.getState().modelReady();
      if (info.sha256 !== run.model.sha256)
        throw new StudioError(
          'bad-input',
          `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Check rows can only be made with its own weights: load that model, then export again.`,
        );
      const { labels } = await services.data.call('labelTokens', { words: wordsFor(run.template, open.set.words) });
      const key = JSON.stringify([run.id, info.sha256, labels]);
      const textColumn = open.dataset?.mapping.text ?? null;
      const checkRows =
        scored.get(key) ??
        (await makeCheckRows(services, run, labels, textColumn, {
          signal: mine.signal,
          onProgress: (progress) => change({ progress }, mine),
        }));
      scored.set(key, checkRows);
      return { info, labels, checkRows };
    }

    async function writingOf({ set: open, dataset, writings }: Stored, run: SoftVersion) {
      if (!isWriting(open)) return null;
      const { tokenizer } = session.getState();
      return {
        longest: await longestAnswer(services, open, dataset),
        endTokenIds: tokenizer.kind === 'ready' ? tokenizer.endTokenIds : [],
        evaluation: writings.find((e) => e.softVersion === run.id) ?? null,
      };
    }

    /** The prompt with its sidecar: what an engineer and an audience get. */
    async function promptParts(exporting: Exporting, open: Stored, mine: AbortController, userRows: number) {
      const run = runOf(open.set, exporting.runId);
      const { info, labels, checkRows } = await checkRowsOf(run, open, mine);
      const { card, tokenizer } = session.getState();
      const { dataset } = open;
      const evaluation = open.evaluations.find((e) => e.softVersion === run.id) ?? null;
      const tuned = evaluation?.plan.arms.find((arm) => arm.id === 'tuned');
      const isCalibrated = evaluation?.comparison.arms.find((arm) => arm.id === 'tuned')?.calibrated ?? false;
      const writing = await writingOf(open, run);
      // who gets it without rows must know how long an answer may be
      const given = writing ? { ...open.set, writing: { longest: writing.longest } } : open.set;
      const sidecar = buildSidecar({
        set: open.set,
        run,
        labels,
        weights: card?.weights ?? null,
        tokenizerSha256: tokenizer.kind === 'ready' ? tokenizer.sha256 : '',
        dataset: dataset?.fingerprint === run.datasetFingerprint ? dataset : null,
        evaluation,
        ...(writing && { writing }),
        calibration: isCalibrated ? (tuned?.calibration ?? null) : null,
        checkRows,
        userRows,
        now: new Date().toISOString(),
        producer: PRODUCT,
      });
      const model = { layers: info.layers, heads: await attentionHeads(services, session) };
      return { set: given, run, sidecar, model };
    }

    const comparisonOf = ({ runId }: Exporting, { set: open, evaluations }: Stored): Evaluation => {
      if (isWriting(open))
        throw new StudioError(
          'bad-input',
          'The report of written texts and the table of them are made on the Compare screen, under Download.',
        );
      const found = evaluations.find((e) => e.softVersion === runId) ?? evaluations[0];
      if (!found)
        throw new StudioError(
          'bad-input',
          'It has not been compared on held-back rows yet, so there is nothing to report. Compare it first.',
        );
      return found;
    };

    async function make(exporting: Exporting, open: Stored, mine: AbortController): Promise<Parcel> {
      const { withRows } = exporting;
      const { forAudience, forBrowser, forEngineer, forManager, forSpreadsheet } = await loadInterchange();
      switch (exporting.recipient) {
        case 'engineer': {
          const rows = withRows ? open.dataset : null;
          const parts = await promptParts(exporting, open, mine, rowCount(rows));
          return forEngineer({ ...parts, rows });
        }
        case 'audience': {
          const ofUser = withRows ? open.examples.length : 0;
          const examples = ofUser > 0 ? open.examples : await shippedSentences();
          const parts = await promptParts(exporting, open, mine, ofUser);
          return forAudience({ ...parts, demo: { examples, ofUser } });
        }
        case 'browser': {
          const [checkpoints, measurements] = await Promise.all([
            disk.checkpoints.ofSet(exporting.set.id),
            disk.measurements.ofSet(exporting.set.id),
          ]);
          return forBrowser({ ...open, checkpoints, measurements }, withRows);
        }
        case 'manager': {
          const evaluation = comparisonOf(exporting, open);
          const kept = evaluation.softVersion === null ? null : await disk.checkpoints.get(evaluation.softVersion);
          const { comparison } = evaluation;
          const input = reportInput(open.set, open.dataset, evaluation, comparison, null, kept?.checkpoint ?? null);
          if (!input)
            throw new StudioError(
              'bad-input',
              'The rows or the run of its comparison are not in this browser any more.',
            );
          return forManager(open.set.handle, input, withRows ? open.dataset : null);
        }
        case 'spreadsheet':
          return forSpreadsheet(open.set.handle, comparisonOf(exporting, open), withRows ? open.dataset : null);
      }
    }

    function rowsToGive({ recipient }: Exporting, { dataset, evaluations, examples }: Stored): number {
      const pair = evaluations[0]?.comparison.pairs[0];
      if (recipient === 'audience') return examples.length;
      if (!dataset) return 0;
      if (recipient === 'manager') return (pair?.fixed.length ?? 0) + (pair?.broken.length ?? 0);
      return recipient === 'spreadsheet' ? (evaluations[0]?.comparison.n ?? 0) : rowCount(dataset);
    }

    async function start(): Promise<void> {
      const { exporting } = get();
      making?.abort();
      if (!exporting) return;
      const mine = new AbortController();
      making = mine;
      change({ parcel: null, progress: null, error: null }, mine);
      try {
        const open = await stored(exporting.set.id);
        change({ rowsToGive: rowsToGive(exporting, open) }, mine);
        change({ parcel: await make(exporting, open, mine), progress: null }, mine);
      } catch (cause) {
        const error =
          cause instanceof StudioError
            ? cause
            : new StudioError('internal', `Something went wrong: ${String(cause)}`, { cause });
        if (error.code !== 'cancelled') change({ error, progress: null }, mine);
      }
    }

    return {
      exporting: null,
      openExport: async (setId, runId) => {
        const of = await disk.sets.get(setId);
        if (!of) return;
        const run = of.soft.find((version) => version.id === runId && isUsable(version)) ?? chosenSoft(of);
        set({
          exporting: {
            set: of,
            runId: run?.id ?? null,
            recipient: run ? 'engineer' : 'browser',
            withRows: false,
            rowsToGive: 0,
            parcel: null,
            progress: null,
            error: null,
          },
        });
        void start();
      },
      changeExport: (next) => {
        // what was agreed to for one recipient holds for no other
        const agreed = next.recipient === undefined ? {} : { withRows: false };
        set(({ exporting }) => ({ exporting: exporting && { ...exporting, ...agreed, ...next } }));
        void start();
      },
      closeExport: () => {
        making?.abort();
        making = null;
        set({ exporting: null });
      },
      makeAgain: () => void start(),
      save: () => {
        const parcel = get().exporting?.parcel;
        if (!parcel) return;
        download(parcel.name, new Blob([parcel.content], { type: parcel.type }));
        get().closeExport();
      },
    };
  });
}

/** Whether a recipient can be given something of this set. */
export const canGive = (id: RecipientId, hasRun: boolean): boolean => hasRun || !recipientOf(id).needsRun;
