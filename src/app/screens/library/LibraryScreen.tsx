import { lazy, Suspense, useEffect } from 'react';
import type { Listing } from '../../../prompt-set/listing';
import { ScreenFrame } from '../../shell/Screen';
import { useQuery } from '../../state/location';
import { useResource } from '../../state/resource';
import { usePromptSets } from '../../state/studio';
import { Button, EmptyState, Failed, ProgressBar, Table, Tabs } from '../../ui';
import { BatchTab } from './BatchTab';
import { useExport } from './export-store';
import { ImportDialog, ImportedNote } from './ImportDialog';
import { useImports } from './import-store';
import { deletedSets, setActions } from './library-store';
import { dayWords, libraryTitle, rowsWords, versionsWords } from './parts';
import { SetDetail } from './SetDetail';
import { SetsTab } from './SetsTab';
import { TeamDialog } from './TeamDialog';
import { team } from './team-store';
import './library.css';

/** Loaded later: the export needs the code of all formats, and most visits need no grid. */
const ExportDialog = lazy(() => import('./ExportDialog'));
const GridTab = lazy(() => import('./GridTab'));

export default function LibraryScreen() {
  const [setId] = useQuery<string>('set', '');
  const isExporting = useExport((s) => s.choice !== null);
  return (
    <>
      {setId === '' ? <AllSets /> : <SetDetail setId={setId} />}
      <LinkedExport />
      {isExporting ? (
        <Suspense fallback={null}>
          <ExportDialog />
        </Suspense>
      ) : null}
      <ImportDialog />
      <TeamDialog />
    </>
  );
}

/** Opens the export of the prompt that a link from another screen names; see `exportPath`. */
function LinkedExport() {
  const { open } = useExport.use();
  const [wanted, setWanted] = useQuery('export', '');
  const [version, setVersion] = useQuery('version', '');
  const [recipient, setRecipient] = useQuery('recipient', '');
  useEffect(() => {
    if (wanted === '') return;
    void open(wanted, version, recipient);
    setWanted('');
    setVersion('');
    setRecipient('');
  }, [wanted, version, recipient, open, setWanted, setVersion, setRecipient]);
  return null;
}

function AllSets() {
  const sets = usePromptSets((s) => s.sets);
  const listed = deletedSets.use();
  const { value: deleted, error } = useResource(listed, sets.length);
  const { open: openImport } = useImports.use();
  const { open: openTeam } = team.use();
  const [tab, setTab] = useQuery<string>('tab', 'sets');
  const isUnread = error !== null && sets.length === 0;
  return (
    <ScreenFrame
      title={isUnread ? 'Library' : libraryTitle(sets)}
      lead="Stored in this browser. Exports run in Python and can be imported again."
      actions={
        <>
          <Button onPress={() => void openTeam()}>Team folder</Button>
          <Button onPress={openImport}>Import</Button>
        </>
      }
    >
      <div className="stack library">
        <ImportedNote />
        <Failed title="The library could not be read" error={error} onRetry={() => void listed.reload()} />
        {isUnread ? null : (
          <Tabs
            label="Library"
            selected={tab}
            onSelect={setTab}
            tabs={[
              { id: 'sets', label: 'Prompt sets', content: <SetsTab /> },
              {
                id: 'grid',
                label: 'Grid',
                content: (
                  <Suspense fallback={<ProgressBar label="Opening the grid" />}>
                    <GridTab />
                  </Suspense>
                ),
              },
              { id: 'batch', label: 'Batch', content: <BatchTab onSets={() => setTab('sets')} /> },
              {
                id: 'deleted',
                label: `Deleted (${deleted?.length ?? 0})`,
                content: <DeletedTab deleted={deleted ?? []} />,
              },
            ]}
          />
        )}
      </div>
    </ScreenFrame>
  );
}

function DeletedTab({ deleted }: { readonly deleted: readonly Listing[] }) {
  const { discard } = setActions.use();
  if (deleted.length === 0)
    return (
      <EmptyState title="No deleted prompt sets">Deleted prompt sets stay here until you empty the list.</EmptyState>
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
            name: 'Prompt set',
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
          { name: 'Deleted', cell: ({ deletedAt }) => dayWords(deletedAt ?? '') },
          { name: 'Actions', isNameHidden: true, cell: (set) => <Actions set={set} /> },
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
