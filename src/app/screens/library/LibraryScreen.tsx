import { useEffect } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useQuery } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject } from '../../state/studio';
import { Button, Note, Tabs } from '../../ui';
import { DeletedTab } from './DeletedTab';
import { ExportDialog } from './ExportDialog';
import { ImportNotes } from './ImportNotes';
import { SetDetail } from './SetDetail';
import { SetsTab } from './SetsTab';
import { useLibrary, useRepository } from './use-library';
import { libraryTitle } from './words';
import './library.css';

/** All prompt sets, or, where the address names one, what is in it. */
export default function LibraryScreen() {
  const enter = useRepository((s) => s.enter);
  const openExport = useLibrary((s) => s.openExport);
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
    </>
  );
}

function AllSets() {
  const sets = useProject((s) => s.sets);
  const { deleted, error } = useRepository((s) => s);
  const { importFile, importing } = useLibrary((s) => s);
  const [tab, setTab] = useQuery<string>('tab', 'sets');
  return (
    <ScreenFrame
      title={libraryTitle(sets)}
      lead="Everything lies in this browser. An export is one zip that runs in Python, and comes back here as it was."
      actions={
        <FileTrigger
          acceptedFileTypes={['.zip', 'application/zip']}
          onSelect={(files) => files?.[0] && void importFile(files[0])}
        >
          <Button isDisabled={importing}>{importing ? 'Importing…' : 'Import a zip'}</Button>
        </FileTrigger>
      }
    >
      <div className="stack library">
        <ImportNotes />
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
            { id: 'deleted', label: `Deleted (${deleted.length})`, content: <DeletedTab /> },
          ]}
        />
      </div>
    </ScreenFrame>
  );
}
