import { useEffect } from 'react';
import { bytes, counted } from '../../lib/format';
import { navigate, screenPath } from '../state/location';
import { isTight } from '../state/storage';
import { useIsBusy, usePicked, usePromptSets, useStores } from '../state/studio';
import { Note } from '../ui/Panel';

export function SaveTrouble() {
  const error = usePromptSets((s) => s.saveError);
  const openId = usePromptSets((s) => s.set?.id ?? null);
  const { promptSets } = useStores();
  const isFull = error?.code === 'store-full';
  return (
    <div className="save-trouble">
      {error ? (
        <Note
          live
          tone="bad"
          title="The last change is not saved yet"
          actions={{
            'Save again': promptSets.getState().saveAgain,
            'Open the Library': isFull ? () => navigate(screenPath(openId, 'library')) : null,
          }}
        >
          {error.message} {isFull ? '' : 'Your work is still in this tab.'}
        </Note>
      ) : (
        <>
          <FoundDamaged />
          <RoomIsShort />
        </>
      )}
    </div>
  );
}

function RoomIsShort() {
  const { storage } = useStores();
  const { room, dismissed, refresh, dismiss } = usePicked(storage, 'room', 'dismissed', 'refresh', 'dismiss');
  const busy = useIsBusy();
  useEffect(() => {
    if (!busy) void refresh();
  }, [busy, refresh]);
  if (dismissed || !room || !isTight(room)) return null;
  return (
    <Note
      live
      title={`The browser has ${bytes(Math.max(0, room.quota - room.used))} left for this page`}
      actions={{ Hide: dismiss }}
    >
      {bytes(room.used)} of {bytes(room.quota)} are used. Free some disk space, or remove a model (under Models, at the
      top). You can also export a prompt set in the Library and delete it for good. Saved work stays.
    </Note>
  );
}

function FoundDamaged() {
  const { found, download, hide } = usePicked(useStores().setAside, 'found', 'download', 'hide');
  if (found.length === 0) return null;
  const [is, was] = found.length === 1 ? ['is', 'was'] : ['are', 'were'];
  return (
    <Note
      live
      title={`${counted(found.length, 'saved item')} ${is} damaged and ${was} set aside`}
      actions={{ 'Download damaged items': download, Hide: hide }}
    >
      <ul>
        {found.map(({ id, what }) => (
          <li key={id}>{what}</li>
        ))}
      </ul>
      Nothing else is touched. A prompt set that you have exported can be imported again in the Library.
    </Note>
  );
}
