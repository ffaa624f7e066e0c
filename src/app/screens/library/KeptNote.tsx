import { replayWords } from '../../../interchange/check-rows';
import { navigate, screenPath } from '../../state/location';
import { Button, Note } from '../../ui';
import { useImport } from './import-store';

/** Says what was imported last, until it is closed; one click undoes it. */
export function KeptNote() {
  const kept = useImport((s) => s.kept);
  const undo = useImport((s) => s.undo);
  const dismiss = useImport((s) => s.dismiss);
  if (!kept) return null;
  return (
    <Note
      tone={kept.replay && kept.replay.changed > 0 ? 'warning' : 'info'}
      live
      title={`“${kept.name}” was imported`}
      action={
        <>
          <Button variant="link" onPress={() => navigate(screenPath(kept.setId, 'playground'))}>
            Open it
          </Button>
          <Button variant="link" onPress={() => void undo()}>
            Undo
          </Button>
          <Button variant="link" onPress={dismiss}>
            Close
          </Button>
        </>
      }
    >
      {kept.replay ? `${replayWords(kept.replay)}.` : null}
    </Note>
  );
}
