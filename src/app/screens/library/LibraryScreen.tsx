import { useEffect } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { navigate, screenPath, useQuery } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject } from '../../state/studio';
import { Button, EmptyState, Note, TextField } from '../../ui';
import { replayWords } from './check-rows';
import { ExportDialog } from './ExportDialog';
import { SetPanel } from './SetPanel';
import { useLibrary } from './use-library';
import { libraryTitle, matches } from './words';
import './library.css';

export default function LibraryScreen() {
  const sets = useProject((s) => s.sets);
  const current = useProject((s) => s.set?.id ?? null);
  const { enter, search, find, importFile, importing, importError, imported, dismiss, openExport } = useLibrary(
    (s) => s,
  );
  const [wanted, setWanted] = useQuery('export', '');
  useEffect(() => void enter(), [enter]);
  // A link from the comparison opens the export of that set.
  useEffect(() => {
    const set = sets.find(({ id }) => id === wanted);
    if (!set) return;
    openExport(set);
    setWanted('');
  }, [wanted, sets, openExport, setWanted]);

  const shown = sets.filter((set) => matches(set, search));
  const importButton = (
    <FileTrigger
      acceptedFileTypes={['.zip', 'application/zip']}
      onSelect={(files) => files?.[0] && void importFile(files[0])}
    >
      <Button isDisabled={importing}>{importing ? 'Importing…' : 'Import a zip'}</Button>
    </FileTrigger>
  );
  return (
    <ScreenFrame
      title={libraryTitle(sets)}
      lead="Everything lies in this browser. An export is one zip that runs in Python, and comes back here as it was."
      actions={importButton}
    >
      <div className="stack library">
        {importError ? (
          <Note
            tone="bad"
            live
            title={`${importError.file} was not imported`}
            action={
              <Button variant="link" onPress={dismiss}>
                Close
              </Button>
            }
          >
            {importError.message}
          </Note>
        ) : null}
        {imported ? (
          <Note
            tone={imported.otherWeights || (imported.replay && imported.replay.changed > 0) ? 'warning' : 'info'}
            live
            title={`“${imported.name}” was imported`}
            action={
              <>
                <Button variant="link" onPress={() => navigate(screenPath(imported.setId, 'playground'))}>
                  Open it
                </Button>
                <Button variant="link" onPress={dismiss}>
                  Close
                </Button>
              </>
            }
          >
            {imported.replaying
              ? 'Its check rows are being replayed here.'
              : imported.replay
                ? `${replayWords(imported.replay)}.`
                : 'Its check rows could not be replayed here.'}
            {imported.otherWeights
              ? ` It was trained on ${imported.otherWeights}; other weights are loaded here, and prompts do not carry over.`
              : ''}
          </Note>
        ) : null}
        {sets.length > 3 || search !== '' ? (
          <TextField label="Search names, handles, labels and prompts" value={search} onChange={find} />
        ) : null}
        {sets.length === 0 ? (
          <EmptyState
            title="Prompt sets stand here"
            action={
              <Button variant="primary" onPress={() => navigate('/')}>
                To the start
              </Button>
            }
          >
            Open a CSV, train the sample, or import a zip that somebody exported.
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title="Nothing found" action={<Button onPress={() => find('')}>Show all</Button>}>
            No name, handle, label or prompt contains “{search.trim()}”.
          </EmptyState>
        ) : (
          <div className="grid">
            {shown.map((set) => (
              <SetPanel key={set.id} set={set} current={set.id === current} expanded={set.id === current} />
            ))}
          </div>
        )}
      </div>
      <ExportDialog />
    </ScreenFrame>
  );
}
