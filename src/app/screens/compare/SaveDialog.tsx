/** The comparison on the screen as files. Texts of rows are in them only where the user said so. */
import { useState } from 'react';
import { textOf } from '../../../dataset/labels';
import type { ByTask, Dataset } from '../../../dataset/types';
import { planFor } from '../../../evaluation/classify/outcome';
import { deciding, type Evaluation, type GenerateEvaluation } from '../../../prompt-set/types';
import { changedRows, generatedCsv, resultsCsv } from '../../../report/csv';
import { labelReport, textReport } from '../../../report/input';
import { resultsJson, textResultsJson } from '../../../report/json';
import { htmlReport, markdownReport } from '../../../report/print';
import type { CloserLook, LabelReport, ReportInput, TextReport } from '../../../report/types';
import { fileStem } from '../../charts';
import { perStudio, type Studio, usePromptSets } from '../../state/studio';
import { Button, Dialog, format, toastError, YesNo } from '../../ui';
import { saveFile } from '../../ui/download';
import { closerStores } from './closer-store';
import { compareStores, type Shown } from './compare-store';
import { savedWords } from './panels/table';
import { correctedKey, reviewStores } from './review-store';

type Made = string | null | Promise<string | null>;

interface SaveDialogProps {
  readonly evaluation: Evaluation;
  readonly dataset: Dataset;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function useSave() {
  const [making, setMaking] = useState(false);
  return async (make: () => Made, file: string, type: string) => {
    // the button stays enabled: a disabled one would lose the focus
    if (making) return;
    setMaking(true);
    try {
      const text = await make();
      if (text !== null) saveFile(file, text, type);
      else
        toastError(
          'The file could not be made',
          'The rows or the run of this comparison are no longer in this browser.',
        );
    } finally {
      setMaking(false);
    }
  };
}

export function SaveDialog({ evaluation, dataset, isOpen, onClose }: SaveDialogProps) {
  const { html, markdown, json, csv } = reportFiles.use()[evaluation.kind];
  const { contains, rows } = savedWords(evaluation, dataset);
  const stem = fileStem(usePromptSets((s) => s.set?.name ?? 'results'));
  const save = useSave();
  const [withRows, setWithRows] = useState(false);
  return (
    <Dialog stack title="Save the comparison" isOpen={isOpen} onClose={onClose}>
      <h3>Report</h3>
      <p className="dim">
        One HTML file that opens anywhere, prints, and needs no network: the verdict, every figure with its interval,{' '}
        {contains}, and what the figures do not say.
      </p>
      <YesNo
        label="Rows in the report"
        value={withRows}
        onChange={setWithRows}
        no="None of my rows"
        yes={`The ${format.counted(rows.count, 'row')} ${rows.which}`}
      />
      <div className="row">
        <Button variant="primary" onPress={() => void save(() => html(withRows), `${stem}-report.html`, 'text/html')}>
          Save the report
        </Button>
        <span className="dim small">
          contains {format.counted(withRows ? rows.count : 0, 'of your rows', 'of your rows')}
        </span>
      </div>
      <h3>Markdown</h3>
      <div className="row">
        <Button onPress={() => void save(markdown, `${stem}-report.md`, 'text/markdown')}>
          Markdown, without texts
        </Button>
      </div>
      <h3>Results</h3>
      <div className="row">
        <Button onPress={() => void save(json, `${stem}-results.json`, 'application/json')}>JSON, without texts</Button>
        <Button onPress={() => void save(csv, `${stem}-results.csv`, 'text/csv')}>
          {`CSV, with all ${format.count(evaluation.comparison.n)} texts`}
        </Button>
      </div>
    </Dialog>
  );
}

interface ReportFiles {
  readonly html: (withRows: boolean) => Promise<string | null>;
  readonly markdown: () => Promise<string | null>;
  readonly json: () => Promise<string | null>;
  readonly csv: () => string | null;
}

/** The model that is loaded: runs of earlier versions do not name theirs. */
function modelOf({ stores }: Studio) {
  const { model } = stores.session.getState();
  return model.kind === 'ready' ? model.info : null;
}

/** What files are of: all rows, where they were checked and decide; else what is shown. */
function reported(shown: Shown | null): Shown | null {
  if (!shown?.evaluation.everyRow || shown.mode !== 'chosen') return shown;
  const evaluation = deciding(shown.evaluation);
  return { ...shown, evaluation, comparison: evaluation.comparison };
}

/** The checks made beside the comparison; slices and probabilities are computed where they are missing. */
async function closerLook(studio: Studio, shown: Shown): Promise<CloserLook> {
  const { evaluation, mode } = shown;
  const closer = closerStores.of(studio);
  const review = reviewStores.of(studio);
  const key = correctedKey(evaluation, mode);
  const [insights] = await Promise.all([
    closer.ofHeadline(shown),
    closer.learned.load(evaluation.id),
    key && review.corrected.load(key),
  ]);
  const { adaptation = null, seedRange = null } = closer.learned.getState().value ?? {};
  const { review: kept, consistency, fineTuning } = evaluation;
  return {
    ...(insights ? { insights } : {}),
    ...(kept && !evaluation.plan.folds
      ? {
          review: {
            reviewed: kept.reviewed.length,
            corrected: kept.corrections.length,
            looks: kept.looks,
            verdict: key ? (review.corrected.getState().value?.verdict ?? null) : null,
          },
        }
      : {}),
    ...(consistency && { consistency }),
    ...(fineTuning && { fineTuning }),
    ...(adaptation && { adaptation }),
    ...(seedRange && { seedRange }),
  };
}

function labelFiles(studio: Studio): ReportFiles {
  const { services, stores } = studio;
  const compare = compareStores.of(studio);
  async function report(rows: LabelReport['rows']): Promise<LabelReport | null> {
    const shown = reported(compare.shown());
    const { set, dataset } = stores.promptSets.getState();
    if (!set || !shown) return null;
    const closer = await closerLook(studio, shown);
    const { evaluation, comparison, mode } = shown;
    const { softVersion, plan } = evaluation;
    const kept = softVersion === null ? null : await services.store.checkpoints.get(softVersion);
    const checkpoint = kept?.checkpoint ?? null;
    const compared = { ...evaluation, plan: planFor(plan, mode) };
    const found = labelReport(set, dataset, compared, comparison, modelOf(studio), checkpoint);
    return found && { ...found, closer, ...(rows ? { rows } : {}) };
  }
  /** The texts of all rows; those that changed are printed. */
  function rows(): LabelReport['rows'] {
    const { dataset } = stores.promptSets.getState();
    return dataset?.table.rows.map((row) => ({ id: row.id, text: textOf(row, dataset.mapping) }));
  }
  return {
    ...filesOf(report, rows, resultsJson),
    csv: () => {
      const shown = reported(compare.shown());
      return shown && resultsCsv(shown.comparison, shown.evaluation, stores.promptSets.getState().dataset);
    },
  };
}

function textFiles(studio: Studio): ReportFiles {
  const { stores, services } = studio;
  const { promptSets } = stores;
  const generated = (): GenerateEvaluation | null => {
    const evaluation = compareStores.of(studio).latest.getState().value?.evaluation;
    return evaluation?.kind === 'generate' ? evaluation : null;
  };
  async function report(rows: TextReport['rows']): Promise<TextReport | null> {
    const { set, dataset } = promptSets.getState();
    const evaluation = generated();
    if (!set || !evaluation) return null;
    const { softVersion } = evaluation;
    const kept = softVersion === null ? null : await services.store.checkpoints.get(softVersion);
    const found = textReport(set, dataset, evaluation, modelOf(studio), kept?.checkpoint ?? null);
    return found && { ...found, ...(rows ? { rows } : {}) };
  }
  function rows(): TextReport['rows'] {
    const evaluation = generated();
    const [duel] = evaluation?.comparison.duels ?? [];
    return evaluation && duel ? changedRows(evaluation, promptSets.getState().dataset, duel) : undefined;
  }
  return {
    ...filesOf(report, rows, textResultsJson),
    csv: () => {
      const evaluation = generated();
      return evaluation && generatedCsv(evaluation, promptSets.getState().dataset);
    },
  };
}

function filesOf<R extends ReportInput>(
  report: (rows?: R['rows']) => R | null | Promise<R | null>,
  rowsOf: () => R['rows'],
  results: (of: R) => object,
): Omit<ReportFiles, 'csv'> {
  const as = (write: (of: R) => string) => async (withRows?: boolean) => {
    const found = await report(withRows ? rowsOf() : undefined);
    return found && write(found);
  };
  return {
    html: as(htmlReport),
    markdown: as(markdownReport),
    json: as((found) => `${JSON.stringify(results(found), null, 2)}\n`),
  };
}

const reportFiles = perStudio(
  (studio): ByTask<ReportFiles> => ({ classify: labelFiles(studio), generate: textFiles(studio) }),
);
