import { useState } from 'react';
import type { WritingEvaluation } from '../../../project/types';
import { writingHtml, writingJson, writingMarkdown } from '../../../report/writing';
import { writtenCsv } from '../../../report/written-csv';
import { download, fileStem } from '../../charts';
import { useProject, useSession } from '../../state/studio';
import { Button, Choices, Dialog, format, toastError } from '../../ui';
import { writingReportInput } from './report';
import { changedRows } from './written-rows';

interface WritingSaveDialogProps {
  readonly evaluation: WritingEvaluation;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** What can be taken away of a comparison of written texts, and how many of the user's rows each file holds. */
export function WritingSaveDialog({ evaluation, isOpen, onClose }: WritingSaveDialogProps) {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info : null));
  const [withRows, setWithRows] = useState(false);
  const [duel] = evaluation.comparison.duels;
  const changed = duel ? changedRows(evaluation, dataset, duel) : [];
  const stem = fileStem(set?.name ?? 'results');
  const save = (
    make: (input: NonNullable<ReturnType<typeof writingReportInput>>) => string,
    file: string,
    type: string,
  ) => {
    const input = set && writingReportInput(set, dataset, evaluation, model);
    if (input) download(file, make(input), type);
    else
      toastError(
        'There is nothing to write',
        'The rows or the run of this comparison are not in this browser any more.',
      );
  };
  return (
    <Dialog title="Download the comparison" isOpen={isOpen} onClose={onClose}>
      <div className="stack">
        <h3>Report</h3>
        <p className="dim">
          One HTML file that opens anywhere, prints, and asks nothing of the network: the verdict, every figure with its
          interval, your votes, and what the figures do not say.
        </p>
        <Choices
          label="Rows in the report"
          value={withRows ? 'yes' : 'no'}
          onChange={(value) => setWithRows(value === 'yes')}
          options={[
            { id: 'no', label: 'None of my rows' },
            { id: 'yes', label: `The ${format.counted(changed.length, 'row')} on which they differ most` },
          ]}
        />
        <div className="row">
          <Button
            variant="primary"
            onPress={() =>
              save((input) => writingHtml(input, withRows ? changed : []), `${stem}-report.html`, 'text/html')
            }
          >
            Download the report
          </Button>
          <span className="dim small">
            contains {format.counted(withRows ? changed.length : 0, 'of your rows', 'of your rows')}
          </span>
        </div>
        <h3>Markdown</h3>
        <div className="row">
          <Button onPress={() => save(writingMarkdown, `${stem}-report.md`, 'text/markdown')}>
            Markdown, without texts
          </Button>
        </div>
        <h3>Results</h3>
        <div className="row">
          <Button
            onPress={() =>
              save(
                (input) => `${JSON.stringify(writingJson(input), null, 2)}\n`,
                `${stem}-results.json`,
                'application/json',
              )
            }
          >
            JSON, without texts
          </Button>
          <Button onPress={() => download(`${stem}-results.csv`, writtenCsv(evaluation, dataset), 'text/csv')}>
            {dataset ? `CSV, with all ${format.count(evaluation.comparison.n)} texts` : 'CSV, numbers only'}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
