import type { GenerateEvaluation } from '../../../project/types';
import { type WritingReportInput, writingHtml, writingJson, writingMarkdown } from '../../../report/writing';
import { writtenCsv } from '../../../report/written-csv';
import { useProject, useSession } from '../../state/studio';
import { format } from '../../ui';
import { writingReportInput } from './report';
import { SaveFiles } from './SaveFiles';
import { changedRows } from './written-rows';

interface WritingSaveDialogProps {
  readonly evaluation: GenerateEvaluation;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** What can be taken away of a comparison of written texts. */
export function WritingSaveDialog({ evaluation, isOpen, onClose }: WritingSaveDialogProps) {
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info : null));
  const [duel] = evaluation.comparison.duels;
  const changed = duel ? changedRows(evaluation, dataset, duel) : [];
  const made = (make: (input: WritingReportInput) => string): string | null => {
    const input = set && writingReportInput(set, dataset, evaluation, model);
    return input && make(input);
  };
  return (
    <SaveFiles
      isOpen={isOpen}
      onClose={onClose}
      tells="your votes"
      rows={{ count: changed.length, which: 'on which they differ most' }}
      html={(withRows) => made((input) => writingHtml(input, withRows ? changed : []))}
      markdown={() => made(writingMarkdown)}
      json={() => made((input) => `${JSON.stringify(writingJson(input), null, 2)}\n`)}
      csv={{
        label: dataset ? `CSV, with all ${format.count(evaluation.comparison.n)} texts` : 'CSV, numbers only',
        make: () => writtenCsv(evaluation, dataset),
      }}
    />
  );
}
