/** What is given away, made from what is stored: one export for one recipient. */

import type { Dataset } from '../../../dataset/types';
import { buildSidecar, type CheckRow } from '../../../interchange/sidecar-build';
import { StudioError } from '../../../lib/errors';
import { PRODUCT } from '../../../lib/product';
import { z } from '../../../lib/zod';
import { ofKind } from '../../../project/evaluations';
import { isWriting } from '../../../project/prompt-set';
import type { ClassifyEvaluation, GenerateEvaluation, PromptSet, SoftVersion } from '../../../project/types';
import { wordsFor } from '../../../task/words-for';
import { readCheckpoint } from '../../../training/checkpoint';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { longestAnswer } from '../../state/write-texts';
import { reportInput, writingReportInput } from '../compare/report';
import { changedRows } from '../compare/written-rows';
import { makeCheckRows, shippedSentences } from './check-rows';
import { loadInterchange } from './load-interchange';
import type { Parcel } from './parcel';
import type { RecipientId } from './recipients';

/** What is asked for. */
export interface Order {
  readonly runId: string | null;
  readonly recipient: RecipientId;
  /** The user agreed to put rows of theirs in. */
  readonly withRows: boolean;
}

interface Telling {
  readonly signal: AbortSignal;
  /** Check rows scored so far. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

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
export interface Stored {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  readonly evaluations: readonly ClassifyEvaluation[];
  /** Where texts are written; newest first, as the others. */
  readonly writings: readonly GenerateEvaluation[];
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

/** The comparison that an export is about: the run's newest, else the newest. @throws StudioError `bad-input` where there is none */
function comparisonOf<E extends Pick<ClassifyEvaluation, 'softVersion'>>(runId: string | null, of: readonly E[]): E {
  const found = of.find((e) => e.softVersion === runId) ?? of[0];
  if (!found)
    throw new StudioError(
      'bad-input',
      'It has not been compared on held-back rows yet, so there is nothing to report. Compare it first.',
    );
  return found;
}

const rowsGone = () =>
  new StudioError('bad-input', 'The rows or the run of its comparison are not in this browser any more.');

/** How many of the user's rows an export would hold, if they agreed. */
export function rowsToGive({ recipient, runId }: Order, stored: Stored): number {
  const { set, dataset, evaluations, writings, examples } = stored;
  if (recipient === 'audience') return examples.length;
  if (!dataset) return 0;
  if (recipient !== 'manager' && recipient !== 'spreadsheet') return rowCount(dataset);
  if (isWriting(set)) {
    if (writings.length === 0) return 0;
    const writing = comparisonOf(runId, writings);
    const [duel] = writing.comparison.duels;
    return recipient === 'spreadsheet' ? writing.comparison.n : duel ? changedRows(writing, dataset, duel).length : 0;
  }
  if (evaluations.length === 0) return 0;
  const { comparison } = comparisonOf(runId, evaluations);
  const [pair] = comparison.pairs;
  return recipient === 'spreadsheet' ? comparison.n : (pair?.fixed.length ?? 0) + (pair?.broken.length ?? 0);
}

export function createParcels(services: Services, session: SessionStore) {
  const { store: disk } = services;
  /** Check rows by run and weights: they are the same for every recipient. */
  const scored = new Map<string, readonly CheckRow[]>();

  /** @throws StudioError `bad-input` when the set is gone */
  async function stored(setId: string): Promise<Stored> {
    const open = await disk.sets.get(setId);
    if (!open) throw new StudioError('bad-input', 'This project is not in the library any more.');
    const [rows, compared, examples] = await Promise.all([
      disk.datasets.get(setId),
      disk.evaluations.ofSet(setId),
      disk.settings.get<readonly string[]>(`examples:${setId}`),
    ]);
    return {
      set: open,
      dataset: rows?.dataset ?? null,
      evaluations: ofKind(compared, 'classify'),
      writings: ofKind(compared, 'generate'),
      examples: examples ?? [],
    };
  }

  async function checkRowsOf(run: SoftVersion, open: Stored, telling: Telling) {
    const info = await session.getState().modelReady();
    if (info.sha256 !== run.model.sha256)
      throw new StudioError(
        'bad-input',
        `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Check rows can only be made with its own weights: load that model, then export again.`,
      );
    const { labels } = await services.data.call('labelTokens', { words: wordsFor(run.template, open.set.words) });
    const key = JSON.stringify([run.id, info.sha256, labels]);
    const textColumn = open.dataset?.mapping.text ?? null;
    const checkRows = scored.get(key) ?? (await makeCheckRows(services, run, labels, textColumn, telling));
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
  async function promptParts(runId: string | null, open: Stored, telling: Telling, userRows: number) {
    const run = runOf(open.set, runId);
    const { info, labels, checkRows } = await checkRowsOf(run, open, telling);
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

  async function report({ runId, withRows }: Order, open: Stored): Promise<Parcel> {
    const { forManager, forManagerOfTexts } = await loadInterchange();
    const { set, dataset, evaluations, writings } = open;
    if (isWriting(set)) {
      const writing = comparisonOf(runId, writings);
      const input = writingReportInput(set, dataset, writing, null);
      if (!input) throw rowsGone();
      const [duel] = writing.comparison.duels;
      return forManagerOfTexts(set.handle, input, withRows && duel ? changedRows(writing, dataset, duel) : []);
    }
    const evaluation = comparisonOf(runId, evaluations);
    const kept = evaluation.softVersion === null ? null : await disk.checkpoints.get(evaluation.softVersion);
    const input = reportInput(
      set,
      dataset,
      evaluation,
      evaluation.comparison,
      null,
      kept && readCheckpoint(kept.checkpoint, 'classify'),
    );
    if (!input) throw rowsGone();
    return forManager(set.handle, input, withRows ? dataset : null);
  }

  async function predictions({ runId, withRows }: Order, open: Stored): Promise<Parcel> {
    const { forSpreadsheet, forSpreadsheetOfTexts } = await loadInterchange();
    const { set, dataset, evaluations, writings } = open;
    const rows = withRows ? dataset : null;
    return isWriting(set)
      ? forSpreadsheetOfTexts(set.handle, comparisonOf(runId, writings), rows)
      : forSpreadsheet(set.handle, comparisonOf(runId, evaluations), rows);
  }

  /** @throws StudioError `bad-input` where it cannot be made, and why; `cancelled`; and as the engine */
  async function make(order: Order, open: Stored, telling: Telling): Promise<Parcel> {
    const { recipient, runId, withRows } = order;
    const { forAudience, forBrowser, forEngineer } = await loadInterchange();
    switch (recipient) {
      case 'engineer': {
        const rows = withRows ? open.dataset : null;
        const parts = await promptParts(runId, open, telling, rowCount(rows));
        return forEngineer({ ...parts, rows });
      }
      case 'audience': {
        const ofUser = withRows ? open.examples.length : 0;
        const examples = ofUser > 0 ? open.examples : await shippedSentences();
        const parts = await promptParts(runId, open, telling, ofUser);
        return forAudience({ ...parts, demo: { examples, ofUser } });
      }
      case 'browser': {
        const [checkpoints, measurements] = await Promise.all([
          disk.checkpoints.ofSet(open.set.id),
          disk.measurements.ofSet(open.set.id),
        ]);
        return forBrowser({ ...open, checkpoints, measurements }, withRows);
      }
      case 'manager':
        return report(order, open);
      case 'spreadsheet':
        return predictions(order, open);
    }
  }

  return { stored, make };
}
