/** The comparison on the screen as files. Texts of rows are in them only where the user said so. */
import { useState } from 'react';
import type { Dataset } from '../../../dataset/types';
import { badInput } from '../../../lib/errors';
import type { Evaluation } from '../../../prompt-set/types';
import { changedIn } from '../../../report/input';
import type { ReportRequest } from '../../../workflow/report-file';
import { fileStem } from '../../charts';
import { perStudio } from '../../state/studio';
import { attempted, Button, Dialog, format, YesNo } from '../../ui';
import { saveFile } from '../../ui/download';
import { PANELS } from './panels/table';

interface SaveDialogProps {
  readonly evaluation: Evaluation;
  readonly dataset: Dataset;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function SaveDialog({ evaluation, dataset, isOpen, onClose }: SaveDialogProps) {
  const save = saving.use();
  const { contains, rows } = PANELS[evaluation.kind].saved;
  const changed = changedIn(evaluation, dataset).length;
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
        <Button variant="primary" onPress={() => void save(evaluation, 'html', withRows)}>
          Save the report
        </Button>
        <span className="dim small">
          contains {format.counted(withRows ? changed : 0, 'of your rows', 'of your rows')}
        </span>
      </div>
      <h3>Markdown</h3>
      <div className="row">
        <Button onPress={() => void save(evaluation, 'md')}>Markdown, without texts</Button>
      </div>
      <h3>Results</h3>
      <div className="row">
        <Button onPress={() => void save(evaluation, 'json')}>JSON, without texts</Button>
        <Button onPress={() => void save(evaluation, 'csv')}>
          {`CSV, with all ${format.count(evaluation.comparison.n)} texts`}
        </Button>
      </div>
    </Dialog>
  );
}

const TYPES = {
  html: ['report.html', 'text/html'],
  md: ['report.md', 'text/markdown'],
  json: ['results.json', 'application/json'],
  csv: ['results.csv', 'text/csv'],
} as const;

/** Saves the comparison on the screen. */
const saving = perStudio((studio) => {
  const { services, stores } = studio;
  const { store, workflow } = services;
  let isMaking = false;
  return (evaluation: Evaluation, format: ReportRequest['format'], withRows = false) =>
    attempted('The file could not be made', async () => {
      const { set, dataset } = stores.promptSets.getState();
      // the button stays enabled: a disabled one would lose the focus
      if (!set || isMaking) return;
      isMaking = true;
      try {
        const { trainedVersion } = evaluation;
        const kept = trainedVersion === null ? null : await store.checkpoints.get(trainedVersion);
        const { model } = stores.session.getState();
        const made = await workflow.call('reportFile', {
          ...{ set, dataset, evaluation, format, withRows },
          model: model.kind === 'ready' ? model.info : null,
          checkpoint: kept?.checkpoint ?? null,
        });
        if (made === null) throw badInput('The rows or the run of this comparison are no longer in this browser.');
        const [end, type] = TYPES[format];
        saveFile(`${fileStem(set.name)}-${end}`, made, type);
      } finally {
        isMaking = false;
      }
    });
});
