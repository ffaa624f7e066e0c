import { useState } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { Evaluation } from '../../../prompt-set/types';
import { fileStem } from '../../charts';
import { usePromptSets } from '../../state/studio';
import { Button, Choices, Dialog, format, toastError } from '../../ui';
import { saveFile } from '../../ui/download';
import { savedWords } from './panels/table';
import { reportFiles } from './report-files';

type Made = string | null | Promise<string | null>;

interface SaveDialogProps {
  readonly evaluation: Evaluation;
  readonly dataset: Dataset;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Makes a file and downloads it, one at a time. */
function useSave() {
  const [making, setMaking] = useState(false);
  return async (make: () => Made, file: string, type: string) => {
    // the button stays enabled: a disabled one would lose the focus
    if (making) return;
    setMaking(true);
    try {
      const text = await make();
      if (text !== null) saveFile(file, text, type);
      else toastError('The file was not made', 'The rows or the run of this comparison are no longer in this browser.');
    } finally {
      setMaking(false);
    }
  };
}

/** What can be downloaded of a comparison, and how many of the user's rows each file holds. */
export function SaveDialog({ evaluation, dataset, isOpen, onClose }: SaveDialogProps) {
  const { html, markdown, json, csv } = reportFiles.use()[evaluation.kind];
  const { contains, rows } = savedWords(evaluation, dataset);
  const stem = fileStem(usePromptSets((s) => s.set?.name ?? 'results'));
  const save = useSave();
  const [withRows, setWithRows] = useState(false);
  return (
    <Dialog title="Download the comparison" isOpen={isOpen} onClose={onClose}>
      <div className="stack">
        <h3>Report</h3>
        <p className="dim">
          One HTML file that opens anywhere, prints, and needs no network: the verdict, every figure with its interval,{' '}
          {contains}, and what the figures do not say.
        </p>
        <Choices
          label="Rows in the report"
          value={withRows ? 'yes' : 'no'}
          onChange={(value) => setWithRows(value === 'yes')}
          options={[
            { id: 'no', label: 'None of my rows' },
            { id: 'yes', label: `The ${format.counted(rows.count, 'row')} ${rows.which}` },
          ]}
        />
        <div className="row">
          <Button variant="primary" onPress={() => void save(() => html(withRows), `${stem}-report.html`, 'text/html')}>
            Download the report
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
          <Button onPress={() => void save(json, `${stem}-results.json`, 'application/json')}>
            JSON, without texts
          </Button>
          <Button onPress={() => void save(csv, `${stem}-results.csv`, 'text/csv')}>
            {`CSV, with all ${format.count(evaluation.comparison.n)} texts`}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
