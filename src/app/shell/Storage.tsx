import { useEffect } from 'react';
import { useStore } from 'zustand';
import { bytes, counted } from '../../lib/format';
import { navigate, screenPath } from '../state/location';
import type { OfflineState } from '../state/network';
import { isTight } from '../state/storage';
import { useIsBusy, usePicked, usePromptSets, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Term } from '../ui/Marks';
import { Note } from '../ui/Panel';

/** Trouble with saving, shown above every screen until it is over. */
export function SaveTrouble() {
  const error = usePromptSets((s) => s.saveError);
  const openId = usePromptSets((s) => s.set?.id ?? null);
  const { promptSets } = useStores();
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
        action={
          <>
            <Button onPress={() => void promptSets.getState().saveAgain()}>Save again</Button>
            {error.code === 'store-full' ? (
              <Button variant="link" onPress={() => navigate(screenPath(openId, 'library'))}>
                Open the Library
              </Button>
            ) : null}
          </>
        }
      >
        {error.message} {error.code === 'store-full' ? '' : 'Your work is still in this tab.'}
      </Note>
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
  const left = Math.max(0, room.quota - room.used);
  return (
    <div className="save-trouble">
      <Note
        live
        title={`The browser has ${bytes(left)} left for this page`}
        action={<Button onPress={dismiss}>Hide</Button>}
      >
        {bytes(room.used)} of {bytes(room.quota)} are used. Free some disk space, remove a model that you do not use
        (under Models, at the top), or export a prompt set in the Library and delete it for good. Saved work stays.
      </Note>
    </div>
  );
}

/** Damaged values found since the page was opened: the rest works, and these can be downloaded. */
function FoundDamaged() {
  const { setAside } = useStores();
  const { found, download, hide } = usePicked(setAside, 'found', 'download', 'hide');
  if (found.length === 0) return null;
  return (
    <div className="save-trouble">
      <Note
        live
        title={`${counted(found.length, 'saved item')} ${found.length === 1 ? 'is' : 'are'} damaged and ${found.length === 1 ? 'was' : 'were'} set aside`}
        action={
          <>
            <Button onPress={download}>Download damaged items</Button>
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

const OFFLINE: Readonly<Record<OfflineState['status'], string>> = {
  off: 'no: this address or browser does not allow it',
  preparing: 'being prepared',
  ready: 'yes: the page, its runtime and this model are stored here',
  failed: 'not yet: no space or no connection',
};

/** What this browser stores of the studio, and how safely. */
export function StorageFacts() {
  const { storage, offline, setAside } = useStores();
  const aside = usePicked(setAside, 'kept', 'refresh', 'download', 'discard');
  const { room, persisted, refresh } = usePicked(storage, 'room', 'persisted', 'refresh');
  const status = useStore(offline, (s) => s.status);
  useEffect(() => {
    void refresh();
    void aside.refresh();
  }, [refresh, aside.refresh]);
  return (
    <section className="stack known-models" aria-labelledby="storage-facts">
      <h3 id="storage-facts">Stored in this browser</h3>
      <dl className="facts">
        <dt>Without a network</dt>
        <dd>
          {OFFLINE[status]}
          {status === 'failed' ? (
            <>
              {' '}
              <Button variant="link" onPress={() => void offline.getState().prepare()}>
                Try again
              </Button>
            </>
          ) : null}
        </dd>
        <dt>Space</dt>
        <dd>{room ? `${bytes(room.used)} used of ${bytes(room.quota)}` : 'unknown'}</dd>
        <dt>
          <Term means="A browser may delete a site’s data when the disk gets full, unless the site is protected. Most browsers protect sites that are used often or installed.">
            Protected from browser clean-up
          </Term>
        </dt>
        <dd>{persisted ? 'yes' : <AskForProtection />}</dd>
        {aside.kept.length > 0 ? (
          <>
            <dt>Damaged, set aside</dt>
            <dd>
              {counted(aside.kept.length, 'item')}{' '}
              <Button variant="link" onPress={aside.download}>
                Download
              </Button>{' '}
              <Button variant="link" onPress={aside.discard}>
                Delete
              </Button>
            </dd>
          </>
        ) : null}
      </dl>
    </section>
  );
}

function AskForProtection() {
  const { declined, ask } = usePicked(useStores().storage, 'declined', 'ask');
  return (
    <>
      {declined ? 'not yet: bookmark or install this page, ' : 'no '}
      <Button variant="link" onPress={() => void ask()}>
        {declined ? 'then ask again' : 'Ask for protection'}
      </Button>
    </>
  );
}
