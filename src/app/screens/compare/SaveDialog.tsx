import { resultsCsv } from '../../../report/results-csv';
import { useProject } from '../../state/studio';
import { format } from '../../ui';
import { SaveFiles } from './SaveFiles';
import { useReport } from './use-closer';
import { useCompare } from './use-compare';

/** What can be taken away of a comparison of answers. */
export function SaveDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { evaluation, comparison } = useCompare((s) => s);
  const { html, markdown, json } = useReport((s) => s);
  const dataset = useProject((s) => s.dataset);
  if (!evaluation || !comparison) return null;
  const [pair] = comparison.pairs;
  return (
    <SaveFiles
      isOpen={isOpen}
      onClose={onClose}
      tells="what was looked at more closely"
      rows={{ count: pair ? pair.fixed.length + pair.broken.length : 0, which: 'that were fixed or broken' }}
      html={html}
      markdown={markdown}
      json={json}
      csv={{
        label: `CSV, with all ${format.count(comparison.n)} texts`,
        make: () => resultsCsv(comparison, evaluation, dataset),
      }}
    />
  );
}
