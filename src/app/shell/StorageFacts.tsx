import { useEffect } from 'react';
import { useStore } from 'zustand';
import { bytes, counted } from '../../lib/format';
import type { OfflineState } from '../state/network';
import { usePicked, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Facts } from '../ui/Table';

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
