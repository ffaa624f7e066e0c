import type { Listing } from '../../../project/listing';
import { Button, EmptyState, Table } from '../../ui';
import { setActions } from './library-store';
import { dayWords, rowsWords, versionsWords } from './words';

/** Deleted sets, until they are deleted for good. */
export function DeletedTab({ deleted }: { readonly deleted: readonly Listing[] }) {
  const { discard } = setActions.use();
  if (deleted.length === 0)
    return (
      <EmptyState title="Nothing was deleted">Prompt sets that you delete stay here until you empty it.</EmptyState>
    );
  return (
    <div className="stack">
      <div className="row spread">
        <p className="dim">Deleted sets take up room until you empty this list.</p>
        <Button onPress={() => void discard(deleted)}>Empty</Button>
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
          { id: 'do', header: <span className="visually-hidden">Actions</span>, cell: (set) => <Actions set={set} /> },
        ]}
      />
    </div>
  );
}

function Actions({ set }: { readonly set: Listing }) {
  const { restore, discard } = setActions.use();
  return (
    <span className="row">
      <Button size="s" aria-label={`Restore ${set.name}`} onPress={() => void restore(set.id)}>
        Restore
      </Button>
      <Button size="s" variant="quiet" aria-label={`Delete ${set.name} for good`} onPress={() => void discard([set])}>
        Delete for good
      </Button>
    </span>
  );
}
