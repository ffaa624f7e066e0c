import { otherVersionWords } from '../../../dataset/versions';
import { isUsable } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import { useProject } from '../../state/studio';
import { Button, EmptyState, format, Panel, Table } from '../../ui';
import { runWords, startWords, statusWords } from './words';

interface RunsPanelProps {
  readonly set: PromptSet;
  readonly shown: string | null;
  readonly busy: boolean;
  readonly onShow: (id: string) => void;
}

/** All runs of the set, newest first; the one that stands for "Tuned" is marked. */
export function RunsPanel({ set, shown, busy, onShow }: RunsPanelProps) {
  const dataset = useProject((s) => s.dataset);
  const runs = set.soft.toReversed();
  return (
    <Panel title="Runs" span={5}>
      {runs.length === 0 ? (
        <EmptyState title="No run yet">
          Each run stands here with its settings and what it reached on the validation rows.
        </EmptyState>
      ) : (
        <Table<SoftVersion>
          caption="Runs"
          rows={runs}
          rowKey={(run) => run.id}
          selectedKey={shown}
          columns={[
            {
              id: 'run',
              header: 'Run',
              primary: true,
              cell: (run) => (
                <>
                  <Button variant="link" isDisabled={busy} onPress={() => onShow(run.id)}>
                    {run.name}
                  </Button>
                  {set.chosenSoft === run.id ? <span className="dim small"> · stands for Tuned</span> : null}
                  <div className="dim small">{runWords(run)}</div>
                  {dataset && otherVersionWords(dataset, run.datasetFingerprint) ? (
                    <div className="dim small">{otherVersionWords(dataset, run.datasetFingerprint)}</div>
                  ) : null}
                </>
              ),
            },
            { id: 'start', header: 'Start', cardLabel: 'start', cell: startWords },
            {
              id: 'best',
              header: 'Best',
              numeric: true,
              cardLabel: 'best',
              cell: (run) => (run.validationAccuracy === null ? '–' : format.percent(run.validationAccuracy)),
            },
            {
              id: 'time',
              header: 'Time',
              numeric: true,
              cell: (run) => (isUsable(run) && run.seconds !== null ? format.clock(run.seconds) : statusWords(run)),
            },
          ]}
        />
      )}
    </Panel>
  );
}
