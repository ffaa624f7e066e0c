import { useState } from 'react';
import { resultsCsv } from '../../../report/results-csv';
import { download, fileStem } from '../../charts';
import { useProject } from '../../state/studio';
import { Button, Choices, Dialog, format, toastError } from '../../ui';
import { useReport } from './use-closer';
import { useCompare } from './use-compare';

/** What can be taken away of a comparison, and how many of the user's rows each file holds. */
export function SaveDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { evaluation, comparison } = useCompare((s) => s);
  const { html, markdown, json } = useReport((s) => s);
  const [making, setMaking] = useState(false);
  const dataset = useProject((s) => s.dataset);
  const name = useProject((s) => s.set?.name ?? 'results');
  const [withRows, setWithRows] = useState(false);
  if (!evaluation || !comparison) return null;
  const stem = fileStem(name);
  const pair = comparison.pairs[0];
  const changed = pair ? pair.fixed.length + pair.broken.length : 0;
  const saveText = async (made: Promise<string | null>, file: string, type: string) => {
    // the button stays enabled: a disabled one would lose the focus
    if (making) return;
    setMaking(true);
    try {
      const text = await made;
      if (text === null)
        toastError(
          'There is nothing to write',
          'The rows or the run of this comparison are not in this browser any more.',
        );
      else download(file, text, type);
    } finally {
      setMaking(false);
    }
  };
  return (
    <Dialog title="Download the comparison" isOpen={isOpen} onClose={onClose}>
      <div className="stack">
        <h3>Report</h3>
        <p className="dim">
          One HTML file that opens anywhere, prints, and asks nothing of the network: the verdict, every figure with its
          interval, what was looked at more closely, and what the figures do not say.
        </p>
        <Choices
          label="Rows in the report"
          value={withRows ? 'yes' : 'no'}
          onChange={(value) => setWithRows(value === 'yes')}
          options={[
            { id: 'no', label: 'None of my rows' },
            { id: 'yes', label: `The ${format.counted(changed, 'row')} that were fixed or broken` },
          ]}
        />
        <div className="row">
          <Button variant="primary" onPress={() => void saveText(html(withRows), `${stem}-report.html`, 'text/html')}>
            Download the report
          </Button>
          <span className="dim small">
            contains {format.counted(withRows ? changed : 0, 'of your rows', 'of your rows')}
          </span>
        </div>
        <h3>Markdown</h3>
        <div className="row">
          <Button onPress={() => void saveText(markdown(), `${stem}-report.md`, 'text/markdown')}>
            Markdown, without texts
          </Button>
        </div>
        <h3>Results</h3>
        <div className="row">
          <Button onPress={() => void saveText(json(), `${stem}-results.json`, 'application/json')}>
            JSON, without texts
          </Button>
          <Button
            onPress={() => download(`${stem}-results.csv`, resultsCsv(comparison, evaluation, dataset), 'text/csv')}
          >
            CSV, with all {format.count(comparison.n)} texts
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
