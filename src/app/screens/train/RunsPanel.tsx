import { memo } from 'react';
import { otherVersionWords } from '../../../dataset/versions';
import { isUsable } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import { useProject } from '../../state/studio';
import { Button, EmptyState, format, Panel, Table } from '../../ui';
import { SETTINGS_ID } from './StartPanel';
import { branchOf, canBranch, startWords } from './starts';
import { useTrainPart } from './use-train';
import { reachedWords, runWords, statusWords } from './words';

interface RunsPanelProps {
  readonly set: PromptSet;
  readonly shown: string | null;
}

/** All runs of the set, newest first; the one that stands for "Tuned" is marked. Chosen ones stand side by side below. */
export const RunsPanel = memo(function RunsPanel({ set, shown }: RunsPanelProps) {
  const dataset = useProject((s) => s.dataset);
  const { beside, putBeside, busy, show, change, chooseHybrid } = useTrainPart(
    'beside',
    'putBeside',
    'busy',
    'show',
    'change',
    'chooseHybrid',
  );
  /** The next run is to start from this one: its settings are opened, and nothing else is changed. */
  const branch = (from: SoftVersion) => {
    change({ ...from.settings, initialisation: branchOf(from) });
    void chooseHybrid(from.handVersion !== undefined);
    const next = document.getElementById(SETTINGS_ID);
    next?.querySelector('details')?.setAttribute('open', '');
    next?.focus();
  };
  const runs = set.soft.toReversed();
  const chosen = beside.map(({ runId }) => runId);
  const choose = (id: string, on: boolean) =>
    void putBeside(on ? [...chosen, id] : chosen.filter((other) => other !== id));
  return (
    <Panel
      title="Runs"
      span={5}
      aside={runs.length > 1 && chosen.length < 2 ? 'mark two or more to see them side by side' : null}
    >
      {runs.length === 0 ? (
        <EmptyState title="No run yet">
          Press Train: each run stands here with its settings and what it reached on the validation rows.
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
                  {runs.length > 1 ? (
                    <input
                      type="checkbox"
                      className="run-mark"
                      aria-label={`Side by side: ${run.number}, ${run.name}`}
                      checked={chosen.includes(run.id)}
                      onChange={(event) => choose(run.id, event.target.checked)}
                    />
                  ) : null}
                  <Button variant="link" isDisabled={busy} onPress={() => void show(run.id)}>
                    {run.name}
                  </Button>
                  {set.chosenSoft === run.id ? <span className="dim small"> · stands for Tuned</span> : null}
                  <div className="dim small">
                    {run.number}: {runWords(run)}
                  </div>
                  {dataset && otherVersionWords(dataset, run.datasetFingerprint) ? (
                    <div className="dim small">{otherVersionWords(dataset, run.datasetFingerprint)}</div>
                  ) : null}
                  {canBranch(run) ? (
                    <Button
                      size="s"
                      variant="link"
                      aria-label={`Branch from run ${run.number}`}
                      onPress={() => branch(run)}
                    >
                      Branch
                    </Button>
                  ) : null}
                </>
              ),
            },
            {
              id: 'start',
              header: 'Start',
              cardLabel: 'start',
              cell: (run) => startWords(run.settings.initialisation, set),
            },
            {
              id: 'best',
              header: 'Best',
              numeric: true,
              cardLabel: 'best',
              cell: reachedWords,
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
});
