import { useState } from 'react';
import { download, fileStem } from '../../charts';
import { useProject } from '../../state/studio';
import { Button, Choices, Dialog, format, toastError } from '../../ui';

type Made = string | null | Promise<string | null>;

export interface SaveFilesProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What the report tells besides the verdict and its figures. */
  readonly tells: string;
  /** Rows that the report may print, and which they are: "that were fixed or broken". */
  readonly rows: { readonly count: number; readonly which: string };
  /** Each gives the file, or null where the rows or the run are gone. */
  readonly html: (withRows: boolean) => Made;
  readonly markdown: () => Made;
  readonly json: () => Made;
  readonly csv: { readonly label: string; readonly make: () => Made };
}

/** What can be taken away of a comparison, and how many of the user's rows each file holds. */
export function SaveFiles({ isOpen, onClose, tells, rows, html, markdown, json, csv }: SaveFilesProps) {
  const stem = fileStem(useProject((s) => s.set?.name ?? 'results'));
  const [making, setMaking] = useState(false);
  const [withRows, setWithRows] = useState(false);
  const save = async (make: () => Made, file: string, type: string) => {
    // the button stays enabled: a disabled one would lose the focus
    if (making) return;
    setMaking(true);
    try {
      const text = await make();
      if (text !== null) download(file, text, type);
      else
        toastError(
          'There is nothing to write',
          'The rows or the run of this comparison are not in this browser any more.',
        );
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
          interval, {tells}, and what the figures do not say.
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
          <Button onPress={() => void save(csv.make, `${stem}-results.csv`, 'text/csv')}>{csv.label}</Button>
        </div>
      </div>
    </Dialog>
  );
}
