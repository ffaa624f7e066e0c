/** The comparison on the screen as files. Texts of rows are in them only where the user said so. */
import type { ByTask } from '../../../dataset/kind';
import { textOf } from '../../../dataset/labels';
import { planFor } from '../../../evaluation/classify/outcome';
import { tally } from '../../../evaluation/vote';
import type { GenerateEvaluation } from '../../../project/types';
import { generatedCsv, resultsCsv } from '../../../report/csv';
import { htmlReport } from '../../../report/html';
import { labelReport, textReport } from '../../../report/input';
import { resultsJson, textResultsJson } from '../../../report/json';
import { markdownReport } from '../../../report/markdown';
import { changedRows } from '../../../report/row-texts';
import type { CloserLook, LabelReport, ReportInput, TextReport } from '../../../report/types';
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

function createReportFiles(studio: Studio): ByTask<ReportFiles> {
  const { services, stores } = studio;
  const { session, promptSets } = stores;
  const compare = compareStores.of(studio);
  const closer = closerStores.of(studio);
  const review = reviewStores.of(studio);
  const model = () => {
    const { model: of } = session.getState();
    return of.kind === 'ready' ? of.info : null;
  };

  /** What was examined beside the comparison, computed where it is missing. */
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

  async function labels(rows: LabelReport['rows']): Promise<LabelReport | null> {
    const shown = compare.shown();
    const { set, dataset } = promptSets.getState();
    if (!set || !shown) return null;
    const closerFound = await closerLook(shown);
    const { evaluation, comparison, mode } = shown;
    const { softVersion, plan } = evaluation;
    const kept = softVersion === null ? null : await services.store.checkpoints.get(softVersion);
    const found = labelReport(
      set,
      dataset,
      { ...evaluation, plan: planFor(plan, mode) },
      comparison,
      model(),
      kept && readCheckpoint(kept.checkpoint, 'classify'),
    );
    return found && { ...found, closer: closerFound, ...(rows ? { rows } : {}) };
  }

  const generated = (): GenerateEvaluation | null => {
    const evaluation = compare.latest.getState().value?.evaluation;
    return evaluation?.kind === 'generate' ? evaluation : null;
  };

  function texts(rows: TextReport['rows']): TextReport | null {
    const { set, dataset } = promptSets.getState();
    const evaluation = generated();
    const found = set && evaluation && textReport(set, dataset, evaluation, model());
    return found && { ...found, ...(rows ? { rows } : {}) };
  }

  /** The texts of all rows; those that changed are printed. */
  function labelRows(): LabelReport['rows'] {
    const { dataset } = promptSets.getState();
    return dataset?.table.rows.map((row) => ({ id: row.id, text: textOf(row, dataset.mapping) }));
  }

  function textRows(): TextReport['rows'] {
    const evaluation = generated();
    const [duel] = evaluation?.comparison.duels ?? [];
    return evaluation && duel ? changedRows(evaluation, promptSets.getState().dataset, duel) : undefined;
  }

  return {
    classify: {
      ...filesOf(labels, labelRows, resultsJson),
      csv: () => {
        const shown = compare.shown();
        return shown && resultsCsv(shown.comparison, shown.evaluation, promptSets.getState().dataset);
      },
    },
    generate: {
      ...filesOf(texts, textRows, textResultsJson),
      csv: () => {
        const evaluation = generated();
        return evaluation && generatedCsv(evaluation, promptSets.getState().dataset);
      },
    },
  };
}

/** What is written from one report, with or without its rows. */
function filesOf<R extends ReportInput>(
  report: (rows?: R['rows']) => R | null | Promise<R | null>,
  rowsOf: () => R['rows'],
  results: (of: R) => object,
): Omit<ReportFiles, 'csv'> {
  return {
    html: async (withRows) => {
      const found = await report(withRows ? rowsOf() : undefined);
      return found && htmlReport(found);
    },
    markdown: async () => {
      const found = await report();
      return found && markdownReport(found);
    },
    json: async () => {
      const found = await report();
      return found && `${JSON.stringify(results(found), null, 2)}\n`;
    },
  };
}

export const reportFiles = perStudio(createReportFiles);
