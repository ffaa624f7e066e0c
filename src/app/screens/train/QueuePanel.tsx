import { memo } from 'react';
import { timeWords } from '../../../training/estimate';
import { useProject } from '../../state/studio';
import { Button, format, Panel, Table, toastUndo } from '../../ui';
import { moved, putBack, type QueuedRun, without } from './queue';
import { startWords } from './starts';
import { useTrainPart } from './use-train';
import { settingsWords } from './words';

/** Runs that wait, in their order; nothing is shown when none does. */
export const QueuePanel = memo(function QueuePanel() {
  const { queue, busy, waiting, changeQueue, letQueueRun, secondsOf } = useTrainPart(
    'queue',
    'busy',
    'waiting',
    'changeQueue',
    'letQueueRun',
    'secondsOf',
    'speed',
    'work',
  );
  const set = useProject((s) => s.set);
  const { items, paused } = queue;
  if (items.length === 0 || queue.setId !== set?.id) return null;
  const nameOf = (item: QueuedRun) => `${item.name ? `${item.name}: ` : ''}${settingsWords(item.settings)}`;
  const remove = (item: QueuedRun) => {
    const place = items.indexOf(item);
    void changeQueue((list) => without(list, item.id));
    toastUndo(`Removed from the queue: ${nameOf(item)}.`, () => void changeQueue((list) => putBack(list, item, place)));
  };
  const clear = () => {
    void changeQueue(() => []);
    toastUndo(
      `${format.counted(items.length, 'run was', 'runs were')} removed from the queue.`,
      () => void changeQueue((list) => [...items.filter(({ id }) => !list.some((each) => each.id === id)), ...list]),
    );
  };
  const seconds = secondsOf(items.map(({ settings }) => settings));
  return (
    <Panel
      title={`${format.counted(items.length, 'run waits', 'runs wait')}${paused ? ' until you go on' : ''}`}
      span={12}
      aside={timeWords(seconds)}
    >
      <div className="row">
        {paused || !(busy || waiting) ? (
          <Button onPress={() => void letQueueRun(true)} isDisabled={busy || waiting}>
            Go on with the queue
          </Button>
        ) : (
          <Button onPress={() => void letQueueRun(false)}>Hold the queue after this run</Button>
        )}
        <Button variant="quiet" onPress={clear}>
          Remove all
        </Button>
      </div>
      <Table<QueuedRun>
        caption="Runs that wait"
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
          {
            id: 'move',
            header: 'Order',
            cell: (item) => (
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
                <Button size="s" variant="quiet" aria-label={`Remove: ${nameOf(item)}`} onPress={() => remove(item)}>
                  Remove
                </Button>
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
});
