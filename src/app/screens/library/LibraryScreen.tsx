import { useEffect } from 'react';
import { useQuery } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject } from '../../state/studio';
import { Button, Note, Tabs } from '../../ui';
import { BatchTab } from './BatchTab';
import { DeletedTab } from './DeletedTab';
import { ExportDialog } from './ExportDialog';
import { ImportDialog } from './ImportDialog';
import { KeptNote } from './KeptNote';
import { SetDetail } from './SetDetail';
import { SetsTab } from './SetsTab';
import { TeamDialog } from './TeamDialog';
import { useExport, useImport, useRepository, useTeam } from './use-library';
import { libraryTitle } from './words';
import './library.css';

/** All prompt sets, or, where the address names one, what is in it. */
export default function LibraryScreen() {
  const enter = useRepository((s) => s.enter);
  const openExport = useExport((s) => s.openExport);
  const [wanted, setWanted] = useQuery('export', '');
  const [setId] = useQuery<string>('set', '');
  useEffect(() => void enter(), [enter]);
  // A link from the comparison opens the export of that set.
  useEffect(() => {
    if (wanted === '') return;
    void openExport(wanted);
    setWanted('');
  }, [wanted, openExport, setWanted]);
  return (
    <>
      {setId === '' ? <AllSets /> : <SetDetail setId={setId} />}
      <ExportDialog />
      <ImportDialog />
      <TeamDialog />
    </>
  );
}

function AllSets() {
  const sets = useProject((s) => s.sets);
  const { deleted, error } = useRepository((s) => s);
  const openImport = useImport((s) => s.open);
  const openTeam = useTeam((s) => s.open);
  const [tab, setTab] = useQuery<string>('tab', 'sets');
  return (
    <ScreenFrame
      title={libraryTitle(sets)}
      lead="Everything lies in this browser. An export is one zip that runs in Python, and comes back here as it was."
      actions={
        <>
          <Button onPress={() => void openTeam()}>Team folder</Button>
          <Button onPress={openImport}>Import</Button>
        </>
      }
    >
      <div className="stack library">
        <KeptNote />
        {error ? (
          <Note tone="bad" live title="The library could not be read">
            {error.message}
          </Note>
        ) : null}
        <Tabs
          label="Library"
          selected={tab}
          onSelect={setTab}
          tabs={[
            { id: 'sets', label: 'Prompt sets', content: <SetsTab /> },
            { id: 'batch', label: 'Batch', content: <BatchTab /> },
            { id: 'deleted', label: `Deleted (${deleted.length})`, content: <DeletedTab /> },
          ]}
        />
      </div>
    </ScreenFrame>
  );
}
