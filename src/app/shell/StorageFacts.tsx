import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { OfflineState } from '../state/network';
import { useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { bytes, counted } from '../ui/format';
import { Term } from '../ui/Marks';

const OFFLINE: Readonly<Record<OfflineState['status'], string>> = {
  off: 'no: this address or browser does not allow it',
  preparing: 'being prepared',
  ready: 'yes: the page, its runtime and this model are stored here',
  failed: 'not yet: no space or no connection',
};

/** What this browser stores of the studio, and how safely. */
export function StorageFacts() {
  const { storage, offline, setAside } = useStores();
  const aside = useStore(setAside);
  const { room, persisted, refresh } = useStore(storage);
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
  const { declined, ask } = useStore(useStores().storage);
  return (
    <>
      {declined ? 'not yet: bookmark or install this page, ' : 'no '}
      <Button variant="link" onPress={() => void ask()}>
        {declined ? 'then ask again' : 'Ask for protection'}
      </Button>
    </>
  );
}
