import { navigate, screenPath } from '../../shell/location';
import { Button, Note } from '../../ui';
import { replayWords } from './check-rows';
import { useLibrary } from './use-library';

/** What became of a file that was imported. */
export function ImportNotes() {
  const { importError, imported, dismiss } = useLibrary((s) => s);
  return (
    <>
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
    </>
  );
}
