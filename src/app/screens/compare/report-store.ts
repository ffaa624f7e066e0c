/** The comparison on the screen as files to take away. Row texts stand in them only where the user said so. */

import { createStore, type StoreApi } from 'zustand/vanilla';
import { textOf } from '../../../dataset/labels';
import { tally } from '../../../evaluation/vote';
import { htmlReport } from '../../../report/html';
import { resultsJson } from '../../../report/json';
import { markdownReport } from '../../../report/markdown';
import type { CloserLook, ReportInput } from '../../../report/types';
import { readCheckpoint } from '../../../training/checkpoint';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import type { ChecksStore } from './checks-store';
import type { CloserStore } from './closer-store';
import { type CompareStore, planFor } from './compare-store';
import { reportInput } from './report';
import type { ReviewStore } from './review-store';

export interface ReportState {
  /** One HTML file, without any row's text unless `withRows`. Null where the run or the rows are gone. */
  readonly html: (withRows: boolean) => Promise<string | null>;
  /** For a wiki or a pull request; no row's text. */
  readonly markdown: () => Promise<string | null>;
  /** The documented results.json; no row's text. */
  readonly json: () => Promise<string | null>;
}

export type ReportStore = StoreApi<ReportState>;

interface Sources {
  readonly session: SessionStore;
  readonly project: ProjectStore;
  readonly compare: CompareStore;
  readonly closer: CloserStore;
  readonly review: ReviewStore;
  readonly checks: ChecksStore;
}

export function createReportStore({ store: disk }: Services, sources: Sources): ReportStore {
  const { session, project, compare, closer, review, checks } = sources;

  /** What was looked at beside the comparison, computed where it is not there yet. */
  async function closerLook(): Promise<CloserLook> {
    const { evaluation, comparison } = compare.getState();
    const [insights] = await Promise.all([
      closer.getState().ofHeadline(),
      review.getState().recount(),
      checks.getState().recall(),
    ]);
    const { adaptation, seedRange } = checks.getState();
    const { votes = [], review: kept, consistency, everyRow } = evaluation ?? {};
    const { after, of } = review.getState();
    return {
      ...(insights ? { insights } : {}),
      ...(votes.length > 0 ? { votes: tally(votes) } : {}),
      ...(kept
        ? {
            review: {
              reviewed: kept.reviewed.length,
              corrected: kept.corrections.length,
              looks: kept.looks,
              verdict: of === comparison ? (after?.verdict ?? null) : null,
            },
          }
        : {}),
      ...(consistency ? { consistency } : {}),
      ...(everyRow ? { everyRow } : {}),
      ...(adaptation ? { adaptation } : {}),
      ...(seedRange ? { seedRange } : {}),
    };
  }

  async function input(): Promise<ReportInput | null> {
    const look = await closerLook();
    const { set: open, dataset } = project.getState();
    const { evaluation, comparison, mode } = compare.getState();
    if (!open || !evaluation || !comparison) return null;
    const kept = evaluation.softVersion === null ? null : await disk.checkpoints.get(evaluation.softVersion);
    const { model } = session.getState();
    const found = reportInput(
      open,
      dataset,
      { ...evaluation, plan: planFor(evaluation.plan, mode) },
      comparison,
      model.kind === 'ready' ? model.info : null,
      kept && readCheckpoint(kept.checkpoint, 'classify'),
    );
    return found && { ...found, closer: look };
  }

  return createStore<ReportState>(() => ({
    html: async (withRows) => {
      const found = await input();
      const { dataset } = project.getState();
      if (!found) return null;
      const rows =
        withRows && dataset
          ? dataset.table.rows.map((row) => ({ id: row.id, text: textOf(row, dataset.mapping) }))
          : [];
      return htmlReport(found, { includeRows: rows });
    },
    markdown: async () => {
      const found = await input();
      return found && markdownReport(found);
    },
    json: async () => {
      const found = await input();
      return found && `${JSON.stringify(resultsJson(found), null, 2)}\n`;
    },
  }));
}
