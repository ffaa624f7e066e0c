import { useEffect } from 'react';
import { useStore } from 'zustand';
import { isTight } from '../state/storage';
import { useProject, useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { bytes, counted } from '../ui/format';
import { Note } from '../ui/Note';

/** What stands between the user's work and the disk: said above every screen until it is over. */
export function SaveTrouble() {
  const error = useProject((s) => s.saveError);
  const { project } = useStores();
  if (!error)
    return (
      <>
        <FoundDamaged />
        <RoomIsShort />
      </>
    );
  return (
    <div className="save-trouble">
      <Note
        live
        tone="bad"
        title="The last change is not saved yet"
        action={<Button onPress={() => void project.getState().saveAgain()}>Save again</Button>}
      >
        {error.message} Your work is still in this tab.
      </Note>
    </div>
  );
}

/** Looked at when the page opens and whenever something long has ended. */
function RoomIsShort() {
  const { storage } = useStores();
  const { room, dismissed, refresh, dismiss } = useStore(storage);
  const busy = useSession((s) => s.job !== null);
  useEffect(() => {
    if (!busy) void refresh();
  }, [busy, refresh]);
  if (dismissed || !room || !isTight(room)) return null;
  const left = Math.max(0, room.quota - room.used);
  return (
    <div className="save-trouble">
      <Note
        live
        title={`The browser has ${bytes(left)} left for this page`}
        action={<Button onPress={dismiss}>Hide</Button>}
      >
        {bytes(room.used)} of {bytes(room.quota)} are used. Free some disk space, forget a model under “Model” that you
        do not use, or export a prompt set in the Library, delete it, and empty what was deleted. What is saved stays.
      </Note>
    </div>
  );
}

/** What the page found damaged since it was opened: the rest works, and this is what is left of it. */
function FoundDamaged() {
  const { setAside } = useStores();
  const { found, download, hide } = useStore(setAside);
  if (found.length === 0) return null;
  return (
    <div className="save-trouble">
      <Note
        live
        title={`${counted(found.length, 'saved item')} could not be read whole and ${found.length === 1 ? 'was' : 'were'} set aside`}
        action={
          <>
            <Button onPress={download}>Download what was set aside</Button>
            <Button variant="link" onPress={hide}>
              Hide
            </Button>
          </>
        }
      >
        <ul>
          {found.map(({ id, what }) => (
            <li key={id}>{what}</li>
          ))}
        </ul>
        Nothing else is touched. A prompt set that you have exported can be imported again in the Library.
      </Note>
    </div>
  );
}
