import type { Listing } from '../../../project/listing';
import { Button, EmptyState, Table } from '../../ui';
import { useRepository } from './use-library';
import { dayWords, rowsWords, versionsWords } from './words';

/** What was deleted stays here until it is emptied. */
export function DeletedTab() {
  const { deleted, restore, discard } = useRepository((s) => s);
  if (deleted.length === 0)
    return (
      <EmptyState title="Nothing was deleted">A prompt set that you delete waits here until you empty it.</EmptyState>
    );
  return (
    <div className="stack">
      <div className="row spread">
        <p className="dim">These take up room until they are gone for good.</p>
        <Button onPress={() => discard(deleted)}>Empty</Button>
      </div>
      <Table<Listing>
        caption="Deleted prompt sets"
        rows={deleted}
        rowKey={({ id }) => id}
        columns={[
          {
            id: 'name',
            header: 'Prompt set',
            primary: true,
            cell: (set) => (
              <>
                <strong>{set.name}</strong>
                <div className="dim small">
                  {versionsWords(set)} · {rowsWords(set)}
                </div>
              </>
            ),
          },
          { id: 'when', header: 'Deleted', cell: ({ deletedAt }) => dayWords(deletedAt ?? '') },
          {
            id: 'do',
            header: <span className="visually-hidden">What to do with it</span>,
            cell: (set) => (
              <span className="row">
                <Button size="s" aria-label={`Bring ${set.name} back`} onPress={() => void restore(set.id)}>
                  Bring back
                </Button>
                <Button
                  size="s"
                  variant="quiet"
                  aria-label={`Delete ${set.name} for good`}
                  onPress={() => discard([set])}
                >
                  Delete for good
                </Button>
              </span>
            ),
          },
        ]}
      />
    </div>
  );
}
