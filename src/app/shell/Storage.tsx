import { useEffect } from 'react';
import { useStore } from 'zustand';
import { bytes, counted } from '../../lib/format';
import { navigate, screenPath } from '../state/location';
import type { OfflineState } from '../state/network';
import { isTight } from '../state/storage';
import { useIsBusy, usePicked, usePromptSets, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Note } from '../ui/Panel';
import { Facts } from '../ui/Table';

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

/** Checked when the page opens and after every long job. */
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
      {bytes(room.used)} of {bytes(room.quota)} are used. Free some disk space, remove a model that you do not use
      (under Models, at the top), or export a prompt set in the Library and delete it for good. Saved work stays.
    </Note>
  );
}

/** Damaged values found since the page was opened: the rest works, and these can be downloaded. */
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

const OFFLINE: Readonly<Record<OfflineState['status'], string>> = {
  off: 'no: this address or browser does not allow it',
  preparing: 'being prepared',
  ready: 'yes: the page, its runtime and this model are stored here',
  failed: 'not yet: no space or no connection',
};

export function StorageFacts() {
  const { storage, offline, setAside } = useStores();
  const aside = usePicked(setAside, 'kept', 'refresh', 'download', 'discard');
  const { room, persisted, declined } = usePicked(storage, 'room', 'persisted', 'declined');
  const { refresh, ask } = storage.getState();
  const status = useStore(offline, (s) => s.status);
  useEffect(() => {
    void refresh();
    void aside.refresh();
  }, [refresh, aside.refresh]);
  const link = (label: string, run: () => unknown) => (
    <Button variant="link" onPress={() => void run()}>
      {label}
    </Button>
  );
  return (
    <section className="stack known-models" aria-labelledby="storage-facts">
      <h3 id="storage-facts">Stored in this browser</h3>
      <Facts
        of={[
          [
            'Without a network',
            <>
              {OFFLINE[status]} {status === 'failed' ? link('Try again', offline.getState().prepare) : null}
            </>,
          ],
          ['Space', room ? `${bytes(room.used)} used of ${bytes(room.quota)}` : 'unknown'],
          [
            'Protected from browser clean-up',
            persisted ? (
              'yes'
            ) : (
              <>
                {declined ? 'not yet: bookmark or install this page, ' : 'no '}
                {link(declined ? 'then ask again' : 'Ask for protection', ask)}
              </>
            ),
            PROTECTED,
          ],
          aside.kept.length > 0
            ? [
                'Damaged, set aside',
                <>
                  {counted(aside.kept.length, 'item')} {link('Download', aside.download)}{' '}
                  {link('Delete', aside.discard)}
                </>,
              ]
            : null,
        ]}
      />
    </section>
  );
}

const PROTECTED =
  'A browser may delete a site’s data when the disk gets full, unless the site is protected. Most browsers protect sites that are used often or installed.';
