/** The comparison on the screen as files. Texts of rows are in them only where the user said so. */
import { useState } from 'react';
import type { Dataset } from '../../../dataset/types';
import { planFor } from '../../../evaluation/classify/outcome';
import { deciding, type Evaluation } from '../../../prompt-set/types';
import { resultsCsv } from '../../../report/csv';
import { changedIn, reportOf } from '../../../report/input';
import { resultsJson } from '../../../report/json';
import { htmlReport, markdownReport } from '../../../report/print';
import type { CloserLook, ReportInput } from '../../../report/types';
import { fileStem } from '../../charts';
import { perStudio, type Studio, usePromptSets } from '../../state/studio';
import { Button, Dialog, format, toastError, YesNo } from '../../ui';
import { saveFile } from '../../ui/download';
import { closerStores } from './closer-store';
import { compareStores, type Shown } from './compare-store';
import { PANELS } from './panels/table';
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
  const { html, markdown, json, csv } = reportFiles.use();
  const { contains, rows } = PANELS[evaluation.kind].saved;
  const changed = changedIn(evaluation, dataset).length;
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
        yes={`The ${format.counted(changed, 'row')} ${rows}`}
      />
      <div className="row">
        <Button variant="primary" onPress={() => void save(() => html(withRows), `${stem}-report.html`, 'text/html')}>
          Save the report
        </Button>
        <span className="dim small">
          contains {format.counted(withRows ? changed : 0, 'of your rows', 'of your rows')}
        </span>
      </div>
      <h3>Markdown</h3>
      <div className="row">
        <Button onPress={() => void save(() => markdown(false), `${stem}-report.md`, 'text/markdown')}>
          Markdown, without texts
        </Button>
      </div>
      <h3>Results</h3>
      <div className="row">
        <Button onPress={() => void save(() => json(false), `${stem}-results.json`, 'application/json')}>
          JSON, without texts
        </Button>
        <Button onPress={() => void save(csv, `${stem}-results.csv`, 'text/csv')}>
          {`CSV, with all ${format.count(evaluation.comparison.n)} texts`}
        </Button>
      </div>
    </Dialog>
  );
}

/** The model that is loaded, where no run names its own. */
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

const reportFiles = perStudio((studio) => {
  const { services, stores } = studio;
  const { latest, shown } = compareStores.of(studio);
  const compared = (of: Shown | null): Evaluation | null =>
    of
      ? { ...of.evaluation, plan: planFor(of.evaluation.plan, of.mode), comparison: of.comparison }
      : (latest.getState().value?.evaluation ?? null);
  async function report(withRows: boolean): Promise<ReportInput | null> {
    const { set, dataset } = stores.promptSets.getState();
    const of = reported(shown());
    const evaluation = compared(of);
    if (!set || !evaluation) return null;
    const closer = of && (await closerLook(studio, of));
    const { softVersion } = evaluation;
    const kept = softVersion === null ? null : await services.store.checkpoints.get(softVersion);
    const checkpoint = kept?.checkpoint ?? null;
    const found = reportOf({ set, dataset, evaluation, model: modelOf(studio), checkpoint, withRows });
    return found?.kind === 'classify' && closer ? { ...found, closer } : found;
  }
  const as = (write: (of: ReportInput) => string) => async (withRows: boolean) => {
    const found = await report(withRows);
    return found && write(found);
  };
  return {
    html: as(htmlReport),
    markdown: as(markdownReport),
    json: as((found) => `${JSON.stringify(resultsJson(found), null, 2)}\n`),
    csv: () => {
      const evaluation = compared(reported(shown()));
      return evaluation && resultsCsv(evaluation, stores.promptSets.getState().dataset);
    },
  };
});
