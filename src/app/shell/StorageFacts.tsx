import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { OfflineState } from '../state/offline';
import { useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { bytes, counted } from '../ui/format';
import { Term } from '../ui/Term';

const OFFLINE: Readonly<Record<OfflineState['status'], string>> = {
  off: 'no: this address or browser lets the page keep nothing for it',
  preparing: 'being prepared',
  ready: 'yes: page, runtime and this model are kept here',
  failed: 'not yet: there was no room or no connection to keep the page',
};

/** What this browser keeps of the studio, and for how long. */
export function StorageFacts() {
  const { storage, offline, setAside } = useStores();
  const aside = useStore(setAside);
  const { room, persisted, declined, refresh, ask } = useStore(storage);
  const status = useStore(offline, (s) => s.status);
  useEffect(() => {
    void refresh();
    void aside.refresh();
  }, [refresh, aside.refresh]);
  return (
    <section className="stack known-models" aria-labelledby="storage-facts">
      <h3 id="storage-facts">Kept in this browser</h3>
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
        <dt>Room</dt>
        <dd>{room ? `${bytes(room.used)} used of ${bytes(room.quota)}` : 'the browser does not say'}</dd>
        <dt>
          <Term means="A browser may clear what a site keeps when its disk gets full, unless it has promised not to. Most give the promise to sites that are used often or installed.">
            Safe from clearing
          </Term>
        </dt>
        <dd>
          {persisted ? (
            'yes: the browser has promised'
          ) : (
            <>
              {declined ? 'the browser gave no promise yet: bookmark or install this page, ' : 'not promised '}
              <Button variant="link" onPress={() => void ask()}>
                {declined ? 'then ask again' : 'Ask the browser'}
              </Button>
            </>
          )}
        </dd>
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
