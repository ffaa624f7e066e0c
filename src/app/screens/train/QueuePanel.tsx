import { memo } from 'react';
import { timeWords } from '../../../training/estimate';
import type { PlannedRun } from '../../../workflow/runs';
import { settingsWords, startWords } from '../../../workflow/words';
import { useProject } from '../../state/studio';
import { Button, format, Panel, Table, toastUndo } from '../../ui';
import { moved, putBack, without } from './run-queue';
import { useTraining } from './training-store';
import { useSecondsOf } from './use-estimate';

const nameOf = (item: PlannedRun) => `${item.name ? `${item.name}: ` : ''}${settingsWords(item.settings)}`;

/** Waiting runs, in their order; hidden when there are none. */
export const QueuePanel = memo(function QueuePanel() {
  const items = useTraining((s) => s.queue.items);
  const openId = useProject((s) => s.set?.id);
  const setId = useTraining((s) => s.queue.setId);
  const paused = useTraining((s) => s.queue.paused);
  const secondsOf = useSecondsOf();
  if (items.length === 0 || setId !== openId) return null;
  return (
    <Panel
      title={`${format.counted(items.length, 'run waiting', 'runs waiting')}${paused ? ' until you continue' : ''}`}
      span={12}
      aside={timeWords(secondsOf(items.map(({ settings }) => settings)))}
    >
      <QueueActions items={items} paused={paused} />
      <QueueTable items={items} />
    </Panel>
  );
});

function QueueActions({ items, paused }: { readonly items: readonly PlannedRun[]; readonly paused: boolean }) {
  const isTaken = useTraining((s) => s.busy || s.waiting);
  const { letQueueRun, changeQueue } = useTraining.use();
  const clear = () => {
    void changeQueue(() => []);
    toastUndo(
      `${format.counted(items.length, 'run was', 'runs were')} removed from the queue.`,
      () => void changeQueue((list) => [...items.filter(({ id }) => !list.some((each) => each.id === id)), ...list]),
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
  const set = useProject((s) => s.set);
  return (
    <Table<PlannedRun>
      caption="Waiting runs"
      rows={items}
      rowKey={(item) => item.id}
      columns={[
        {
          id: 'run',
          header: 'Run',
          primary: true,
          cell: (item) => (
            <>
              {nameOf(item)}
              <span className="dim small"> · starts from {startWords(item.settings.initialisation, set)}</span>
            </>
          ),
        },
        { id: 'move', header: 'Order', cell: (item) => <Order item={item} items={items} /> },
      ]}
    />
  );
}

function Order({ item, items }: { readonly item: PlannedRun; readonly items: readonly PlannedRun[] }) {
  const { changeQueue } = useTraining.use();
  const remove = () => {
    const place = items.indexOf(item);
    void changeQueue((list) => without(list, item.id));
    toastUndo(`Removed from the queue: ${nameOf(item)}.`, () => void changeQueue((list) => putBack(list, item, place)));
  };
  return (
    <span className="row">
      <Button
        size="s"
        variant="quiet"
        aria-label={`Earlier: ${nameOf(item)}`}
        isDisabled={items[0] === item}
        onPress={() => void changeQueue((list) => moved(list, item.id, -1))}
      >
        ↑
      </Button>
      <Button
        size="s"
        variant="quiet"
        aria-label={`Later: ${nameOf(item)}`}
        isDisabled={items.at(-1) === item}
        onPress={() => void changeQueue((list) => moved(list, item.id, 1))}
      >
        ↓
      </Button>
      <Button size="s" variant="quiet" aria-label={`Remove: ${nameOf(item)}`} onPress={remove}>
        Remove
      </Button>
    </span>
  );
}
