import { memo } from 'react';
import { otherVersionWords } from '../../../dataset/versions';
import { hasEnded } from '../../../prompt-set/make-versions';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { timeWords } from '../../../training/estimate';
import { branchOf, canBranch, type PlannedRun, textOf } from '../../../workflow/runs';
import { reachedWords, runWords, settingsWords, startWords, statusWords } from '../../../workflow/words';
import { useOpen, usePicked, usePromptSets } from '../../state/studio';
import { Button, format, Panel, Table, Term, toastUndo } from '../../ui';
import { useNextRun, useSecondsOf } from './next-run';
import { moved, putBack, without } from './run-queue';
import { useMarked, useMarkedRuns } from './SideBySide';
import { openSettings } from './StartPanel';
import { useShownRun, useTraining } from './training-store';

export const RunsPanel = memo(function RunsPanel({ set }: { readonly set: PromptSet }) {
  const shown = useShownRun(set.id, (live) => live?.runId ?? null);
  const marked = useMarkedRuns(set.id);
  const runs = set.runs.toReversed();
  if (runs.length === 0) return null;
  return (
    <Panel title="Runs" aside={marked.length === 1 ? 'tick another to compare them' : null}>
      <Table<Run>
        caption="Runs"
        rows={runs}
        rowKey={(run) => run.id}
        selectedKey={shown}
        columns={[
          { name: 'Run', primary: true, cell: (run) => <RunCell run={run} set={set} /> },
          { name: 'Best', card: true, numeric: true, cell: reachedWords },
          {
            name: 'Time',
            numeric: true,
            cell: (run) => (hasEnded(run) && run.seconds !== null ? format.clock(run.seconds) : statusWords(run)),
          },
        ]}
      />
    </Panel>
  );
});

function RunCell({ run, set }: { readonly run: Run; readonly set: PromptSet }) {
  const { dataset } = useOpen();
  const busy = useTraining((s) => s.busy);
  const { show } = useTraining.use();
  const marked = useMarkedRuns(set.id);
  const { mark } = useMarked.use();
  const other = dataset && otherVersionWords(dataset, run.datasetFingerprint);
  return (
    <>
      {set.runs.length > 1 ? (
        <input
          type="checkbox"
          className="run-mark"
          aria-label={`Side by side: ${run.number}, ${run.name}`}
          checked={marked.includes(run.id)}
          onChange={({ target: { checked } }) =>
            mark(set.id, checked ? [...marked, run.id] : marked.filter((id) => id !== run.id))
          }
        />
      ) : null}
      <Button variant="link" isDisabled={busy} onPress={() => void show(run.id)}>
        {run.name}
      </Button>
      <span className="dim small">
        {' · '}
        <Term
          means={`${runWords(run)}, from ${startWords(run.settings.initialisation, set)}`}
        >{`run ${run.number}`}</Term>
        {set.chosenTrained === run.id ? ' · the tuned prompt' : null}
        {canBranch(set, run) ? <Branch from={run} /> : null}
      </span>
      {other ? <div className="dim small">{other}</div> : null}
    </>
  );
}

function Branch({ from }: { readonly from: Run }) {
  const { change } = useNextRun.use();
  const branch = () => {
    change({ ...from.settings, initialisation: branchOf(from), ...textOf(from) });
    openSettings();
  };
  return (
    <>
      {' · '}
      <Button size="s" variant="link" aria-label={`Branch from run ${from.number}`} onPress={branch}>
        Branch
      </Button>
    </>
  );
}

const nameOf = (item: PlannedRun) => `${item.name ? `${item.name}: ` : ''}${settingsWords(item.settings)}`;

export const QueuePanel = memo(function QueuePanel() {
  const { queue } = useTraining.use();
  const { items, setId, paused } = usePicked(queue, 'items', 'setId', 'paused');
  const openId = usePromptSets((s) => s.set?.id);
  const secondsOf = useSecondsOf();
  if (items.length === 0 || setId !== openId) return null;
  return (
    <Panel
      title={`${format.counted(items.length, 'run waiting', 'runs waiting')}${paused ? ' until you continue' : ''}`}
      aside={timeWords(secondsOf(items.map(({ settings }) => settings)))}
    >
      <QueueActions items={items} paused={paused} />
      <QueueTable items={items} />
    </Panel>
  );
});

function QueueActions({ items, paused }: { readonly items: readonly PlannedRun[]; readonly paused: boolean }) {
  const isTaken = useTraining((s) => s.busy || s.waiting);
  const { letQueueRun, queue } = useTraining.use();
  const clear = () => {
    void queue.change(() => []);
    toastUndo(
      `${format.counted(items.length, 'run was', 'runs were')} removed from the queue.`,
      () => void queue.change((list) => [...items.filter(({ id }) => !list.some((each) => each.id === id)), ...list]),
    );
  };
  return (
    <div className="row">
      {paused || !isTaken ? (
        <Button onPress={() => void letQueueRun(true)} isDisabled={isTaken}>
          Continue the queue
        </Button>
      ) : (
        <Button onPress={() => void letQueueRun(false)}>Hold the queue after this run</Button>
      )}
      <Button variant="quiet" onPress={clear}>
        Remove all
      </Button>
    </div>
  );
}

function QueueTable({ items }: { readonly items: readonly PlannedRun[] }) {
  const { set } = useOpen();
  return (
    <Table<PlannedRun>
      caption="Waiting runs"
      rows={items}
      rowKey={(item) => item.id}
      columns={[
        {
          name: 'Run',
          primary: true,
          cell: (item) => (
            <>
              {nameOf(item)}
              <span className="dim small"> · starts from {startWords(item.settings.initialisation, set)}</span>
            </>
          ),
        },
        { name: 'Order', cell: (item) => <Order item={item} items={items} /> },
      ]}
    />
  );
}

function Order({ item, items }: { readonly item: PlannedRun; readonly items: readonly PlannedRun[] }) {
  const { queue } = useTraining.use();
  const name = nameOf(item);
  const remove = () => {
    const place = items.indexOf(item);
    void queue.change((list) => without(list, item.id));
    toastUndo(`Removed from the queue: ${name}.`, () => void queue.change((list) => putBack(list, item, place)));
  };
  const move = (by: -1 | 1, isDisabled: boolean) => (
    <Button
      size="s"
      variant="quiet"
      aria-label={`${by < 0 ? 'Earlier' : 'Later'}: ${name}`}
      isDisabled={isDisabled}
      onPress={() => void queue.change((list) => moved(list, item.id, by))}
    >
      {by < 0 ? '↑' : '↓'}
    </Button>
  );
  return (
    <span className="row">
      {move(-1, items[0] === item)}
      {move(1, items.at(-1) === item)}
      <Button size="s" variant="quiet" aria-label={`Remove: ${name}`} onPress={remove}>
        Remove
      </Button>
    </span>
  );
}
