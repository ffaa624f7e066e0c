/** The comparison on the screen as files. Texts of rows are in them only where the user said so. */
import type { ByTask } from '../../../dataset/kind';
import { textOf } from '../../../dataset/labels';
import { planFor } from '../../../evaluation/classify/outcome';
import { tally } from '../../../evaluation/vote';
import type { Evaluation } from '../../../project/types';
import { htmlReport } from '../../../report/html';
import { generateReportInput, reportInput } from '../../../report/input';
import { resultsJson } from '../../../report/json';
import { markdownReport } from '../../../report/markdown';
import { resultsCsv } from '../../../report/results-csv';
import { changedRows } from '../../../report/row-texts';
import type { CloserLook, ReportInput } from '../../../report/types';
import { type WritingReportInput, writingHtml, writingJson, writingMarkdown } from '../../../report/writing';
import { writtenCsv } from '../../../report/written-csv';
import { readCheckpoint } from '../../../training/checkpoint';
import { perStudio } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { closerStores } from './closer-store';
import { compareStores, type Shown } from './compare-store';
import { correctedKey, reviewStores } from './review-store';

/** Each gives the file, or null where the rows or the run are gone. */
export interface ReportFiles {
  readonly html: (withRows: boolean) => Promise<string | null>;
  readonly markdown: () => Promise<string | null>;
  readonly json: () => Promise<string | null>;
  readonly csv: () => string | null;
}

const asJson = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

function createReportFiles(studio: Studio): ByTask<ReportFiles> {
  const { services, stores } = studio;
  const { session, project } = stores;
  const compare = compareStores.of(studio);
  const closer = closerStores.of(studio);
  const review = reviewStores.of(studio);
  const model = () => {
    const { model: of } = session.getState();
    return of.kind === 'ready' ? of.info : null;
  };

  /** What was looked at beside the comparison, computed where it is not there yet. */
  async function closerLook({ evaluation, mode }: Shown): Promise<CloserLook> {
    const key = correctedKey(evaluation, mode);
    const [insights] = await Promise.all([
      closer.ofHeadline(),
      closer.learned.load(evaluation.id),
      key && review.corrected.load(key),
    ]);
    const { adaptation = null, seedRange = null } = closer.learned.getState().value ?? {};
    const { votes = [], review: kept, consistency, everyRow } = evaluation;
    return {
      ...(insights ? { insights } : {}),
      ...(votes.length > 0 ? { votes: tally(votes) } : {}),
      ...(kept
        ? {
            review: {
              reviewed: kept.reviewed.length,
              corrected: kept.corrections.length,
              looks: kept.looks,
              verdict: key ? (review.corrected.getState().value?.verdict ?? null) : null,
            },
          }
        : {}),
      ...(consistency ? { consistency } : {}),
      ...(everyRow ? { everyRow } : {}),
      ...(adaptation ? { adaptation } : {}),
      ...(seedRange ? { seedRange } : {}),
    };
  }

  async function labelsInput(): Promise<ReportInput | null> {
    const shown = compare.shown();
    const { set, dataset } = project.getState();
    if (!set || !shown) return null;
    const closerFound = await closerLook(shown);
    const { evaluation, comparison, mode } = shown;
    const { softVersion, plan } = evaluation;
    const kept = softVersion === null ? null : await services.store.checkpoints.get(softVersion);
    const found = reportInput(
      set,
      dataset,
      { ...evaluation, plan: planFor(plan, mode) },
      comparison,
      model(),
      kept && readCheckpoint(kept.checkpoint, 'classify'),
    );
    return found && { ...found, closer: closerFound };
  }

  const generated = (): Extract<Evaluation, { kind: 'generate' }> | null => {
    const evaluation = compare.latest.getState().value?.evaluation;
    return evaluation?.kind === 'generate' ? evaluation : null;
  };

  function textsInput(): WritingReportInput | null {
    const { set, dataset } = project.getState();
    const evaluation = generated();
    return set && evaluation && generateReportInput(set, dataset, evaluation, model());
  }

  return {
    classify: {
      html: async (withRows) => {
        const input = await labelsInput();
        const { dataset } = project.getState();
        const rows = withRows && dataset ? dataset.table.rows : [];
        const includeRows = dataset ? rows.map((row) => ({ id: row.id, text: textOf(row, dataset.mapping) })) : [];
        return input && htmlReport(input, { includeRows });
      },
      markdown: async () => {
        const input = await labelsInput();
        return input && markdownReport(input);
      },
      json: async () => {
        const input = await labelsInput();
        return input && asJson(resultsJson(input));
      },
      csv: () => {
        const shown = compare.shown();
        return shown && resultsCsv(shown.comparison, shown.evaluation, project.getState().dataset);
      },
    },
    generate: {
      html: async (withRows) => {
        const input = textsInput();
        const evaluation = generated();
        const [duel] = evaluation?.comparison.duels ?? [];
        const rows = withRows && evaluation && duel ? changedRows(evaluation, project.getState().dataset, duel) : [];
        return input && writingHtml(input, rows);
      },
      markdown: async () => {
        const input = textsInput();
        return input && writingMarkdown(input);
      },
      json: async () => {
        const input = textsInput();
        return input && asJson(writingJson(input));
      },
      csv: () => {
        const evaluation = generated();
        return evaluation && writtenCsv(evaluation, project.getState().dataset);
      },
    },
  };
}

export const reportFiles = perStudio(createReportFiles);
